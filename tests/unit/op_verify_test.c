#include "access_fixture.h"

#define NOT_FRESH CHALLENGE ", error=\"insufficient_user_authentication\", max_age=300\r\n"

// Asks with a token and one more parameter; the store is never asked.
static void verify(const char *token, const char *more)
{
	assert_int_equal(OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=verify",
				op_text("HTTP_AUTHORIZATION=Bearer %s", token), more),
			 RD_STEP_REPLY);
}

static void a_good_token_says_who_it_is(void **state)
{
	static const char *const routes[] = {"REFRESHD_ROUTE=verify", "REFRESHD_ROUTE=whoami"};
	const struct rd_access access = good();

	(void)state;
	for (size_t i = 0; i < COUNT(routes); i++) {
		assert_int_equal(
		    OP_ASK("", "REQUEST_METHOD=GET", routes[i],
			   op_text("HTTP_AUTHORIZATION=Bearer %s", signed_as(&access))),
		    RD_STEP_REPLY);
		assert_reply(200, "{\"sub\":\"anna\",\"sid\":\"sid-1\",\"client_id\":\"web\","
				  "\"scope\":\"read write\",\"auth_time\":1699999990,"
				  "\"fresh\":false}");
		assert_head("X-Auth-Subject: anna\r\nX-Auth-Session: sid-1\r\n"
			    "X-Auth-Scope: read write\r\nX-Auth-Client: web\r\n"
			    "X-Auth-Fresh: 0\r\n");
	}
}

static void a_claim_that_is_not_there_gives_no_header(void **state)
{
	struct rd_access access = good();

	(void)state;
	access.scope = access.sid = access.client_id = (struct rd_span){0};
	verify(signed_as(&access), NULL);
	assert_reply(200, "{\"sub\":\"anna\",\"sid\":\"\",\"client_id\":\"\",\"scope\":\"\","
			  "\"auth_time\":1699999990,\"fresh\":false}");
	assert_head("X-Auth-Subject: anna\r\nX-Auth-Fresh: 0\r\n");
}

static void the_longest_claims_fit_into_the_head(void **state)
{
	static char text[512];
	struct rd_access access = good();

	(void)state;
	memset(text, '~', sizeof text);
	access.sub = access.sid = access.client_id = (struct rd_span){text, 255};
	access.scope = (struct rd_span){text, 512};
	verify(signed_as(&access), NULL);
	assert_int_equal(op.reply.status, 200);
	access.sub.len++;
	verify(signed_as(&access), NULL);
	refused(INVALID_TOKEN, "invalid_token");
}

static void fresh_is_the_claim_for_fresh_ttl_of_the_login(void **state)
{
	static const struct {
		bool claim;
		int64_t auth_ago_s;
		bool fresh;
	} rows[] = {
	    {true, 0, true},   {true, 300, true},   {true, 301, false}, {true, 1000000, false},
	    {false, 0, false}, {false, 300, false}, {true, -30, true},  {true, NOW, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_access access = good();

		access.fresh = rows[i].claim;
		access.auth_time_s = NOW - rows[i].auth_ago_s;
		verify(signed_as(&access), NULL);
		assert_int_equal(op.reply.status, 200);
		assert_non_null(memmem(op.head, op.reply.head.len,
				       rows[i].fresh ? "Fresh: 1\r\n" : "Fresh: 0\r\n", 10));
		verify(signed_as(&access), "REFRESHD_REQUIRE_FRESH=1");
		if (rows[i].fresh)
			assert_int_equal(op.reply.status, 200);
		else
			refused(NOT_FRESH, "insufficient_user_authentication");
	}
}

static void require_fresh_spelled_oddly_fails_closed(void **state)
{
	static const struct {
		const char *pair;
		bool demanded;
	} rows[] = {
	    {"REFRESHD_REQUIRE_FRESH=", false},     {"REFRESHD_REQUIRE_FRESH=0", false},
	    {"REFRESHD_REQUIRE_FRESH=1", true},     {"REFRESHD_REQUIRE_FRESH=on", true},
	    {"REFRESHD_REQUIRE_FRESH=yes", true},   {"REFRESHD_REQUIRE_FRESH=true", true},
	    {"REFRESHD_REQUIRE_FRESH=off", true},   {"REFRESHD_REQUIRE_FRESH=no", true},
	    {"REFRESHD_REQUIRE_FRESH=false", true}, {"REFRESHD_REQUIRE_FRESH=00", true},
	    {"REFRESHD_REQUIRE_FRESH= 0", true},    {"REFRESHD_REQUIRE_FRESH=0 ", true},
	    {"REFRESHD_REQUIRE_FRESH=O", true},
	};
	const struct rd_access access = good();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		verify(signed_as(&access), rows[i].pair);
		if (rows[i].demanded)
			refused(NOT_FRESH, "insufficient_user_authentication");
		else
			assert_int_equal(op.reply.status, 200);
	}
}

