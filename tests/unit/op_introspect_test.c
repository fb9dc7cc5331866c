#include "op_fixture.h"

#define FORM     "CONTENT_TYPE=application/x-www-form-urlencoded"
#define SHOP     "HTTP_AUTHORIZATION=Basic c2hvcDpzM2NyZXQ=" // shop:s3cret
#define API      "HTTP_AUTHORIZATION=Basic YXBpOnMzY3JldA==" // api:s3cret, introspect = on
#define SID      "sid-of-22-characters-x"
#define INACTIVE "{\"active\":false}"

static int start(void **state)
{
	int rc = start_op(state);

	op_client("api", true, true, false);
	op.config.clients[op.config.client_count - 1].introspect = true;
	return rc;
}

static enum rd_step ask_as(const char *authorization, const char *token)
{
	return OP_ASK(op_text("token=%s", token), "REQUEST_METHOD=POST",
		      "REFRESHD_ROUTE=introspect", "REFRESHD_DIALECT=oauth2", FORM, authorization);
}

// As session.lua says it; NULL: no such session.
static struct rd_answer session(const struct rd_record *record)
{
	return op_turn(record ? 'G' : 'A', record);
}

static void introspect(const char *token, const struct rd_record *record)
{
	assert_int_equal(ask_as(API, token), RD_STEP_ASK);
	assert_int_equal(op.question.script, RD_SCRIPT_SESSION);
	assert_int_equal(op_answer(session(record)), RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 200);
	assert_heard("");
}

static struct rd_access an_access(void)
{
	return (struct rd_access){.iss = rd_span(op.config.issuer),
				  .sub = RD_SPAN("anna"),
				  .aud = rd_span(op.config.audience),
				  .client_id = RD_SPAN("web"),
				  .scope = RD_SPAN("read"),
				  .sid = RD_SPAN(SID),
				  .jti = RD_SPAN("j"),
				  .iat_s = OP_WORKER_MS / 1000 - 10,
				  .exp_s = OP_WORKER_MS / 1000 + 60,
				  .auth_time_s = OP_WORKER_MS / 1000 - 100,
				  .fresh = true};
}

static const char *signed_(const struct rd_access *access)
{
	char text[RD_JWT_MAX];
	struct rd_buf buf = RD_BUF(text);

	rd_jwt_sign(&buf, access, rd_keys_signer(ring(), RD_ALG_EDDSA), 0);
	return op_text("%.*s", (int)buf.len, buf.ptr);
}

static void rfc7662_2_2_a_refresh_token(void **state)
{
	const struct rd_record record = op_record(5);

	(void)state;
	introspect(op_token(5).text, &record);
	assert_reply(200,
		     "{\"active\":true,\"iss\":\"https://id.example\",\"client_id\":\"web\","
		     "\"sub\":\"anna\",\"scope\":\"read write\",\"token_use\":\"refresh_token\","
		     "\"iat\":1700000007,\"exp\":1700001007,\"sid\":\"pjB9a9bluaCbQTpmOXyhbg\","
		     "\"auth_time\":1699998007}");
	assert_head("");
}

static void rfc7662_2_2_an_access_token(void **state)
{
	const struct rd_record record = op_record(5);
	struct rd_access access = an_access();

	(void)state;
	introspect(signed_(&access), &record);
	assert_reply(
	    200, "{\"active\":true,\"iss\":\"https://id.example\",\"client_id\":\"web\","
		 "\"sub\":\"anna\",\"aud\":\"api\",\"scope\":\"read\",\"token_type\":\"Bearer\","
		 "\"token_use\":\"access_token\",\"iat\":1699999990,\"exp\":1700000060,"
		 "\"jti\":\"j\",\"sid\":\"" SID "\",\"auth_time\":1699999900,\"fresh\":true}");
	access.auth_time_s = OP_WORKER_MS / 1000 - 301; // fresh_ttl_s is over
	introspect(signed_(&access), &record);
	assert_non_null(memmem(op.reply.body.ptr, op.reply.body.len, "\"fresh\":false", 13));
}

static void it_asks_for_the_tokens_session_and_that_alone(void **state)
{
	const struct rd_access access = an_access();
	uint8_t slot[RD_SLOT_LEN];
	char text[12] = "";
	struct rd_buf buf = RD_BUF(text);

	(void)state;
	rd_slot_of(slot, ring(), RD_SPAN("anna"));
	rd_put_b64(&buf, slot, sizeof slot);
	assert_int_equal(ask_as(API, signed_(&access)), RD_STEP_ASK);
	assert_int_equal(op.question.keys, 1);
	assert_int_equal(op.question.args, 0);
	assert_text(op.question.key[0], op_text("rd:{%.*s}:f:" SID, (int)buf.len, buf.ptr));
	assert_int_equal(ask_as(API, op_token(4).text), RD_STEP_ASK);
	assert_text(op.question.key[0],
		    op_text("rd:{%.*s}:f:pjB9a9bluaCbQTpmOXyhbg", (int)buf.len, buf.ptr));
}

