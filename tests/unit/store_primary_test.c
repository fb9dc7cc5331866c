// Which Redis the connection has found: a primary or not, and whether writes may be lost.
#include "redis_fixture.h"

static void a_replica_is_not_up(void **state)
{
	static const char *const roles[] = {"role:slave", "role:replica"};

	for (size_t i = 0; i < COUNT(roles); i++) {
		struct asked asked;

		accept_it();
		say_info("%s\r\nmaster_host:db\r\nmaster_port:6379\r\nmaster_replid:%s\r\n",
			 roles[i], OTHER_ID);
		for (int k = 0; k < 3; k++)
			wake();
		assert_false(rd_redis_up(fake.redis));
		assert_true(rd_redis_replica(fake.redis));
		assert_true(rd_redis_settled(fake.redis)); // a worker begins to serve all the same
		ask(&asked, false);
		is_away(&asked); // at once
		hang_up();
		shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:99999");
		assert_false(rd_redis_replica(fake.redis));
		assert_false(rd_redis_lost(fake.redis, 600000)); // the replica's ids say nothing
		stop(state);
		start(state);
	}
}

static void a_server_that_does_not_say_its_role_is_up(void **state)
{
	(void)state;
	accept_it();
	say_info("# Replication\r\n%s%s", "", "");
	say_info("# Server\r\n%s%s", "", "");
	for (int i = 0; i < RD_SCRIPT_COUNT; i++)
		say(SHA);
	assert_true(rd_redis_up(fake.redis));
}

static void a_server_that_became_a_replica_is_left(void **state)
{
	static const char *const errors[] = {
	    "-READONLY You can't write against a read only replica.\r\n",
	    "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to "
	    "'no'.\r\n"};

	for (size_t i = 0; i < 2 * COUNT(errors); i++) {
		const bool durable = i % 2;
		struct asked asked[2];

		shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
		ask(&asked[0], durable);
		ask(&asked[1], durable);
		say(errors[i / 2]);
		is_away(&asked[0]);
		is_away(&asked[1]);
		assert_false(rd_redis_up(fake.redis));
		assert_true(rd_redis_replica(fake.redis));
		hang_up();
	}
	(void)state;
}

// Whether writes may be lost, as the handshake tells.
static void t12_a_server_that_was_started_lately_may_lack_writes(void **state)
{
	static const struct {
		const char *uptime;
		bool lost;
	} rows[] = {
	    {"uptime_in_seconds:0", true},
	    {"uptime_in_seconds:599", true},
	    {"uptime_in_seconds:601", false},
	    {"uptime_in_seconds:99999999999999999999", false},
	    {"uptime_in_seconds:x", false},
	    {"uptime_in_seconds:", false},
	    {"uptime:1", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		shake_hands(RUN_ID, RUN_ID, rows[i].uptime);
		assert_int_equal(rd_redis_lost(fake.redis, 600000), rows[i].lost);
		assert_false(rd_redis_lost(fake.redis, 0)); // 0: never
		stop(state);
		start(state);
	}
	assert_false(rd_redis_lost(fake.redis, 600000)); // nothing is known yet
}

static void t12_another_server_in_its_place_may_lack_writes(void **state)
{
	static const struct {
		const char *run_id, *replication_id;
		bool lost;
	} rows[] = {
	    {RUN_ID, RUN_ID, false},  {OTHER_ID, RUN_ID, true}, {RUN_ID, OTHER_ID, true},
	    {"short", RUN_ID, false}, {RUN_ID, "", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:99999");
		assert_false(rd_redis_lost(fake.redis, 600000));
		hang_up();
		shake_hands(rows[i].run_id, rows[i].replication_id, "uptime_in_seconds:99999");
		assert_int_equal(rd_redis_lost(fake.redis, 600000), rows[i].lost);
		usleep(2000);
		assert_false(rd_redis_lost(fake.redis, 1)); // the window ends
		stop(state);
		start(state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_replica_is_not_up),
	    TEST(a_server_that_does_not_say_its_role_is_up),
	    TEST(a_server_that_became_a_replica_is_left),
	    TEST(t12_a_server_that_was_started_lately_may_lack_writes),
	    TEST(t12_another_server_in_its_place_may_lack_writes),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
