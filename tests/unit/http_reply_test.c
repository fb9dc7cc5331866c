#include "http/reply.h"
#include "unit.h"

static const char *const dialects[] = {"flask",         "header", "jwt-extended", "express",
				       "express-token", "oauth2", "json"};

static struct {
	struct rd_reply reply;
	char head[RD_REPLY_HEAD_MAX], body[RD_REPLY_BODY_MAX];
	char printed[RD_REPLY_HEAD_MAX + 512];
} out;

static const struct rd_dialect *dialect(const char *name)
{
	const struct rd_dialect *found = rd_dialect_find(rd_span(name));

	assert_non_null(found);
	return found;
}

static void begin(void)
{
	out.reply = (struct rd_reply){
	    .request_id = RD_SPAN("id-1"), .head = RD_BUF(out.head), .body = RD_BUF(out.body)};
}

static struct rd_span body(void)
{
	assert_true(rd_buf_ok(&out.reply.body));
	return rd_buf_span(&out.reply.body);
}

static struct rd_span printed(void)
{
	struct rd_buf buf = RD_BUF(out.printed);

	rd_reply_print_head(&out.reply, &buf);
	assert_true(rd_buf_ok(&buf));
	return rd_buf_span(&buf);
}

static void fail_with(const char *name, enum rd_result result, const char *allow)
{
	begin();
	rd_reply_error(&out.reply, dialect(name), result, allow);
}

static void grant(const char *name, const struct rd_token_response *grant)
{
	begin();
	rd_reply_token_response(&out.reply, dialect(name), grant);
	assert_int_equal(out.reply.status, 200);
}

