#include "op_fixture.h"

#define BACKEND "HTTP_AUTHORIZATION=Basic YmFja2VuZDpzM2NyZXQ=" // backend:s3cret
#define INVALID "{\"error\":\"invalid_request\",\"error_description\":\""

static enum rd_step ask_as(const char *authorization, const char *body)
{
	return OP_ASK(body, "REQUEST_METHOD=POST", "REFRESHD_ROUTE=issue",
		      "CONTENT_TYPE=application/json", authorization);
}

static enum rd_step ask(const char *body)
{
	return ask_as(BACKEND, body);
}

// An answer of issue.lua to the question that stands, with the record it would write.
static struct rd_answer issued(int64_t auth_time_ms)
{
	struct rd_record record = {.kid = 7,
				   .seen_ms = OP_REDIS_MS,
				   .expires_ms = OP_REDIS_MS + 5000000,
				   .created_ms = OP_REDIS_MS,
				   .auth_time_ms = auth_time_ms ? auth_time_ms : OP_REDIS_MS,
				   .user = op.call.issue.family.about.user,
				   .client = op.call.issue.family.about.client,
				   .scope = op.call.issue.family.about.scope,
				   .claims = op.call.issue.family.about.claims};

	assert_int_equal(op.question.script, RD_SCRIPT_ISSUE);
	assert_int_equal(op.question.arg[4].len, RD_SEED_LEN);
	memcpy(record.seed, op.question.arg[4].ptr, RD_SEED_LEN);
	return op_turn('I', &record);
}

static void gives(const char *body, int64_t auth_time_ms)
{
	assert_int_equal(ask(body), RD_STEP_ASK);
	assert_int_equal(op_answer(issued(auth_time_ms)), RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 200);
}

#define MAY_NOT                                                                             \
	"{\"error\":\"unauthorized_client\",\"error_description\":\"issue is off for this " \
	"client\"}"

// member: that is to blame; NULL: the body as a whole.
static void refuses(const char *member, const char *body)
{
	const char *said =
	    op_text(INVALID "%s%s", member ? member : "the body must be ", member ? ": " : "");

	if (ask(body) != RD_STEP_REPLY)
		fail_msg("%s", body);
	assert_int_equal(op.reply.status, 400);
	if (!rd_span_begins(rd_buf_span(&op.reply.body), rd_span(said)))
		fail_msg("%s: %.*s", body, (int)op.reply.body.len, op.reply.body.ptr);
	assert_heard("");
}

static void only_a_backend_with_its_secret_may_issue(void **state)
{
	static const struct {
		const char *authorization, *body;
		int status;
	} rows[] = {
	    {"", "{\"error\":\"invalid_client\"}", 401},
	    {"HTTP_AUTHORIZATION=Basic YmFja2VuZDp4", "{\"error\":\"invalid_client\"}", 401},
	    {"HTTP_AUTHORIZATION=Basic YmFja2VuZDo=", "{\"error\":\"invalid_client\"}", 401},
	    {"HTTP_AUTHORIZATION=Basic bm9ib2R5OnMzY3JldA==", "{\"error\":\"invalid_client\"}",
	     401},
	    {"HTTP_AUTHORIZATION=Basic d2ViOnM=", "{\"error\":\"invalid_client\"}", 401},
	    {"HTTP_AUTHORIZATION=Basic OnM=", "{\"error\":\"invalid_client\"}", 401},
	    {"HTTP_AUTHORIZATION=Bearer x", "{\"error\":\"invalid_client\"}", 401},
	    {"HTTP_AUTHORIZATION=Basic d2ViOg==", MAY_NOT, 400},
	    {"HTTP_AUTHORIZATION=Basic c2hvcDpzM2NyZXQ=", MAY_NOT, 400},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(ask_as(rows[i].authorization, "{\"sub\":\"anna\"}"),
				 RD_STEP_REPLY);
		assert_reply(rows[i].status, rows[i].body);
	}
}

static void the_locations_client_is_nobody_here(void **state)
{
	(void)state;
	assert_int_equal(OP_ASK("{\"sub\":\"anna\"}", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=issue",
				"CONTENT_TYPE=application/json", "REFRESHD_CLIENT=backend"),
			 RD_STEP_REPLY);
	assert_reply(401, "{\"error\":\"invalid_client\"}");
}

