// What a refresh makes of lost writes and lost answers: tokens newer than Redis' data are adopted,
// and a sender is recognized by its fingerprint.
#include "refresh_fixture.h"

// Presents generation n to a store that has generation g. Returns what the operation does then.
static enum rd_step ahead(uint32_t n, uint32_t g, bool lost)
{
	const struct rd_record record = op_record(g);

	assert_int_equal(ask(flask, op_token(n).text), RD_STEP_ASK);
	assert_text(op.question.arg[9], "0");
	op.call.store_lost = lost;
	return op_answer(op_turn('F', &record));
}

static void is_future(void)
{
	assert_reply(401, flask->refused);
	assert_heard("refresh.future future \n");
}

static void t12_a_token_one_to_four_ahead_of_a_store_that_lost_writes_is_adopted(void **state)
{
	(void)state;
	for (uint32_t by = 1; by <= 4; by++) {
		struct rd_record record = op_record(5 + by);

		assert_int_equal(ahead(5 + by, 5, true), RD_STEP_ASK);
		assert_int_equal(op.question.script, RD_SCRIPT_ROTATE);
		assert_int_equal(op.question.args, 10);
		assert_text(op.question.arg[0], op_text("%u", 5 + by));
		assert_text(op.question.arg[9], "4");
		assert_int_equal(op_answer(op_turn('H', &record)), RD_STEP_REPLY);
		assert_int_equal(op.reply.status, 200);
		// The same one, not its successor: an honest request may be on its way with it.
		assert_string_equal(op_member("refresh_token"), op_token(5 + by).text);
		assert_heard("refresh.adopted adopted \n");
	}
}

static void t12_the_adopted_head_keeps_the_key_that_made_it(void **state)
{
	struct rd_record record = op_record(5);

	(void)state;
	assert_int_equal(ask(flask, op_token_by(1, 6, "web").text), RD_STEP_ASK);
	assert_text(op.question.arg[4], "7");
	op.call.store_lost = true;
	assert_int_equal(op_answer(op_turn('F', &record)), RD_STEP_ASK);
	assert_text(op.question.arg[4], "1");
	record.kid = 1;
	record.generation = 6;
	assert_int_equal(op_answer(op_turn('H', &record)), RD_STEP_REPLY);
	assert_string_equal(op_member("refresh_token"), op_token_by(1, 6, "web").text);
}

static void t12_five_ahead_or_a_store_that_lost_nothing_is_refused(void **state)
{
	(void)state;
	assert_int_equal(ahead(10, 5, true), RD_STEP_REPLY);
	is_future();
	assert_int_equal(ahead(UINT32_MAX, 5, true), RD_STEP_REPLY);
	is_future();
	assert_int_equal(ahead(6, 5, false), RD_STEP_REPLY);
	is_future();
}

static void t12_the_store_is_asked_twice_at_most(void **state)
{
	const struct rd_record record = op_record(5);

	(void)state;
	assert_int_equal(ahead(6, 5, true), RD_STEP_ASK);
	assert_int_equal(op_answer(op_turn('F', &record)), RD_STEP_REPLY);
	is_future();
}

// What became of the session between the two questions decides.
static void t12_a_session_that_ends_meanwhile_is_not_adopted(void **state)
{
	static const char letters[] = "AVEWU";
	const struct rd_record record = op_record(5);

	(void)state;
	for (size_t i = 0; i < strlen(letters); i++) {
		assert_int_equal(ahead(6, 5, true), RD_STEP_ASK);
		assert_int_equal(op_answer(op_turn(letters[i], letters[i] == 'A' ? NULL : &record)),
				 RD_STEP_REPLY);
		assert_reply(401, flask->refused);
	}
	assert_int_equal(ahead(6, 5, true), RD_STEP_ASK);
	assert_int_equal(op_answer(op_away), RD_STEP_REPLY);
	assert_reply(503, flask->out);
}

