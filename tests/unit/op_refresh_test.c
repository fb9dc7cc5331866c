#include "refresh_fixture.h"

static void s5_forged_token_asks_the_store_nothing(void **state)
{
	(void)state;
	for (size_t p = 0; p < PATHS; p++)
		for (size_t bit = 0; bit < 8 * (size_t)RD_TOKEN_TEXT_LEN; bit++) {
			struct op_token token = op_token(3);

			token.text[bit / 8] = (char)(token.text[bit / 8] ^ 1 << bit % 8);
			if (ask(&paths[p], token.text) != RD_STEP_REPLY)
				fail_msg("%s, bit %zu", paths[p].dialect, bit);
			assert_true(op.reply.status >= 400 && op.reply.status <= 403);
			if (p < 3) // the others read another request where the bit makes a quote
				assert_reply(paths[p].refused_status, paths[p].refused);
		}
}

static void s5_cut_or_extended_token_asks_the_store_nothing(void **state)
{
	const struct op_token token = op_token(3);

	(void)state;
	for (size_t p = 0; p < PATHS; p++) {
		for (int len = 1; len < RD_TOKEN_TEXT_LEN; len++) {
			assert_int_equal(ask(&paths[p], op_text("%.*s", len, token.text)),
					 RD_STEP_REPLY);
			assert_reply(paths[p].refused_status, paths[p].refused);
		}
		assert_int_equal(ask(&paths[p], op_text("%sA", token.text)), RD_STEP_REPLY);
		assert_reply(paths[p].refused_status, paths[p].refused);
	}
}

static void t17_an_access_token_asks_the_store_nothing(void **state)
{
	const struct rd_record record = op_record(1);
	char access[RD_JWT_MAX];

	(void)state;
	refresh(flask, op_token(0).text, op_turn('R', &record));
	snprintf(access, sizeof access, "%s", op_member("access_token"));
	for (size_t p = 0; p < PATHS; p++) {
		assert_int_equal(ask(&paths[p], access), RD_STEP_REPLY);
		assert_reply(paths[p].refused_status, paths[p].refused);
	}
}

static void no_token_is_told_as_the_dialect_tells_it(void **state)
{
	(void)state;
	for (size_t p = 0; p < PATHS; p++) {
		assert_int_equal(ask(&paths[p], ""), RD_STEP_REPLY);
		assert_reply(paths[p].missing_status, paths[p].missing);
	}
}

// Presented n, and the head's generation g that the store answers with.
static void s1_every_answer_gives_the_same_token_of_the_head(void **state)
{
	static const struct {
		char letter;
		uint32_t presented;
		const char *heard;
	} rows[] = {{'R', 4, ""},
		    {'C', 5, ""},
		    {'P', 4, ""},
		    {'L', 4, "refresh.late late \n"},
		    {'H', 5, "refresh.adopted adopted \n"}};
	const struct rd_record record = op_record(5);
	const struct op_token head = op_token(5);

	(void)state;
	for (size_t p = 0; p < PATHS; p++)
		for (size_t i = 0; i < COUNT(rows); i++) {
			refresh(&paths[p], op_token(rows[i].presented).text,
				op_turn(rows[i].letter, &record));
			assert_int_equal(op.reply.status, 200);
			assert_string_equal(op_member(paths[p].refresh), head.text);
			assert_heard(rows[i].heard);
		}
}

static void a_kept_token_is_not_sent_again(void **state)
{
	const struct rd_record record = op_record(0);

	(void)state;
	for (size_t p = 0; p < PATHS; p++) {
		refresh(&paths[p], op_token(0).text, op_turn('K', &record));
		assert_int_equal(op.reply.status, 200);
		assert_string_equal(op_member(paths[p].refresh), "");
		assert_true(*op_member(paths[p].access));
		assert_null(memmem(op.head, op.reply.head.len, "rt1_", 4));
	}
}

static void s_a_head_made_by_a_retired_key_is_given_under_that_key(void **state)
{
	struct rd_record record = op_record(5);

	(void)state;
	record.kid = 1;
	refresh(flask, op_token_by(1, 4, "web").text, op_turn('P', &record));
	assert_string_equal(op_member("refresh_token"), op_token_by(1, 5, "web").text);
	record.kid = 7;
	refresh(flask, op_token_by(1, 4, "web").text, op_turn('R', &record));
	assert_string_equal(op_member("refresh_token"), op_token_by(7, 5, "web").text);
}