static void what_the_backend_says_goes_into_the_record(void **state)
{
	(void)state;
	assert_int_equal(ask("{\"sub\":\"anna\",\"client_id\":\"shop\",\"scope\":\"a b\","
			     "\"ip\":\"2001:db8::1\",\"user_agent\":\"curl\","
			     "\"claims\":{\"r\":[1,{\"x\":null}],\"u\":\"/\\\"\\u00e9\"},"
			     "\"auth_time\":1600000000,\"more\":true}"),
			 RD_STEP_ASK);
	assert_text(op.question.arg[2], "1600000000000");
	assert_true(
	    rd_span_is(op.question.arg[5], RD_SPAN("\4anna\4shop\x0b"
						   "2001:db8::1\0\3a b\0\x1e"
						   "\"r\":[1,{\"x\":null}],\"u\":\"/\\\"\xc3\xa9\""
						   "\0\4curl")));
}

static void least_of_all_a_sub(void **state)
{
	(void)state;
	assert_int_equal(ask("{\"sub\":\"anna\"}"), RD_STEP_ASK);
	assert_text(op.question.arg[2], "0");
	assert_true(rd_span_is(op.question.arg[5], RD_SPAN("\4anna\3web\0\0\0\0\0\0\0")));
	assert_int_equal(op.question.args, 7);
	assert_text(op.question.arg[6], "100");
	assert_int_equal(op.question.keys, 2); // it is no login, so no failed ones are forgotten
	assert_int_equal(ask("{\"sub\":\"anna\",\"client_id\":null,\"scope\":\"\",\"ip\":\"\","
			     "\"user_agent\":\"\",\"claims\":{},\"auth_time\":null,"
			     "\"fresh\":null}"),
			 RD_STEP_ASK);
	assert_true(rd_span_is(op.question.arg[5], RD_SPAN("\4anna\3web\0\0\0\0\0\0\0")));
}

