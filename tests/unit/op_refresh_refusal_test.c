#include "refresh_fixture.h"

static const struct {
	char letter;
	const char *heard;
} refusals[] = {
    {'A', ""},
    {'V', ""},
    {'E', ""},
    {'W', ""},
    {'U', "refresh.reuse reuse \n"},
    {'F', "refresh.future future \n"},
};

static void every_refusal_of_the_store_looks_alike(void **state)
{
	const struct rd_record record = op_record(5);

	(void)state;
	for (size_t p = 0; p < PATHS; p++)
		for (size_t i = 0; i < COUNT(refusals); i++) {
			refresh(&paths[p], op_token(4).text,
				op_turn(refusals[i].letter,
					refusals[i].letter == 'A' ? NULL : &record));
			assert_reply(paths[p].refused_status, paths[p].refused);
			assert_heard(refusals[i].heard);
		}
}

static void t13_a_lineage_conflict_gives_no_token_and_is_critical(void **state)
{
	static const char letters[] = "RCPLHKF";

	(void)state;
	for (size_t p = 0; p < PATHS; p++)
		for (size_t i = 0; i < strlen(letters); i++)
			for (size_t at = 0; at < RD_SEED_LEN; at++) {
				struct rd_record record = op_record(5);

				record.seed[at] ^= 0x80;
				refresh(&paths[p], op_token(4).text, op_turn(letters[i], &record));
				assert_reply(paths[p].refused_status, paths[p].refused);
				assert_heard("refresh.lineage_conflict lineage_conflict \n");
			}
}

// What hiredis does after a time-out when its error is cleared: somebody else's answer.
static void s7_another_familys_answer_gives_no_token(void **state)
{
	struct rd_record other = op_record(5);

	(void)state;
	other.user = RD_SPAN("mallory");
	memset(other.seed, 'm', sizeof other.seed);
	refresh(flask, op_token(4).text, op_turn('R', &other));
	assert_reply(401, flask->refused);
}

static void store_away_is_503_and_says_when_to_come_back(void **state)
{
	(void)state;
	for (size_t p = 0; p < PATHS; p++) {
		refresh(&paths[p], op_token(4).text, op_away);
		assert_reply(503, paths[p].out);
		assert_head(&paths[p] == oauth2 ? "Retry-After: 1\r\nPragma: no-cache\r\n"
						: "Retry-After: 1\r\n");
		assert_heard("");
	}
}

static void d_a_record_of_another_version_is_503_and_not_a_refusal(void **state)
{
	(void)state;
	for (size_t p = 0; p < PATHS; p++) {
		refresh(&paths[p], op_token(4).text, op_turn('X', NULL));
		assert_reply(503, paths[p].out);
	}
}

static void s_a_record_of_a_kid_the_ring_lacks_gives_500_and_no_token(void **state)
{
	(void)state;
	for (int kid = 0; kid < 256; kid++) {
		struct rd_record record = op_record(5);

		record.kid = (uint8_t)kid;
		refresh(flask, op_token(4).text, op_turn('C', &record));
		if (kid == 1 || kid == 7) {
			assert_int_equal(op.reply.status, 200);
			continue;
		}
		assert_reply(500, "{\"error\":\"server_error\"}");
		assert_heard("key.missing  \n");
	}
}

static void a_kid_that_only_newer_keys_have_is_given_under_those(void **state)
{
	static struct rd_keys keys;
	const struct rd_service newest = {&op.config, &keys, rd_keys_signer(ring(), RD_ALG_EDDSA)};
	struct rd_record record = op_record(5);

	(void)state;
	keys = *ring();
	keys.refresh[9] = keys.refresh[7];
	keys.refresh[9].kid = record.kid = 9;
	assert_int_equal(ask(flask, op_token(4).text), RD_STEP_ASK);
	op.call.newest = &newest;
	assert_int_equal(op_answer(op_turn('C', &record)), RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 200);
	assert_heard("");
}