static void require_fresh_given_twice_fails_closed(void **state)
{
	const struct rd_access access = good();

	(void)state;
	assert_int_equal(OP_ASK("", "REFRESHD_ROUTE=verify", "REFRESHD_REQUIRE_FRESH=0",
				"REFRESHD_REQUIRE_FRESH=1",
				op_text("HTTP_AUTHORIZATION=Bearer %s", signed_as(&access))),
			 RD_STEP_REPLY);
	refused(NOT_FRESH, "insufficient_user_authentication");
	assert_int_equal(OP_ASK("", "REFRESHD_ROUTE=verify", "REFRESHD_REQUIRE_FRESH=0",
				"REFRESHD_REQUIRE_FRESH=",
				op_text("HTTP_AUTHORIZATION=Bearer %s", signed_as(&access))),
			 RD_STEP_REPLY);
	refused(NOT_FRESH, "insufficient_user_authentication");
}

static void t17_a_refresh_token_is_no_access_token(void **state)
{
	(void)state;
	verify(op_token(0).text, NULL);
	refused(INVALID_TOKEN, "invalid_token");
}

static void rfc6750_3_without_a_token_there_is_no_error_code(void **state)
{
	static const char *const pairs[] = {"SERVER_NAME=x",
					    "HTTP_AUTHORIZATION=",
					    "HTTP_AUTHORIZATION=Bearer",
					    "HTTP_AUTHORIZATION=Bearer ",
					    "HTTP_AUTHORIZATION=Basic d2ViOg==",
					    "HTTP_REFRESH_TOKEN=t"};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		assert_int_equal(OP_ASK("", "REFRESHD_ROUTE=verify", pairs[i]), RD_STEP_REPLY);
		refused(CHALLENGE "\r\n", "missing_token");
	}
}

// nginx makes a 500 of every other status.
static void every_refusal_is_401(void **state)
{
	struct rd_access access[6];
	const char *alg_none = "eyJhbGciOiJub25lIn0.e30.";

	(void)state;
	for (size_t i = 0; i < COUNT(access); i++)
		access[i] = good();
	access[0].exp_s = NOW;
	access[1].iss = RD_SPAN("https://evil.example");
	access[2].aud = RD_SPAN("other");
	access[3].sub = RD_SPAN("");
	access[4].sub = RD_SPAN("a\r\nX-Auth-Fresh: 1");
	access[5].scope = RD_SPAN("a\"b");
	for (size_t i = 0; i < COUNT(access); i++) {
		verify(signed_as(&access[i]), NULL);
		refused(INVALID_TOKEN, "invalid_token");
	}
	verify("x", NULL);
	refused(INVALID_TOKEN, "invalid_token");
	verify(alg_none, NULL);
	refused(INVALID_TOKEN, "invalid_token");
	assert_int_equal(OP_ASK("", "REFRESHD_ROUTE=verify", "HTTP_AUTHORIZATION=Bearer a",
				"HTTP_AUTHORIZATION=Bearer a"),
			 RD_STEP_REPLY);
	refused(INVALID_REQUEST, "invalid_request");
}

static void s5_a_flipped_bit_anywhere_is_refused(void **state)
{
	const struct rd_access access = good();
	char token[RD_JWT_MAX];
	size_t len;

	(void)state;
	len = (size_t)snprintf(token, sizeof token, "%s", signed_as(&access));
	for (size_t bit = 0; bit < 8 * len; bit++) {
		token[bit / 8] = (char)(token[bit / 8] ^ 1 << bit % 8);
		if (token[bit / 8]) { // a parameter ends there
			verify(token, NULL);
			refused(INVALID_TOKEN, "invalid_token");
		}
		token[bit / 8] = (char)(token[bit / 8] ^ 1 << bit % 8);
	}
}

