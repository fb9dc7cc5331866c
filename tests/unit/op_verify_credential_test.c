// Where verify finds the token, and for whom the token must be.
#include "thrice_fixture.h"

static void rfc9068_a_location_has_an_audience_of_its_own(void **state)
{
	static const struct {
		const char *aud, *pair;
		bool good;
	} rows[] = {
	    {"orders", "REFRESHD_AUDIENCE=orders", true},
	    {"api", "REFRESHD_AUDIENCE=orders", false},
	    {"orders", "REFRESHD_AUDIENCE=api", false},
	    {"orders", "REFRESHD_AUDIENCE=", false},
	    {"api", "REFRESHD_AUDIENCE=", true},
	    {"api", "REFRESHD_AUDIENCE=api", true},
	    {"orders", "SERVER_NAME=x", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_access access = good();

		access.aud = rd_span(rows[i].aud);
		verify(&access, rows[i].pair);
		if (rows[i].good)
			accepted();
		else
			refused(INVALID_TOKEN, "invalid_token");
	}
}

// What one location has put into the worker's cache opens no other one.
static void a_hot_token_is_asked_for_its_audience_again(void **state)
{
	static const char *const pairs[] = {"REFRESHD_AUDIENCE=api", "REFRESHD_AUDIENCE=orders",
					    "REFRESHD_AUDIENCE=other"};
	static char text[RD_JWT_MAX];
	struct rd_buf buf = RD_BUF(text);
	struct rd_span token = jws(
	    &buf, jws_key(RD_ALG_EDDSA),
	    RD_SPAN("{\"iss\":\"" ISS "\",\"aud\":[\"api\",\"orders\"],\"exp\":1700000001,"
		    "\"iat\":1,\"jti\":\"j\",\"fresh\":true,\"sub\":\"anna\",\"auth_time\":1}"));

	(void)state;
	empty_cache();
	for (int i = 0; i < 9; i++) {
		OP_ASK("", "REFRESHD_ROUTE=verify", pairs[i % 3],
		       op_text("HTTP_AUTHORIZATION=Bearer %.*s", (int)token.len, token.ptr));
		if (i % 3 == 2)
			refused(INVALID_TOKEN, "invalid_token");
		else
			accepted();
		assert_int_equal(op.call.json != NULL, i < 2); // parsed
	}
}

static void a_cookie_may_carry_the_token(void **state)
{
	const struct rd_access access = good();
	char token[RD_JWT_MAX];
	const struct {
		const char *cookie, *authorization;
		const char *head; // NULL: accepted
	} rows[] = {
	    {"access=%s", "", NULL},
	    {"a=b; access=%s; c=d", "", NULL},
	    {"access=%s", "HTTP_AUTHORIZATION=", NULL},
	    {"", "HTTP_AUTHORIZATION=Bearer %s", NULL},
	    {"access=", "HTTP_AUTHORIZATION=Bearer %s", NULL},
	    {"", "", CHALLENGE "\r\n"},
	    {"access=", "", CHALLENGE "\r\n"},
	    {"Access=%s", "", CHALLENGE "\r\n"},
	    {"xaccess=%s", "", CHALLENGE "\r\n"},
	    {"access=x", "", INVALID_TOKEN},
	    {"access=\"%s\"", "", INVALID_TOKEN},
	    {"access=%s; access=%s", "", INVALID_REQUEST},
	    {"access=%s; access=x", "", INVALID_REQUEST},
	    {"access=%s", "HTTP_AUTHORIZATION=Bearer %s", INVALID_REQUEST},
	    {"access=%s", "HTTP_AUTHORIZATION=Bearer x", INVALID_REQUEST},
	    {"access=x", "HTTP_AUTHORIZATION=Bearer %s", INVALID_REQUEST},
	    {"access=%s", "HTTP_AUTHORIZATION=Basic d2ViOg==", INVALID_REQUEST},
	};

	(void)state;
	snprintf(token, sizeof token, "%s", signed_as(&access));
	for (size_t i = 0; i < COUNT(rows); i++) {
		char cookie[2048], authorization[2048];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(cookie, sizeof cookie, rows[i].cookie, token, token);
		snprintf(authorization, sizeof authorization, rows[i].authorization, token);
#pragma GCC diagnostic pop
		ASK("REFRESHD_ROUTE=verify", "REFRESHD_ACCESS_COOKIE=access",
		    op_text("HTTP_COOKIE=%s", cookie), *authorization ? authorization : NULL);
		if (!rows[i].head)
			accepted();
		else if (strcmp(rows[i].head, INVALID_REQUEST) == 0)
			refused(INVALID_REQUEST, "invalid_request");
		else
			refused(rows[i].head, strcmp(rows[i].head, INVALID_TOKEN) == 0
						  ? "invalid_token"
						  : "missing_token");
	}
}

static void a_cookie_is_read_only_where_the_location_says_so(void **state)
{
	const struct rd_access access = good();
	char cookie[RD_JWT_MAX];

	(void)state;
	snprintf(cookie, sizeof cookie, "HTTP_COOKIE=access=%s", signed_as(&access));
	ASK("REFRESHD_ROUTE=verify", cookie);
	refused(CHALLENGE "\r\n", "missing_token");
	ASK("REFRESHD_ROUTE=verify", cookie, "REFRESHD_ACCESS_COOKIE=");
	refused(CHALLENGE "\r\n", "missing_token");
	ASK("REFRESHD_ROUTE=verify", cookie, cookie, "REFRESHD_ACCESS_COOKIE=access");
	refused(INVALID_REQUEST, "invalid_request");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc9068_a_location_has_an_audience_of_its_own),
	    cmocka_unit_test(a_hot_token_is_asked_for_its_audience_again),
	    cmocka_unit_test(a_cookie_may_carry_the_token),
	    cmocka_unit_test(a_cookie_is_read_only_where_the_location_says_so),
	};

	return cmocka_run_group_tests(tests, start_op, stop_verify);
}
