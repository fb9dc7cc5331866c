#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/rand.h"
#include "unit.h"

static void no_bytes_are_given_twice(void **state)
{
	static uint8_t seen[2000][8];

	(void)state;
	for (size_t i = 0; i < COUNT(seen); i++) {
		rd_rand(seen[i], sizeof seen[i]);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(seen[i], seen[j], sizeof seen[i]);
	}
}

static void every_length_is_filled_and_no_more(void **state)
{
	static const size_t lens[] = {0, 1, 7, 511, 512, 513, 4000};
	uint8_t bytes[4001];

	(void)state;
	for (size_t i = 0; i < COUNT(lens); i++) {
		memset(bytes, 0, sizeof bytes);
		rd_rand(bytes, lens[i]);
		assert_true(lens[i] < 7 || !sodium_is_zero(bytes + lens[i] - 7, 7));
		assert_int_equal(bytes[lens[i]], 0);
	}
}

static void upto_stays_within_and_reaches_both_ends(void **state)
{
	bool low = false, high = false;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint32_t n = rd_rand_upto(5);

		assert_true(n <= 5);
		low |= n == 0;
		high |= n == 5;
		assert_int_equal(rd_rand_upto(0), 0);
	}
	assert_true(low && high);
	assert_true(rd_rand_upto(UINT32_MAX) != rd_rand_upto(UINT32_MAX) ||
		    rd_rand_upto(UINT32_MAX) != rd_rand_upto(UINT32_MAX));
}

static void a_child_shares_nothing_with_its_parent(void **state)
{
	uint8_t ours[16], theirs[16];
	int ends[2], status;
	pid_t child;

	(void)state;
	rd_rand(ours, sizeof ours); // the pool is filled
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		rd_rand_forked();
		rd_rand(theirs, sizeof theirs);
		_exit(write(ends[1], theirs, sizeof theirs) != sizeof theirs);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(read(ends[0], theirs, sizeof theirs), sizeof theirs);
	rd_rand(ours, sizeof ours);
	assert_memory_not_equal(ours, theirs, sizeof ours);
	close(ends[0]);
	close(ends[1]);
}

static int64_t read_ms(clockid_t clock)
{
	struct timespec now;

	assert_int_equal(clock_gettime(clock, &now), 0);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void clocks_count_milliseconds(void **state)
{
	static const struct {
		clockid_t clock;
		int64_t (*read)(void);
	} rows[] = {{CLOCK_REALTIME, rd_wall_ms}, {CLOCK_MONOTONIC, rd_mono_ms}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int64_t before = read_ms(rows[i].clock), ours = rows[i].read();

		assert_true(before <= ours && ours <= read_ms(rows[i].clock));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_bytes_are_given_twice),
	    cmocka_unit_test(every_length_is_filled_and_no_more),
	    cmocka_unit_test(upto_stays_within_and_reaches_both_ends),
	    cmocka_unit_test(a_child_shares_nothing_with_its_parent),
	    cmocka_unit_test(clocks_count_milliseconds),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