// The record's head is generation 5, and clients have a grace of 10 s.
static void only_the_head_and_within_grace_its_predecessor_are_active(void **state)
{
	static const struct {
		uint32_t generation;
		int64_t rotated_ago_ms;
		bool active;
	} rows[] = {
	    {5, 0, true},      {5, 999999, true}, {4, 0, true},           {4, 9999, true},
	    {4, 10000, false}, {4, 60000, false}, {3, 0, false},          {0, 0, false},
	    {6, 0, false},     {7, 0, false},     {UINT32_MAX, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_record record = op_record(5);

		record.rotated_ms = OP_REDIS_MS - rows[i].rotated_ago_ms;
		introspect(op_token(rows[i].generation).text, &record);
		if (!rows[i].active)
			assert_reply(200, INACTIVE);
		else
			assert_memory_equal(op.reply.body.ptr, "{\"active\":true,", 15);
	}
}

static void a_predecessor_ends_with_the_grace_and_has_no_iat(void **state)
{
	const struct rd_record record = op_record(5);

	(void)state;
	introspect(op_token(4).text, &record);
	assert_non_null(memmem(op.reply.body.ptr, op.reply.body.len, "\"exp\":1700000017,", 17));
	assert_null(memmem(op.reply.body.ptr, op.reply.body.len, "\"iat\"", 5));
}

static void without_grace_no_predecessor_is_active(void **state)
{
	struct rd_record record = op_record(5);

	(void)state;
	record.rotated_ms = OP_REDIS_MS + 1; // the clock was set back
	op.config.clients[0].grace_s = 0;
	introspect(op_token(4).text, &record);
	assert_reply(200, INACTIVE);
	op.config.clients[0].grace_s = 10;
}

static void a_token_that_never_rotated_is_as_old_as_its_session(void **state)
{
	struct rd_record record = op_record(0);

	(void)state;
	record.rotated_ms = 0;
	introspect(op_token(0).text, &record);
	assert_non_null(memmem(op.reply.body.ptr, op.reply.body.len, "\"iat\":1699999007,", 17));
}

// T18, and past its end.
static void what_is_over_looks_like_what_never_was(void **state)
{
	const struct rd_access access = an_access();
	struct rd_record revoked = op_record(5), idle = op_record(5), old = op_record(5);
	struct rd_record orphan = op_record(5);
	const struct rd_record *const over[] = {NULL, &revoked, &idle, &old, &orphan};

	(void)state;
	revoked.revoked = true;
	idle.seen_ms = OP_REDIS_MS - 1000000;
	old.expires_ms = OP_REDIS_MS;
	orphan.client = RD_SPAN("gone");
	for (size_t i = 0; i < COUNT(over); i++) {
		introspect(op_token(5).text, over[i]);
		assert_reply(200, INACTIVE);
		assert_head("");
		introspect(signed_(&access), over[i]);
		assert_reply(200, INACTIVE);
		assert_head("");
	}
}

static void what_is_none_of_ours_asks_nothing(void **state)
{
	struct rd_access access = an_access();
	struct op_token flipped = op_token(5);
	const char *tokens[6];

	(void)state;
	flipped.text[60] = flipped.text[60] == 'A' ? 'B' : 'A';
	tokens[0] = "x";
	tokens[1] = flipped.text;
	tokens[2] = op_token_by(7, 5, "gone").text;
	access.exp_s = OP_WORKER_MS / 1000;
	tokens[3] = signed_(&access);
	access = an_access();
	access.aud = RD_SPAN("other");
	tokens[4] = signed_(&access);
	access = an_access();
	access.sid = (struct rd_span){0};
	tokens[5] = signed_(&access);
	for (size_t i = 0; i < COUNT(tokens); i++) {
		char text[2000];

		snprintf(text, sizeof text, "%s", tokens[i]);
		assert_int_equal(ask_as(API, text), RD_STEP_REPLY);
		assert_reply(200, INACTIVE);
		assert_heard(i == 1 || i == 2 ? "token.forged forged \n" : "");
	}
}

static void rfc7662_4_without_introspect_on_only_about_ones_own(void **state)
{
	struct rd_record record = op_record(5);
	struct rd_access access = an_access();

	(void)state;
	assert_int_equal(ask_as(SHOP, op_token(5).text), RD_STEP_REPLY);
	assert_reply(200, INACTIVE);
	assert_int_equal(ask_as(SHOP, signed_(&access)), RD_STEP_REPLY);
	assert_reply(200, INACTIVE);
	record.client = access.client_id = RD_SPAN("shop");
	assert_int_equal(ask_as(SHOP, op_token_by(7, 5, "shop").text), RD_STEP_ASK);
	assert_int_equal(op_answer(session(&record)), RD_STEP_REPLY);
	assert_memory_equal(op.reply.body.ptr, "{\"active\":true,", 15);
	assert_int_equal(ask_as(SHOP, signed_(&access)), RD_STEP_ASK);
	assert_int_equal(op_answer(session(&record)), RD_STEP_REPLY);
	assert_memory_equal(op.reply.body.ptr, "{\"active\":true,", 15);
}

static void rfc7662_2_1_the_asker_is_a_confidential_client(void **state)
{
	static const struct {
		const char *authorization, *form;
		int status; // 0: the store is asked
	} rows[] = {
	    {API, "", 0},
	    {API, "&client_id=api", 0},
	    {"", "&client_id=api&client_secret=s3cret", 0},
	    {"", "&client_id=api&client_secret=s3cret&token_type_hint=access_token&x=y", 0},
	    {"", "", 401},
	    {"", "&client_id=web", 401},
	    {"", "&client_id=api", 401},
	    {"", "&client_id=api&client_secret=x", 401},
	    {"", "&client_id=nobody&client_secret=s3cret", 401},
	    {"HTTP_AUTHORIZATION=Basic d2ViOg==", "", 401},
	    {"HTTP_AUTHORIZATION=Basic YXBpOng=", "", 401},
	    {"HTTP_AUTHORIZATION=Bearer x", "", 401},
	    {API, "&client_secret=s3cret", 400},
	    {API, "&client_id=web", 400},
	    {API, "&token=x", 400},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *token = op_text("%s%s", op_token(5).text, rows[i].form);

		assert_int_equal(ask_as(rows[i].authorization, token),
				 rows[i].status ? RD_STEP_REPLY : RD_STEP_ASK);
		if (rows[i].status == 401)
			assert_reply(401, "{\"error\":\"invalid_client\"}");
		else if (rows[i].status)
			assert_reply(400, "{\"error\":\"invalid_request\"}");
	}
}

static void rfc7662_2_1_without_a_token_it_is_an_invalid_request(void **state)
{
	(void)state;
	assert_int_equal(ask_as(API, ""), RD_STEP_REPLY);
	assert_reply(400, "{\"error\":\"invalid_request\"}");
	assert_int_equal(ask_as("", ""), RD_STEP_REPLY); // who asks comes first
	assert_reply(401, "{\"error\":\"invalid_client\"}");
}

// S7: somebody else's answer.
static void s7_another_familys_answer_tells_nothing(void **state)
{
	const struct rd_access access = an_access();
	struct rd_record user = op_record(5), seed = op_record(5), client = op_record(5);
	const struct rd_record *const others[] = {&user, &client, &seed};

	(void)state;
	user.user = RD_SPAN("mallory");
	client.client = RD_SPAN("keep");
	memset(seed.seed, 'm', sizeof seed.seed);
	for (size_t i = 0; i < COUNT(others); i++) {
		introspect(op_token(5).text, others[i]);
		assert_reply(200, INACTIVE);
		if (others[i] == &seed)
			continue; // which an access token does not depend on
		introspect(signed_(&access), others[i]);
		assert_reply(200, INACTIVE);
	}
}

static void store_away_is_503(void **state)
{
	const struct rd_answer bad[] = {op_away, {.count = 0}, op_turn('X', NULL)};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(ask_as(API, op_token(5).text), RD_STEP_ASK);
		assert_int_equal(op_answer(bad[i]), RD_STEP_REPLY);
		assert_reply(503, "{\"error\":\"temporarily_unavailable\"}");
		assert_head("Retry-After: 1\r\nPragma: no-cache\r\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc7662_2_2_a_refresh_token),
	    cmocka_unit_test(rfc7662_2_2_an_access_token),
	    cmocka_unit_test(it_asks_for_the_tokens_session_and_that_alone),
	    cmocka_unit_test(only_the_head_and_within_grace_its_predecessor_are_active),
	    cmocka_unit_test(a_predecessor_ends_with_the_grace_and_has_no_iat),
	    cmocka_unit_test(without_grace_no_predecessor_is_active),
	    cmocka_unit_test(a_token_that_never_rotated_is_as_old_as_its_session),
	    cmocka_unit_test(what_is_over_looks_like_what_never_was),
	    cmocka_unit_test(what_is_none_of_ours_asks_nothing),
	    cmocka_unit_test(rfc7662_4_without_introspect_on_only_about_ones_own),
	    cmocka_unit_test(rfc7662_2_1_the_asker_is_a_confidential_client),
	    cmocka_unit_test(rfc7662_2_1_without_a_token_it_is_an_invalid_request),
	    cmocka_unit_test(s7_another_familys_answer_tells_nothing),
	    cmocka_unit_test(store_away_is_503),
	};

	return cmocka_run_group_tests(tests, start, stop_op);
}