// A backend that shares the HS256 key can sign what we never would.
static void j_what_fits_into_no_header_is_refused_also_when_signed(void **state)
{
#define CLAIMS(sub, sid, client, scope, auth_time)                                             \
	"{\"iss\":\"" ISS "\",\"aud\":\"" AUD "\",\"exp\":1700000001,\"iat\":1,\"jti\":\"j\"," \
	"\"fresh\":true,\"sub\":\"" sub "\",\"sid\":\"" sid "\",\"client_id\":\"" client       \
	"\",\"scope\":\"" scope "\",\"auth_time\":" auth_time "}"
	static const struct {
		const char *payload;
		bool good;
	} rows[] = {
	    {CLAIMS("anna", "s", "c", "a b", "1"), true},
	    {CLAIMS("\\u00e9\\ud83d\\ude00", "s", "c", "a b", "1"), true},
	    {CLAIMS("an\\nna", "s", "c", "a", "1"), false},
	    {CLAIMS("anna\\r", "s", "c", "a", "1"), false},
	    {CLAIMS("anna", "\\u007f", "c", "a", "1"), false},
	    {CLAIMS("anna", "s", "\\u0001", "a", "1"), false},
	    {CLAIMS("anna", "s", "c", "\\t", "1"), false},
	    {CLAIMS("anna", "s", "c", "\\u00e9", "1"), false},
	    {CLAIMS("anna", "s", "c", " ", "1"), false},
	    {CLAIMS("anna", "s", "c", "a", "-1"), false},
	    {CLAIMS("anna", "s", "c", "a", "-9223372036854775808"), false},
	};
	static char text[RD_JWT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_buf buf = RD_BUF(text);
		struct rd_span token = jws(&buf, jws_key(RD_ALG_HS256), rd_span(rows[i].payload));

		verify(op_text("%.*s", (int)token.len, token.ptr), NULL);
		if (rows[i].good)
			assert_int_equal(op.reply.status, 200);
		else
			refused(INVALID_TOKEN, "invalid_token");
	}
}

// auth_request asks with the method and the headers of the request that waits, but without its
// body.
static void auth_request_may_ask_with_any_method_and_length(void **state)
{
	static const char *const pairs[] = {
	    "REQUEST_METHOD=POST", "REQUEST_METHOD=PATCH", "REQUEST_METHOD=FOO",
	    "CONTENT_LENGTH=5",    "CONTENT_LENGTH=x",     "CONTENT_LENGTH=99999999999999999999"};
	const struct rd_access access = good();

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		assert_int_equal(
		    OP_ASK("", "REFRESHD_ROUTE=verify", pairs[i],
			   op_text("HTTP_AUTHORIZATION=Bearer %s", signed_as(&access))),
		    RD_STEP_REPLY);
		assert_int_equal(op.reply.status, 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_token_says_who_it_is),
	    cmocka_unit_test(a_claim_that_is_not_there_gives_no_header),
	    cmocka_unit_test(the_longest_claims_fit_into_the_head),
	    cmocka_unit_test(fresh_is_the_claim_for_fresh_ttl_of_the_login),
	    cmocka_unit_test(require_fresh_spelled_oddly_fails_closed),
	    cmocka_unit_test(require_fresh_given_twice_fails_closed),
	    cmocka_unit_test(t17_a_refresh_token_is_no_access_token),
	    cmocka_unit_test(rfc6750_3_without_a_token_there_is_no_error_code),
	    cmocka_unit_test(every_refusal_is_401),
	    cmocka_unit_test(s5_a_flipped_bit_anywhere_is_refused),
	    cmocka_unit_test(j_what_fits_into_no_header_is_refused_also_when_signed),
	    cmocka_unit_test(auth_request_may_ask_with_any_method_and_length),
	};

	return cmocka_run_group_tests(tests, start_op, stop_op);
}
