// Generations of keys: how they get from the master to workers, and when they are gone.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fcgi/generation.h"
#include "ring.h"
#include "unit.h"

#define TURNS 100000

static const struct rd_config config = {.access_alg = "EdDSA"};

static struct rd_published *published_ring(void)
{
	struct rd_published *p = rd_published_new();

	assert_non_null(p);
	rd_publish(p, ring());
	return p;
}

static void a_generation_stays_until_something_newer_is_published(void **state)
{
	struct rd_published *p = published_ring();
	struct rd_generation *g = rd_generation_newest(NULL, p, &config);

	(void)state;
	assert_non_null(g);
	assert_memory_equal(&g->keys, ring(), sizeof g->keys);
	assert_ptr_equal(rd_generation_newest(g, p, &config), g);
	rd_publish(p, ring());
	assert_ptr_not_equal(g = rd_generation_newest(g, p, &config), NULL);
	assert_int_equal(g->turn, 2);
	rd_generation_drop(g);
}

static void its_service_points_to_its_own_copy(void **state)
{
	struct rd_generation *g = rd_generation_newest(NULL, published_ring(), &config);

	(void)state;
	assert_ptr_equal(g->service.config, &config);
	assert_ptr_equal(g->service.keys, &g->keys);
	assert_true(g->service.signer >= g->keys.access &&
		    g->service.signer < g->keys.access + RD_KEYS_MAX);
	assert_int_equal(g->service.signer->alg, RD_ALG_EDDSA);
	rd_generation_drop(g);
}

static void a_request_keeps_the_one_it_began_with(void **state)
{
	struct rd_published *p = published_ring();
	struct rd_generation *g = rd_generation_newest(NULL, p, &config), *mine, *newer;
	struct rd_keys *other = calloc(1, sizeof *other);

	(void)state;
	assert_non_null(other);
	mine = rd_generation_take(g);
	rd_publish(p, other);
	newer = rd_generation_newest(g, p, &config);
	assert_ptr_not_equal(newer, mine);
	assert_memory_equal(&mine->keys, ring(), sizeof mine->keys);
	assert_memory_equal(&newer->keys, other, sizeof *other);
	rd_generation_drop(mine);
	rd_generation_drop(newer);
	free(other);
}

static void a_service_without_a_key_of_its_algorithm_has_no_signer(void **state)
{
	static struct rd_keys none;

	(void)state;
	assert_null(rd_service_of(&config, &none).signer);
}

static bool all_the_same(const struct rd_keys *keys)
{
	const uint8_t *bytes = (const uint8_t *)keys;

	return memcmp(bytes, bytes + 1, sizeof *keys - 1) == 0;
}

// A worker that copies while the master publishes gets one generation or the other, never some of
// both.
static void a_copy_is_never_torn(void **state)
{
	struct rd_published *p = rd_published_new();
	struct rd_keys *keys = calloc(1, sizeof *keys);
	struct rd_generation *g = NULL;
	int status = 0;
	pid_t pid;

	(void)state;
	assert_non_null(p);
	assert_non_null(keys);
	rd_publish(p, keys);
	pid = fork();
	assert_true(pid >= 0);
	for (unsigned i = 0; pid == 0 && i < TURNS; i++) {
		memset(keys, (int)(i & 0xff), sizeof *keys);
		keys->access_count = 0; // whoever looks for a signer must find none
		rd_publish(p, keys);
	}
	if (pid == 0)
		_exit(0);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		g = rd_generation_newest(g, p, &config);
		memset(&g->keys.access_count, g->keys.slot_key[0], sizeof g->keys.access_count);
		assert_true(all_the_same(&g->keys));
	}
	assert_int_equal(status, 0);
	g = rd_generation_newest(g, p, &config);
	assert_int_equal(g->turn, TURNS + 1);
	rd_generation_drop(g);
	free(keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_generation_stays_until_something_newer_is_published),
	    cmocka_unit_test(its_service_points_to_its_own_copy),
	    cmocka_unit_test(a_request_keeps_the_one_it_began_with),
	    cmocka_unit_test(a_service_without_a_key_of_its_algorithm_has_no_signer),
	    cmocka_unit_test(a_copy_is_never_torn),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