static void t13_a_wrong_secret_is_not_adopted(void **state)
{
	struct rd_record record = op_record(5);

	(void)state;
	record.seed[0] ^= 1;
	assert_int_equal(ask(flask, op_token(6).text), RD_STEP_ASK);
	op.call.store_lost = true;
	assert_int_equal(op_answer(op_turn('F', &record)), RD_STEP_REPLY);
	assert_reply(401, flask->refused);
	assert_heard("refresh.lineage_conflict lineage_conflict \n");
}

struct print {
	uint8_t bytes[RD_FINGERPRINT_LEN];
};

static struct print print_of(const char *ip, const char *agent)
{
	struct print print;

	assert_int_equal(OP_ASK("", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=refresh",
				"REFRESHD_DIALECT=flask", op_text("REMOTE_ADDR=%s", ip),
				op_text("HTTP_USER_AGENT=%s", agent),
				op_text("HTTP_AUTHORIZATION=Bearer %s", op_token(3).text)),
			 RD_STEP_ASK);
	assert_int_equal(op.question.arg[8].len, sizeof print.bytes);
	memcpy(print.bytes, op.question.arg[8].ptr, sizeof print.bytes);
	return print;
}

static bool same(const char *ip, const char *agent, const char *other_ip, const char *other_agent)
{
	const struct print a = print_of(ip, agent), b = print_of(other_ip, other_agent);

	return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

// A browser behind one network is the same sender; its address there may change.
static void a_sender_is_its_agent_and_network(void **state)
{
	(void)state;
	assert_true(same("192.0.2.1", "curl", "192.0.2.1", "curl"));
	assert_true(same("192.0.2.1", "curl", "192.0.2.255", "curl"));
	assert_false(same("192.0.2.1", "curl", "192.0.3.1", "curl"));
	assert_false(same("192.0.2.1", "curl", "192.0.2.1", "curl/8"));
	assert_false(same("192.0.2.1", "curl", "192.0.2.1", ""));
	assert_true(same("2001:db8:0:12ff::1", "curl", "2001:db8:0:1200::2", "curl"));
	assert_false(same("2001:db8:0:12ff::1", "curl", "2001:db8:0:13ff::1", "curl"));
	assert_true(same("unix:", "curl", "", "curl"));
	assert_false(same("0.0.0.0", "curl", "::", "curl"));
	assert_false(same("", "curl", "0.0.0.0", "curl"));
	// Neither runs into the other: three bytes of network and an agent are not four and less.
	assert_false(same("192.0.2.1", "", "", "\xc0\x02"));
}

static void the_senders_look_is_not_kept_where_late_retries_are_off(void **state)
{
	static const uint8_t none[RD_FINGERPRINT_LEN];

	(void)state;
	op.config.late_retry_s = 0;
	assert_memory_equal(print_of("192.0.2.1", "curl").bytes, none, sizeof none);
	assert_text(op.question.arg[7], "0");
	op.config.late_retry_s = 120;
	op.config.clients[0].grace_s = 0;
	assert_memory_equal(print_of("192.0.2.1", "curl").bytes, none, sizeof none);
	op.config.clients[0].grace_s = 10;
	assert_memory_not_equal(print_of("192.0.2.1", "curl").bytes, none, sizeof none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(t12_a_token_one_to_four_ahead_of_a_store_that_lost_writes_is_adopted),
	    cmocka_unit_test(t12_the_adopted_head_keeps_the_key_that_made_it),
	    cmocka_unit_test(t12_five_ahead_or_a_store_that_lost_nothing_is_refused),
	    cmocka_unit_test(t12_the_store_is_asked_twice_at_most),
	    cmocka_unit_test(t12_a_session_that_ends_meanwhile_is_not_adopted),
	    cmocka_unit_test(t13_a_wrong_secret_is_not_adopted),
	    cmocka_unit_test(a_sender_is_its_agent_and_network),
	    cmocka_unit_test(the_senders_look_is_not_kept_where_late_retries_are_off),
	};

	return cmocka_run_group_tests(tests, start_op, stop_op);
}
