// Generations of configuration and keys: how they get from the master to workers, and when they are
// gone.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fcgi/serve/snapshot.h"
#include "ring_fixture.h"
#include "unit.h"

#define TURNS 20000

static const struct rd_config config = {.grace_s = 10}, later = {.grace_s = 20};

static struct rd_published *published_ring(void)
{
	struct rd_published *p = rd_published_new();

	assert_non_null(p);
	rd_publish(p, &config, ring());
	return p;
}

static void a_generation_stays_until_something_newer_is_published(void **state)
{
	struct rd_published *p = published_ring();
	struct rd_snapshot *g = rd_snapshot_newest(NULL, p);

	(void)state;
	assert_non_null(g);
	assert_memory_equal(&g->keys, ring(), sizeof g->keys);
	assert_ptr_equal(rd_snapshot_newest(g, p), g);
	rd_publish(p, &config, ring());
	assert_ptr_not_equal(g = rd_snapshot_newest(g, p), NULL);
	assert_int_equal(g->version, 2);
	rd_snapshot_release(g);
}

static void its_service_points_to_its_own_copy(void **state)
{
	struct rd_snapshot *g = rd_snapshot_newest(NULL, published_ring());

	(void)state;
	assert_ptr_equal(g->service.config, &g->config);
	assert_memory_equal(&g->config, &config, sizeof config);
	assert_ptr_equal(g->service.keys, &g->keys);
	assert_true(g->service.signer >= g->keys.access &&
		    g->service.signer < g->keys.access + RD_KEYS_MAX);
	assert_int_equal(g->service.signer->alg, RD_ALG_EDDSA);
	rd_snapshot_release(g);
}

static void a_request_keeps_the_one_it_began_with(void **state)
{
	struct rd_published *p = published_ring();
	struct rd_snapshot *g = rd_snapshot_newest(NULL, p), *mine, *newer;
	struct rd_keys *other = calloc(1, sizeof *other);

	(void)state;
	assert_non_null(other);
	mine = rd_snapshot_acquire(g);
	rd_publish(p, &later, other);
	newer = rd_snapshot_newest(g, p);
	assert_ptr_not_equal(newer, mine);
	assert_memory_equal(&mine->keys, ring(), sizeof mine->keys);
	assert_memory_equal(&newer->keys, other, sizeof *other);
	assert_int_equal(mine->config.grace_s, config.grace_s);
	assert_int_equal(newer->config.grace_s, later.grace_s);
	rd_snapshot_release(mine);
	rd_snapshot_release(newer);
	free(other);
}

static void a_service_without_a_key_of_its_algorithm_has_no_signer(void **state)
{
	static struct rd_keys none;

	(void)state;
	assert_null(rd_service_of(&config, &none).signer);
}

static bool all_are(const void *data, size_t len, uint8_t byte)
{
	const uint8_t *bytes = data;

	return bytes[0] == byte && memcmp(bytes, bytes + 1, len - 1) == 0;
}

// A worker that copies while the master publishes gets one generation or the other, never some of
// both.
static void a_copy_is_never_torn(void **state)
{
	struct rd_published *p = rd_published_new();
	struct rd_keys *keys = calloc(1, sizeof *keys);
	struct rd_config *conf = calloc(1, sizeof *conf);
	struct rd_snapshot *g = NULL;
	int status = 0;
	pid_t pid;

	(void)state;
	assert_non_null(p);
	assert_true(keys && conf);
	rd_publish(p, conf, keys);
	pid = fork();
	assert_true(pid >= 0);
	for (unsigned i = 0; pid == 0 && i < TURNS; i++) {
		memset(conf, (int)(i & 0xff), sizeof *conf);
		memset(keys, (int)(i & 0xff), sizeof *keys);
		keys->access_count = 0; // whoever looks for a signer must find none
		rd_publish(p, conf, keys);
	}
	if (pid == 0)
		_exit(0);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		g = rd_snapshot_newest(g, p);
		memset(&g->keys.access_count, g->keys.slot_key[0], sizeof g->keys.access_count);
		assert_true(all_are(&g->keys, sizeof g->keys, g->keys.slot_key[0]));
		assert_true(all_are(&g->config, sizeof g->config, g->keys.slot_key[0]));
	}
	assert_int_equal(status, 0);
	g = rd_snapshot_newest(g, p);
	assert_int_equal(g->version, TURNS + 1);
	rd_snapshot_release(g);
	free(conf);
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