static void a_truncated_answer_is_503(void **state)
{
	static const char letters[] = "RCPLHKVEWUF";
	const struct rd_record record = op_record(5);

	(void)state;
	for (size_t i = 0; i < strlen(letters); i++) {
		const struct rd_answer whole = op_turn(letters[i], &record);

		for (size_t len = 0; len < whole.part[0].len; len++) {
			struct rd_answer cut = op_turn(letters[i], &record);

			cut.part[0].len = len;
			refresh(flask, op_token(4).text, cut);
			assert_reply(503, flask->out);
		}
	}
}

static void a_letter_that_rotate_never_says_is_503(void **state)
{
	const struct rd_record record = op_record(5);

	(void)state;
	for (int letter = 0; letter < 256; letter++) {
		refresh(flask, op_token(4).text, op_turn((char)letter, &record));
		if (letter && strchr("RCPLHK", letter))
			assert_int_equal(op.reply.status, 200);
		else if (letter && strchr("AVEWUF", letter))
			assert_reply(401, flask->refused);
		else if (letter == 'S')
			assert_int_equal(op.reply.status, 400);
		else
			assert_reply(503, flask->out);
	}
}

static void an_answer_of_another_shape_is_503(void **state)
{
	const struct rd_record record = op_record(5);
	const struct rd_answer good = op_turn('R', &record);
	const struct rd_answer bad[] = {
	    {.count = 0},
	    {.integer = 1},
	    {.count = 1}, // nil
	    {.count = 0, .part = {good.part[0]}},
	    {.count = 2, .part = {good.part[0], good.part[0]}},
	    {.count = 3, .part = {good.part[0], good.part[0], good.part[0]}},
	    {.count = 1, .part = {RD_SPAN("")}},
	    {.count = 1, .part = {RD_SPAN("OK")}},
	    {.count = 1, .part = {{NULL, 0}, good.part[0]}},
	    {.away = true, .count = 1, .part = {good.part[0]}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		refresh(flask, op_token(4).text, bad[i]);
		assert_reply(503, flask->out);
	}
}

// Every byte of a good answer, changed: the worker lives, and a token it gives is one of this
// family.
static void an_answer_with_any_byte_changed_gives_no_other_token(void **state)
{
	const struct rd_record record = op_record(5);
	const size_t len = op_turn('R', &record).part[0].len;

	(void)state;
	for (size_t at = 0; at < len; at++)
		for (int change = 1; change < 256; change <<= 1) {
			struct rd_answer answer = op_turn('R', &record);
			uint8_t family[RD_FAMILY_LEN];
			struct rd_token token;

			op.answer[at] = (char)(op.answer[at] ^ change);
			refresh(flask, op_token(4).text, answer);
			if (op.reply.status != 200)
				continue;
			memset(family, 'f', sizeof family);
			assert_int_equal(
			    rd_token_parse(rd_span(op_member("refresh_token")), &token), RD_OK);
			assert_memory_equal(token.family, family, sizeof family);
		}
}

// pairs: up to a NULL. body NULL: the store is asked.
static void client_is(const char *const *pairs, const char *form, const char *body, int status)
{
	const char *text = op_text("grant_type=refresh_token&refresh_token=%s%s",
				   op_token_by(7, 4, "shop").text, form);

	assert_int_equal(
	    OP_ASK(text, "REQUEST_METHOD=POST", "REFRESHD_ROUTE=refresh", "REFRESHD_DIALECT=oauth2",
		   "CONTENT_TYPE=application/x-www-form-urlencoded", pairs[0], pairs[1]),
	    body ? RD_STEP_REPLY : RD_STEP_ASK);
	if (body)
		assert_reply(status, body);
}

#define INVALID_CLIENT "{\"error\":\"invalid_client\"}"
#define BASIC(text)    "HTTP_AUTHORIZATION=Basic " text

static void rfc6749_6_a_confidential_client_needs_its_secret(void **state)
{
	static const struct {
		const char *pairs[2], *form, *body;
		int status;
	} rows[] = {
	    {{NULL}, "&client_id=shop&client_secret=s3cret", NULL, 0},
	    {{BASIC("c2hvcDpzM2NyZXQ=")}, "", NULL, 0},
	    {{"REFRESHD_CLIENT=shop"}, "&client_secret=s3cret", NULL, 0},
	    {{"REFRESHD_CLIENT=shop", BASIC("c2hvcDpzM2NyZXQ=")}, "&client_id=shop", NULL, 0},
	    {{NULL}, "&client_id=shop", INVALID_CLIENT, 401},
	    {{NULL}, "&client_id=shop&client_secret=", INVALID_CLIENT, 401},
	    {{NULL}, "&client_id=shop&client_secret=s3cre", INVALID_CLIENT, 401},
	    {{NULL}, "&client_id=shop&client_secret=s3cret+", INVALID_CLIENT, 401},
	    {{"REFRESHD_CLIENT=shop"}, "", INVALID_CLIENT, 401},
	    {{"REFRESHD_CLIENT=shop"}, "&client_secret=x", INVALID_CLIENT, 401},
	    {{BASIC("c2hvcDp4")}, "", INVALID_CLIENT, 401},
	    {{BASIC("c2hvcDo=")}, "", INVALID_CLIENT, 401},
	    {{NULL}, "&client_id=nobody", INVALID_CLIENT, 401},
	    {{NULL}, "&client_id=nobody&client_secret=s3cret", INVALID_CLIENT, 401},
	    {{NULL}, "&client_id=web&client_secret=s3cret", INVALID_CLIENT, 401},
	    {{NULL}, "&client_secret=s3cret", INVALID_CLIENT, 401},
	    {{BASIC("!")}, "", INVALID_CLIENT, 401},
	    {{BASIC("c2hvcDpzM2NyZXQ=")},
	     "&client_secret=s3cret",
	     "{\"error\":\"invalid_request\"}",
	     400},
	    {{BASIC("c2hvcDpzM2NyZXQ="), BASIC("c2hvcDpzM2NyZXQ=")},
	     "",
	     "{\"error\":\"invalid_request\"}",
	     400},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		client_is(rows[i].pairs, rows[i].form, rows[i].body, rows[i].status);
		if (rows[i].status != 401)
			continue;
		assert_head("WWW-Authenticate: Basic realm=\"refreshd\", charset=\"UTF-8\"\r\n"
			    "Pragma: no-cache\r\n");
		assert_heard("client.refused bad_client \n");
	}
}

static void t15_another_clients_token_asks_nothing(void **state)
{
	(void)state;
	for (size_t p = 0; p < PATHS; p++) {
		static const char *const clients[] = {"keep", "shop", "we", "webb", ""};

		for (size_t i = 0; i < COUNT(clients); i++) {
			assert_int_equal(ask(&paths[p], op_token_by(7, 4, clients[i]).text),
					 RD_STEP_REPLY);
			assert_reply(paths[p].refused_status, paths[p].refused);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_refusal_of_the_store_looks_alike),
	    cmocka_unit_test(t13_a_lineage_conflict_gives_no_token_and_is_critical),
	    cmocka_unit_test(s7_another_familys_answer_gives_no_token),
	    cmocka_unit_test(store_away_is_503_and_says_when_to_come_back),
	    cmocka_unit_test(d_a_record_of_another_version_is_503_and_not_a_refusal),
	    cmocka_unit_test(s_a_record_of_a_kid_the_ring_lacks_gives_500_and_no_token),
	    cmocka_unit_test(a_kid_that_only_newer_keys_have_is_given_under_those),
	    cmocka_unit_test(a_truncated_answer_is_503),
	    cmocka_unit_test(a_letter_that_rotate_never_says_is_503),
	    cmocka_unit_test(an_answer_of_another_shape_is_503),
	    cmocka_unit_test(an_answer_with_any_byte_changed_gives_no_other_token),
	    cmocka_unit_test(rfc6749_6_a_confidential_client_needs_its_secret),
	    cmocka_unit_test(t15_another_clients_token_asks_nothing),
	};

	return cmocka_run_group_tests(tests, start_op, stop_op);
}
