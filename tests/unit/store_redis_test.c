// The connection to Redis: questions, answers, and replicas that are waited for.
#include "redis_fixture.h"

static void s6_a_durable_answer_waits_for_a_replica_on_the_same_connection(void **state)
{
	struct asked asked;

	(void)state;
	shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
	ask(&asked, true);
	// Three quarters of the time that a question has: "too few" comes before it is over.
	assert_true(heard(hear(), "EVALSHA", "$4\r\nWAIT\r\n$1\r\n1\r\n$3\r\n150\r\n"));
	say("$3\r\none\r\n");
	assert_int_equal(asked.done, 0);
	say(":2\r\n");
	is_answered(&asked, "one");
	assert_true(rd_redis_up(fake.redis));
}

static void a_question_that_is_not_durable_waits_for_nobody(void **state)
{
	struct asked asked;

	(void)state;
	shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
	ask(&asked, false);
	assert_false(heard(hear(), "WAIT", NULL));
	say("$3\r\none\r\n");
	is_answered(&asked, "one");
}

static void s6_no_replica_is_no_answer(void **state)
{
	static const char *const waits[] = {
	    ":0\r\n",      "-NOPERM this user has no permissions\r\n",
	    "$1\r\n1\r\n", "$-1\r\n",
	    "*0\r\n",      "+OK\r\n"};

	(void)state;
	shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
	for (size_t i = 0; i < COUNT(waits); i++) {
		struct asked asked;

		ask(&asked, true);
		say("$3\r\none\r\n");
		say(waits[i]);
		is_away(&asked);
		assert_true(rd_redis_up(fake.redis)); // the connection is sound
	}
}

static void a_durable_question_whose_script_redis_forgot_is_asked_again_with_its_wait(void **state)
{
	struct asked asked;

	(void)state;
	shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
	ask(&asked, true);
	assert_true(heard(hear(), "EVALSHA", "WAIT"));
	say(NOSCRIPT);
	say(":1\r\n"); // that a replica has everything says nothing about what did not run
	assert_int_equal(asked.done, 0);
	assert_true(heard(hear(), "$4\r\nEVAL\r\n", "WAIT"));
	say("$3\r\none\r\n");
	assert_int_equal(asked.done, 0);
	say(":0\r\n");
	is_away(&asked);
}

static void answers_come_back_in_order_whatever_waits(void **state)
{
	struct asked asked[4];

	(void)state;
	shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
	for (size_t i = 0; i < COUNT(asked); i++)
		ask(&asked[i], i % 2 == 0);
	say("$1\r\na\r\n:1\r\n$1\r\nb\r\n$1\r\nc\r\n:0\r\n$1\r\nd\r\n");
	is_answered(&asked[0], "a");
	is_answered(&asked[1], "b");
	is_away(&asked[2]);
	is_answered(&asked[3], "d");
	for (size_t i = 1; i < COUNT(asked); i++)
		assert_int_equal(asked[i].turn, asked[i - 1].turn + 1);
}

// What the script has answered is not told: the write may be nowhere but on this server.
static void s6_a_connection_lost_before_the_replicas_are_counted_is_no_answer(void **state)
{
	struct asked asked[2];

	(void)state;
	shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
	ask(&asked[0], true);
	ask(&asked[1], true);
	say("$3\r\none\r\n");
	hang_up();
	is_away(&asked[0]);
	is_away(&asked[1]);
}

static void s6_a_count_that_does_not_come_in_time_is_no_answer(void **state)
{
	const int64_t begin_ms = rd_mono_ms();
	struct asked asked;

	(void)state;
	shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
	ask(&asked, true);
	say("$3\r\none\r\n");
	while (!asked.done && rd_mono_ms() - begin_ms < 10 * TIMEOUT_MS)
		wake();
	is_away(&asked);
	assert_true(rd_mono_ms() - begin_ms < 5 * TIMEOUT_MS);
	assert_false(rd_redis_up(fake.redis)); // a late reply must reach nobody
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(s6_a_durable_answer_waits_for_a_replica_on_the_same_connection),
	    TEST(a_question_that_is_not_durable_waits_for_nobody),
	    TEST(s6_no_replica_is_no_answer),
	    TEST(a_durable_question_whose_script_redis_forgot_is_asked_again_with_its_wait),
	    TEST(answers_come_back_in_order_whatever_waits),
	    TEST(s6_a_connection_lost_before_the_replicas_are_counted_is_no_answer),
	    TEST(s6_a_count_that_does_not_come_in_time_is_no_answer),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