static void a_field_of_another_type_or_alphabet_is_refused(void **state)
{
	static const struct {
		const char *member, *body;
	} rows[] = {
	    {"sub", "{}"},
	    {"sub", "{\"sub\":\"\"}"},
	    {"sub", "{\"sub\":null}"},
	    {"sub", "{\"sub\":1}"},
	    {"sub", "{\"sub\":\"a\\nb\"}"},
	    {NULL, "{\"sub\":\"a\\u0000b\"}"},
	    {"sub", "{\"sub\":\"a\\u007f\"}"},
	    {NULL, "{\"sub\":\"a\",\"sub\":\"a\"}"},
	    {"client_id", "{\"sub\":\"a\",\"client_id\":\"\"}"},
	    {"client_id", "{\"sub\":\"a\",\"client_id\":\"nobody\"}"},
	    {"client_id", "{\"sub\":\"a\",\"client_id\":[\"web\"]}"},
	    {"scope", "{\"sub\":\"a\",\"scope\":[\"a\"]}"},
	    {"scope", "{\"sub\":\"a\",\"scope\":\" \"}"},
	    {"scope", "{\"sub\":\"a\",\"scope\":\" a\"}"},
	    {"scope", "{\"sub\":\"a\",\"scope\":\"a \"}"},
	    {"scope", "{\"sub\":\"a\",\"scope\":\"a  b\"}"},
	    {"scope", "{\"sub\":\"a\",\"scope\":\"a\\tb\"}"},
	    {"scope", "{\"sub\":\"a\",\"scope\":\"a\\\"b\"}"},
	    {"scope", "{\"sub\":\"a\",\"scope\":\"a\\\\b\"}"},
	    {"scope", "{\"sub\":\"a\",\"scope\":\"\\u00e9\"}"},
	    {"scope", "{\"sub\":\"a\",\"scope\":\"\\u007f\"}"},
	    {"ip", "{\"sub\":\"a\",\"ip\":\"localhost\"}"},
	    {"ip", "{\"sub\":\"a\",\"ip\":\"1.2.3.4\\n\"}"},
	    {"ip", "{\"sub\":\"a\",\"ip\":4}"},
	    {"user_agent", "{\"sub\":\"a\",\"user_agent\":{}}"},
	    {"fresh", "{\"sub\":\"a\",\"fresh\":1}"},
	    {"fresh", "{\"sub\":\"a\",\"fresh\":\"true\"}"},
	    {"claims", "{\"sub\":\"a\",\"claims\":[]}"},
	    {"claims", "{\"sub\":\"a\",\"claims\":\"{}\"}"},
	    {NULL, "{\"sub\":\"a\",\"claims\":{\"a\":1,\"a\":1}}"},
	    {"auth_time", "{\"sub\":\"a\",\"auth_time\":\"1600000000\"}"},
	    {"auth_time", "{\"sub\":\"a\",\"auth_time\":1600000000.0}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		refuses(rows[i].member, rows[i].body);
}

static void no_claim_may_stand_for_one_of_ours(void **state)
{
	static const char *const reserved[] = {"iss", "sub", "aud",       "exp",   "nbf",
					       "iat", "jti", "client_id", "scope", "auth_time",
					       "acr", "amr", "cnf",       "sid",   "fresh"};

	(void)state;
	for (size_t i = 0; i < COUNT(reserved); i++) {
		refuses("claims", op_text("{\"sub\":\"a\",\"claims\":{\"%s\":1}}", reserved[i]));
		refuses("claims", op_text("{\"sub\":\"a\",\"claims\":{\"x\":1,\"\\u%04x%s\":null}}",
					  (unsigned)reserved[i][0], reserved[i] + 1));
		assert_int_equal(
		    ask(op_text("{\"sub\":\"a\",\"claims\":{\"x_%s\":1}}", reserved[i])),
		    RD_STEP_ASK);
	}
	// Inside another claim it means nothing.
	assert_int_equal(ask("{\"sub\":\"a\",\"claims\":{\"x\":{\"sub\":\"b\"}}}"), RD_STEP_ASK);
}

static void claims_come_out_of_the_access_token_as_they_went_in(void **state)
{
	static const char claims[] = "{\"n\":-1.5e3,\"t\":true,\"z\":null,\"o\":{\"k\":[\"\\n\"]},"
				     "\"role\":\"\\u2028/</script>\"}";
	struct json_object *doc, *in = rd_json_parse(rd_span(claims));

	(void)state;
	gives(op_text("{\"sub\":\"anna\",\"claims\":%s}", claims), 0);
	(void)op_access(op_member("access_token"), &doc);
	json_object_object_foreach(in, name, value)
	{
		struct json_object *got = NULL;

		assert_true(json_object_object_get_ex(doc, name, &got));
		assert_true(json_object_equal(got, value));
	}
	rd_json_free(doc);
	rd_json_free(in);
}

static void every_limit_is_the_last_that_is_taken(void **state)
{
	static const struct {
		const char *member, *format;
		int longest;
		char fill;
	} rows[] = {
	    {"sub", "{\"sub\":\"%s\"}", 255, 's'},
	    {"scope", "{\"sub\":\"a\",\"scope\":\"%s\"}", 512, 's'},
	    {"ip", "{\"sub\":\"a\",\"ip\":\"%s\"}", 45, '1'},
	    {"claims", "{\"sub\":\"a\",\"claims\":{\"c\":\"%s\"}}", 2048 - 6, 'c'},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int more = 0; more < 2; more++) {
			char fill[2100] = "", body[2200];
			const char *at = strstr(rows[i].format, "%s");

			memset(fill, rows[i].fill, (size_t)(rows[i].longest + more));
			snprintf(body, sizeof body, "%.*s%s%s", (int)(at - rows[i].format),
				 rows[i].format, fill, at + 2);
			if (more)
				refuses(rows[i].member, body);
			else
				gives(body, 0);
		}
}

static void all_limits_together_still_fit_into_a_token(void **state)
{
	char sub[256] = "", scope[513] = "", claims[2043] = "";

	(void)state;
	memset(sub, 's', 255);
	memset(scope, 'o', 512);
	memset(claims, 'c', 2042);
	gives(op_text("{\"sub\":\"%s\",\"scope\":\"%s\",\"claims\":{\"c\":\"%s\"}}", sub, scope,
		      claims),
	      0);
}

static void auth_time_is_past_or_a_minute_ahead(void **state)
{
	static const char *const bad[] = {"0",
					  "-1",
					  "1700000061",
					  "9223372036854775807",
					  "-9223372036854775808",
					  "9223372036854776"};
	static const char *const good[] = {"1", "1600000000", "1700000000", "1700000060"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		refuses("auth_time", op_text("{\"sub\":\"a\",\"auth_time\":%s}", bad[i]));
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(ask(op_text("{\"sub\":\"a\",\"auth_time\":%s}", good[i])),
				 RD_STEP_ASK);
		assert_text(op.question.arg[2], op_text("%s000", good[i]));
	}
}

static void fresh_is_only_what_is_asked_for_and_recent(void **state)
{
	static const struct {
		const char *body;
		int64_t auth_ago_ms;
		bool fresh;
	} rows[] = {
	    {"{\"sub\":\"a\"}", 0, false},
	    {"{\"sub\":\"a\",\"fresh\":false}", 0, false},
	    {"{\"sub\":\"a\",\"fresh\":null}", 0, false},
	    {"{\"sub\":\"a\",\"fresh\":true}", 0, true},
	    {"{\"sub\":\"a\",\"fresh\":true}", 300000, true},
	    {"{\"sub\":\"a\",\"fresh\":true}", 300001, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int64_t auth_time_ms = OP_REDIS_MS - rows[i].auth_ago_ms;
		struct json_object *doc;
		struct rd_access access;

		gives(rows[i].body, auth_time_ms);
		access = op_access(op_member("access_token"), &doc);
		assert_int_equal(access.fresh, rows[i].fresh);
		assert_int_equal(access.auth_time_s, auth_time_ms / 1000);
		rd_json_free(doc);
	}
}

static void the_tokens_are_the_clients_that_will_refresh(void **state)
{
	struct rd_token token;
	struct json_object *doc;

	(void)state;
	gives("{\"sub\":\"anna\",\"client_id\":\"shop\",\"scope\":\"a\"}", 0);
	assert_int_equal(rd_token_parse(rd_span(op_member("refresh_token")), &token), RD_OK);
	assert_true(rd_token_authentic(&token, ring(), RD_SPAN("shop")));
	assert_int_equal(token.generation, 0);
	assert_text(op_access(op_member("access_token"), &doc).client_id, "shop");
	rd_json_free(doc);
	assert_string_equal(op_member("token_type"), "Bearer");
	assert_string_equal(op_member("scope"), "a");
}

static void store_away_is_503(void **state)
{
	const struct rd_record record = op_record(0);
	const struct rd_answer whole = op_turn('I', &record);
	const struct rd_answer bad[] = {op_away,
					{.count = 0},
					op_turn('X', NULL),
					{.count = 1, .part = {whole.part[0]}},
					{.count = 3, .part = {whole.part[0], whole.part[1]}}};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(ask("{\"sub\":\"anna\"}"), RD_STEP_ASK);
		assert_int_equal(op_answer(bad[i]), RD_STEP_REPLY);
		assert_reply(503, "{\"error\":\"temporarily_unavailable\"}");
		assert_head("Retry-After: 1\r\n");
	}
}

// What the user loses by it is told in the log, as every end of a session is.
static void the_session_that_had_to_make_room_is_told(void **state)
{
	struct rd_answer answer;

	(void)state;
	assert_int_equal(ask("{\"sub\":\"anna\"}"), RD_STEP_ASK);
	answer = issued(0);
	answer.part[1] = RD_SPAN("vOtSHaqSXWx9IedySlGDPQ");
	assert_int_equal(op_answer(answer), RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 200);
	assert_heard("session.revoked cap anna\nissue.ok ok anna\n");
	gives("{\"sub\":\"anna\"}", 0);
	assert_heard("issue.ok ok anna\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_a_backend_with_its_secret_may_issue),
	    cmocka_unit_test(the_locations_client_is_nobody_here),
	    cmocka_unit_test(what_the_backend_says_goes_into_the_record),
	    cmocka_unit_test(least_of_all_a_sub),
	    cmocka_unit_test(a_field_of_another_type_or_alphabet_is_refused),
	    cmocka_unit_test(no_claim_may_stand_for_one_of_ours),
	    cmocka_unit_test(claims_come_out_of_the_access_token_as_they_went_in),
	    cmocka_unit_test(every_limit_is_the_last_that_is_taken),
	    cmocka_unit_test(all_limits_together_still_fit_into_a_token),
	    cmocka_unit_test(auth_time_is_past_or_a_minute_ahead),
	    cmocka_unit_test(fresh_is_only_what_is_asked_for_and_recent),
	    cmocka_unit_test(the_tokens_are_the_clients_that_will_refresh),
	    cmocka_unit_test(store_away_is_503),
	    cmocka_unit_test(the_session_that_had_to_make_room_is_told),
	};

	return cmocka_run_group_tests(tests, start_op, stop_op);
}