static void a_success_is_spelled_as_the_dialect_spells_it(void **state)
{
	static const struct rd_token_response both = {.access = RD_SPAN("a"),
						      .refresh = RD_SPAN("r"),
						      .scope = RD_SPAN("read write"),
						      .expires_in_s = 900,
						      .idle_left_s = 1000,
						      .absolute_left_s = 5000};
	static const struct {
		const char *dialect, *body;
	} rows[] = {
	    {"flask", "{\"access_token\":\"a\",\"expires_in\":900,\"refresh_token\":\"r\"}"},
	    {"header", "{\"access_token\":\"a\",\"refresh_token\":\"r\"}"},
	    {"jwt-extended", "{\"access_token\":\"a\",\"refresh_token\":\"r\"}"},
	    {"express", "{\"accessToken\":\"a\",\"expiresIn\":900,\"refreshToken\":\"r\"}"},
	    {"express-token", "{\"accessToken\":\"a\",\"refreshToken\":\"r\"}"},
	    {"json", "{\"access_token\":\"a\",\"expires_in\":900,\"refresh_token\":\"r\"}"},
	    {"oauth2", "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":900,"
		       "\"refresh_token\":\"r\",\"scope\":\"read write\","
		       "\"refresh_token_timeout\":1000,\"authorization_expires_in\":5000}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		grant(rows[i].dialect, &both);
		assert_text(body(), rows[i].body);
	}
}

static void asvs_3_3_a_token_that_came_by_cookie_goes_by_cookie(void **state)
{
	static const struct rd_token_response cookie = {.access = RD_SPAN("a"),
							.refresh = RD_SPAN("r"),
							.expires_in_s = 900,
							.idle_left_s = 1000,
							.by_cookie = true};

	(void)state;
	grant("express", &cookie);
	assert_text(body(), "{\"accessToken\":\"a\",\"expiresIn\":900}");
	assert_text(rd_buf_span(&out.reply.head),
		    "Set-Cookie: refreshToken=r; Max-Age=1000; Path=/; Secure; HttpOnly; "
		    "SameSite=Strict\r\n");
}

static void a_kept_refresh_token_is_not_sent(void **state)
{
	static const struct rd_token_response kept = {.access = RD_SPAN("a"), .expires_in_s = 900};
	static const struct {
		const char *dialect, *body;
	} rows[] = {
	    {"flask", "{\"access_token\":\"a\",\"expires_in\":900}"},
	    {"header", "{\"access_token\":\"a\"}"},
	    {"jwt-extended", "{\"access_token\":\"a\"}"},
	    {"express", "{\"accessToken\":\"a\",\"expiresIn\":900}"},
	    {"express-token", "{\"accessToken\":\"a\"}"},
	    {"oauth2", "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":900,"
		       "\"refresh_token_timeout\":0,\"authorization_expires_in\":0}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		grant(rows[i].dialect, &kept);
		assert_text(body(), rows[i].body);
		assert_null(strstr(out.head, "Refresh-Token"));
	}
}

static void a_lifetime_is_never_negative_and_text_is_escaped(void **state)
{
	(void)state;
	grant("oauth2", &(struct rd_token_response){.access = RD_SPAN("a"),
						    .scope = RD_SPAN("a\x01"
								     "b"),
						    .expires_in_s = -1,
						    .idle_left_s = INT64_MIN,
						    .absolute_left_s = INT64_MAX});
	assert_text(body(), "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":0,"
			    "\"scope\":\"a\\u0001b\",\"refresh_token_timeout\":0,"
			    "\"authorization_expires_in\":9223372036854775807}");
}

static void a_backend_is_told_type_and_scope(void **state)
{
	(void)state;
	grant("json", &(struct rd_token_response){.access = RD_SPAN("a"),
						  .refresh = RD_SPAN("r"),
						  .scope = RD_SPAN("read"),
						  .expires_in_s = 900,
						  .bearer_type = true});
	assert_text(body(), "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":900,"
			    "\"refresh_token\":\"r\",\"scope\":\"read\"}");
}

static void the_longest_grant_fits(void **state)
{
	static char access[8192], scope[512];

	(void)state;
	memset(access, 'a', sizeof access);
	memset(scope, 1, sizeof scope); // each byte takes six
	grant("oauth2", &(struct rd_token_response){.access = {access, sizeof access},
						    .refresh = {access, 98},
						    .scope = {scope, sizeof scope},
						    .expires_in_s = INT64_MAX,
						    .idle_left_s = INT64_MAX,
						    .absolute_left_s = INT64_MAX});
	assert_true(rd_buf_ok(&out.reply.body));
}

static void check_body(const char *member, const char *text)
{
	char wanted[200];

	snprintf(wanted, sizeof wanted, "{\"%s\":\"%s\"}", member, text);
	assert_text(body(), wanted);
}

static void refusals_of_a_dialect_look_alike(void **state)
{
	static const struct {
		const char *dialect, *member;
		int missing_status;
		const char *missing;
		int refused_status;
		const char *refused;
	} rows[] = {
	    {"flask", "error", 401, "missing_token", 401, "invalid_refresh_token"},
	    {"header", "error", 401, "Invalid refresh token", 401, "Invalid refresh token"},
	    {"jwt-extended", "msg", 401, "Missing Authorization Header", 401,
	     "Token has been revoked"},
	    {"express", "message", 401, "Refresh token required", 403, "Invalid refresh token"},
	    {"express-token", "message", 401, "Refresh token required", 403,
	     "Invalid refresh token"},
	    {"oauth2", "error", 400, "invalid_request", 400, "invalid_grant"},
	    {"json", "error", 401, "missing_token", 401, "invalid_token"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		fail_with(rows[i].dialect, RD_MISSING_TOKEN, "POST");
		assert_int_equal(out.reply.status, rows[i].missing_status);
		check_body(rows[i].member, rows[i].missing);
		for (enum rd_result r = RD_MALFORMED; r <= RD_CONFLICT; r++) {
			fail_with(rows[i].dialect, r, "POST");
			assert_int_equal(out.reply.status, rows[i].refused_status);
			check_body(rows[i].member, rows[i].refused);
			assert_text(rd_buf_span(&out.reply.head),
				    i == 5 ? "Pragma: no-cache\r\n" : "");
		}
	}
}

static void other_errors_have_one_status_and_one_text(void **state)
{
	static const struct {
		enum rd_result result;
		int status;
		const char *text;
	} rows[] = {
	    {RD_BAD_LOGIN, 401, "invalid_credentials"},
	    {RD_BAD_CLIENT, 401, "invalid_client"},
	    {RD_NOT_FRESH, 401, "insufficient_user_authentication"},
	    {RD_TOO_OLD, 401, "insufficient_user_authentication"},
	    {RD_BAD_REQUEST, 400, "invalid_request"},
	    {RD_BAD_GRANT_TYPE, 400, "unsupported_grant_type"},
	    {RD_BAD_SCOPE, 400, "invalid_scope"},
	    {RD_NOT_ALLOWED, 400, "unauthorized_client"},
	    {RD_CROSS_SITE, 403, "cross_site_request"},
	    {RD_LACKS_SCOPE, 403, "insufficient_scope"},
	    {RD_NO_ROUTE, 404, "not_found"},
	    {RD_SESSION_NOT_FOUND, 404, "not_found"},
	    {RD_BAD_METHOD, 405, "method_not_allowed"},
	    {RD_TOO_LARGE, 413, "payload_too_large"},
	    {RD_BAD_TYPE, 415, "unsupported_media_type"},
	    {RD_WAIT, 429, "too_many_attempts"},
	    {RD_INTERNAL, 500, "server_error"},
	    {RD_STORE_OUT, 503, "temporarily_unavailable"},
	    {RD_BUSY, 503, "temporarily_unavailable"},
	};

	(void)state;
	assert_int_equal(COUNT(rows), RD_RESULT_COUNT - RD_BAD_LOGIN);
	for (size_t d = 0; d < COUNT(dialects); d++)
		for (size_t i = 0; i < COUNT(rows); i++) {
			fail_with(dialects[d], rows[i].result, "POST");
			assert_int_equal(out.reply.status, rows[i].status);
			check_body(dialect(dialects[d])->error, rows[i].text);
		}
}

#define COMMON                               \
	"Content-Type: application/json\r\n" \
	"Cache-Control: no-store\r\n"        \
	"X-Content-Type-Options: nosniff\r\n"

static void a_head_is_exact(void **state)
{
	static const struct {
		const char *dialect;
		enum rd_result result;
		const char *head;
	} rows[] = {
	    {"flask", RD_FORGED,
	     "Status: 401 Unauthorized\r\n" COMMON
	     "Content-Length: 33\r\nX-Request-Id: id-1\r\n\r\n"},
	    {"express", RD_FORGED,
	     "Status: 403 Forbidden\r\n" COMMON "Content-Length: 35\r\nX-Request-Id: id-1\r\n\r\n"},
	    {"oauth2", RD_BAD_CLIENT,
	     "Status: 401 Unauthorized\r\n" COMMON "Content-Length: 26\r\nX-Request-Id: id-1\r\n"
	     "WWW-Authenticate: Basic realm=\"refreshd\", charset=\"UTF-8\"\r\n"
	     "Pragma: no-cache\r\n\r\n"},
	    {"flask", RD_BAD_METHOD,
	     "Status: 405 Method Not Allowed\r\n" COMMON
	     "Content-Length: 30\r\nX-Request-Id: id-1\r\nAllow: GET, HEAD\r\n\r\n"},
	    {"flask", RD_STORE_OUT,
	     "Status: 503 Service Unavailable\r\n" COMMON
	     "Content-Length: 35\r\nX-Request-Id: id-1\r\nRetry-After: 1\r\n\r\n"},
	    {"flask", RD_BUSY,
	     "Status: 503 Service Unavailable\r\n" COMMON
	     "Content-Length: 35\r\nX-Request-Id: id-1\r\nRetry-After: 1\r\n\r\n"},
	    {"oauth2", RD_STORE_OUT,
	     "Status: 503 Service Unavailable\r\n" COMMON "Content-Length: 35\r\n"
	     "X-Request-Id: id-1\r\nRetry-After: 1\r\nPragma: no-cache\r\n\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		fail_with(rows[i].dialect, rows[i].result, "GET, HEAD");
		assert_text(printed(), rows[i].head);
	}
}

static void the_header_dialect_sends_the_new_token_as_header_too(void **state)
{
	(void)state;
	grant("header",
	      &(struct rd_token_response){.access = RD_SPAN("a"), .refresh = RD_SPAN("r")});
	assert_text(printed(),
		    "Status: 200 OK\r\n" COMMON "Content-Length: 40\r\nX-Request-Id: id-1\r\n"
		    "Refresh-Token: r\r\n\r\n");
}

static void every_status_has_its_line(void **state)
{
	char wanted[16];

	(void)state;
	for (enum rd_result r = RD_MISSING_TOKEN; r < RD_RESULT_COUNT; r++)
		for (size_t d = 0; d < COUNT(dialects); d++) {
			fail_with(dialects[d], r, NULL);
			snprintf(wanted, sizeof wanted, "Status: %d ", out.reply.status);
			assert_memory_equal(printed().ptr, wanted, strlen(wanted));
		}
}

static void an_error_leaves_nothing_of_a_reply_begun(void **state)
{
	(void)state;
	grant("header",
	      &(struct rd_token_response){.access = RD_SPAN("a"), .refresh = RD_SPAN("r")});
	rd_reply_error(&out.reply, dialect("header"), RD_INTERNAL, NULL);
	assert_text(body(), "{\"error\":\"server_error\"}");
	assert_int_equal(out.reply.head.len, 0);
}

static void a_dialect_is_found_by_its_whole_name_only(void **state)
{
	static const char *const names[] = {"",         "flas",  "flask ", "Flask",
					    "express-", "oauth", "json2",  "cookies"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_null(rd_dialect_find(rd_span(names[i])));
	for (size_t i = 0; i < COUNT(dialects); i++)
		assert_string_equal(dialect(dialects[i])->name, dialects[i]);
	assert_ptr_equal(dialect("json"), &rd_dialect_json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_success_is_spelled_as_the_dialect_spells_it),
	    cmocka_unit_test(asvs_3_3_a_token_that_came_by_cookie_goes_by_cookie),
	    cmocka_unit_test(a_kept_refresh_token_is_not_sent),
	    cmocka_unit_test(a_lifetime_is_never_negative_and_text_is_escaped),
	    cmocka_unit_test(a_backend_is_told_type_and_scope),
	    cmocka_unit_test(the_longest_grant_fits),
	    cmocka_unit_test(refusals_of_a_dialect_look_alike),
	    cmocka_unit_test(other_errors_have_one_status_and_one_text),
	    cmocka_unit_test(a_head_is_exact),
	    cmocka_unit_test(the_header_dialect_sends_the_new_token_as_header_too),
	    cmocka_unit_test(every_status_has_its_line),
	    cmocka_unit_test(an_error_leaves_nothing_of_a_reply_begun),
	    cmocka_unit_test(a_dialect_is_found_by_its_whole_name_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