static void the_access_token_says_what_the_record_says(void **state)
{
	const struct rd_record record = op_record(5);
	struct json_object *doc;
	struct rd_access access;
	struct rd_span role;
	char sid[RD_SID_TEXT_LEN + 1];

	(void)state;
	refresh(flask, op_token(4).text, op_turn('R', &record));
	access = op_access(op_member("access_token"), &doc);
	rd_sid_of(sid, ring(), (const uint8_t *)"ffffffffffffffff");
	assert_text(access.sub, "anna");
	assert_text(access.client_id, "web");
	assert_text(access.scope, "read write");
	assert_text(access.sid, sid);
	assert_int_equal(access.iat_s, OP_REDIS_MS / 1000);
	assert_int_equal(access.exp_s, OP_REDIS_MS / 1000 + 900);
	assert_int_equal(access.auth_time_s, record.auth_time_ms / 1000);
	assert_false(access.fresh); // also right after a login
	assert_int_equal(rd_json_str(doc, "role", &role), 1);
	assert_text(role, "admin");
	rd_json_free(doc);
}

static void jitter_shortens_and_expires_in_tells_it(void **state)
{
	const struct rd_record record = op_record(5);
	bool shortest = false, longest = false;

	(void)state;
	op.config.clients[0].access_jitter_s = 3;
	for (int i = 0; i < 200; i++) {
		struct json_object *body, *doc;
		struct rd_access access;
		int64_t expires_in = 0;

		refresh(flask, op_token(4).text, op_turn('R', &record));
		body = rd_json_parse(rd_buf_span(&op.reply.body));
		assert_int_equal(rd_json_int(body, "expires_in", &expires_in), 1);
		rd_json_free(body);
		access = op_access(op_member("access_token"), &doc);
		rd_json_free(doc);
		assert_int_equal(access.exp_s - access.iat_s, expires_in);
		assert_in_range(expires_in, 897, 900);
		shortest |= expires_in == 897;
		longest |= expires_in == 900;
	}
	op.config.clients[0].access_jitter_s = 0;
	assert_true(shortest && longest);
}

static void oauth2_tells_what_is_left_of_the_session(void **state)
{
	static const struct {
		int64_t seen_ago_ms, left_ms, idle_s, absolute_s;
	} rows[] = {
	    {0, 4000000, 1000, 4000}, {5000, 4000000, 995, 4000},
	    {0, 500000, 500, 500},    {0, 1, 0, 0},
	    {0, -5000, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_record record = op_record(5);
		int64_t idle = -1, absolute = -1;
		struct json_object *body;

		record.seen_ms = OP_REDIS_MS - rows[i].seen_ago_ms;
		record.expires_ms = OP_REDIS_MS + rows[i].left_ms;
		refresh(oauth2, op_token(5).text, op_turn('C', &record));
		body = rd_json_parse(rd_buf_span(&op.reply.body));
		assert_int_equal(rd_json_int(body, "refresh_token_timeout", &idle), 1);
		assert_int_equal(rd_json_int(body, "authorization_expires_in", &absolute), 1);
		rd_json_free(body);
		assert_int_equal(idle, rows[i].idle_s);
		assert_int_equal(absolute, rows[i].absolute_s);
	}
}

static void the_question_is_the_clients(void **state)
{
	const struct op_token token = op_token_by(7, 3, "keep");

	(void)state;
	assert_int_equal(OP_ASK("", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=refresh",
				"REFRESHD_DIALECT=flask", "REFRESHD_CLIENT=keep",
				op_text("HTTP_AUTHORIZATION=Bearer %s", token.text)),
			 RD_STEP_ASK);
	assert_int_equal(op.question.script, RD_SCRIPT_ROTATE);
	assert_int_equal(op.question.args, 10);
	assert_text(op.question.arg[0], "3");
	assert_text(op.question.arg[1], "keep");
	assert_text(op.question.arg[2], "10000");
	assert_text(op.question.arg[3], "1000000");
	assert_text(op.question.arg[4], "7");
	assert_text(op.question.arg[5], "0");
	assert_text(op.question.arg[6], "");
	assert_text(op.question.arg[7], "120000");
	assert_int_equal(op.question.arg[8].len, RD_FINGERPRINT_LEN);
	assert_text(op.question.arg[9], "0"); // nothing newer than Redis is believed, at first
	assert_null(memmem(op.question.text, op.question.text_len, "rt1_", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(s5_forged_token_asks_the_store_nothing),
	    cmocka_unit_test(s5_cut_or_extended_token_asks_the_store_nothing),
	    cmocka_unit_test(t17_an_access_token_asks_the_store_nothing),
	    cmocka_unit_test(no_token_is_told_as_the_dialect_tells_it),
	    cmocka_unit_test(s1_every_answer_gives_the_same_token_of_the_head),
	    cmocka_unit_test(a_kept_token_is_not_sent_again),
	    cmocka_unit_test(s_a_head_made_by_a_retired_key_is_given_under_that_key),
	    cmocka_unit_test(the_access_token_says_what_the_record_says),
	    cmocka_unit_test(jitter_shortens_and_expires_in_tells_it),
	    cmocka_unit_test(oauth2_tells_what_is_left_of_the_session),
	    cmocka_unit_test(the_question_is_the_clients),
	};

	return cmocka_run_group_tests(tests, start_op, stop_op);
}
