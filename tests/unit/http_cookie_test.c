#include "copies_fixture.h"
#include "http/cookie.h"
#include "http/reply.h"
#include "http/request.h"
#include "unit.h"

#define NAME   "__Host-refresh_token"
#define COOKIE "HTTP_COOKIE=" NAME "=t"
#define JSON   "CONTENT_TYPE=application/json"
#define HOST   "HTTP_HOST=app.example:8443"

static void one_cookie_of_the_name_is_found(void **state)
{
	static const struct {
		const char *pairs[3], *value;
		enum rd_result result;
	} rows[] = {
	    {{COOKIE}, "t", RD_OK},
	    {{"HTTP_COOKIE=a=b; " NAME "=t; c=d"}, "t", RD_OK},
	    {{"HTTP_COOKIE=a=b;" NAME "=t;c"}, "t", RD_OK},
	    {{"HTTP_COOKIE= " NAME "=t "}, "t", RD_OK},
	    {{"HTTP_COOKIE=" NAME "=a=b"}, "a=b", RD_OK},
	    {{"HTTP_COOKIE=x" NAME "=t"}, "", RD_MISSING_TOKEN},
	    {{"HTTP_COOKIE=" NAME "x=t"}, "", RD_MISSING_TOKEN},
	    {{"HTTP_COOKIE=__host-refresh_token=t"}, "", RD_MISSING_TOKEN},
	    {{"HTTP_COOKIE=" NAME}, "", RD_MISSING_TOKEN},
	    {{"HTTP_COOKIE=" NAME "="}, "", RD_MISSING_TOKEN},
	    {{"HTTP_COOKIE=;;; ;"}, "", RD_MISSING_TOKEN},
	    {{"HTTP_COOKIE="}, "", RD_MISSING_TOKEN},
	    {{NULL}, "", RD_MISSING_TOKEN},
	    {{"HTTP_COOKIE=" NAME "=t; " NAME "=t"}, NULL, RD_BAD_REQUEST},
	    {{"HTTP_COOKIE=" NAME "=; " NAME "=t"}, NULL, RD_BAD_REQUEST},
	    {{COOKIE, COOKIE}, NULL, RD_BAD_REQUEST},
	    {{COOKIE, "HTTP_COOKIE=a=b"}, NULL, RD_BAD_REQUEST},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_params params = params_of(rows[i].pairs);
		struct rd_span out;

		assert_int_equal(rd_cookie_find(&params, RD_SPAN(NAME), &out), rows[i].result);
		if (rows[i].value)
			assert_text(out, rows[i].value);
		copies_free();
	}
}

static void asvs_3_5_1_only_pages_of_our_own_host_may_send_it(void **state)
{
	static const struct {
		const char *pairs[5];
		enum rd_result result;
		bool unnamed;
	} rows[] = {
	    {{HOST, "HTTP_SEC_FETCH_SITE=same-origin"}, RD_OK, false},
	    {{HOST, "HTTP_SEC_FETCH_SITE=same-site"}, RD_CROSS_SITE, false},
	    {{HOST, "HTTP_SEC_FETCH_SITE=cross-site"}, RD_CROSS_SITE, false},
	    {{HOST, "HTTP_SEC_FETCH_SITE=none"}, RD_CROSS_SITE, false},
	    {{HOST, "HTTP_SEC_FETCH_SITE=Same-Origin"}, RD_CROSS_SITE, false},
	    {{HOST, "HTTP_ORIGIN=https://app.example:8443"}, RD_OK, false},
	    {{HOST, "HTTP_ORIGIN=http://app.example:8443"}, RD_OK, false},
	    {{HOST, "HTTP_ORIGIN=https://app.example"}, RD_CROSS_SITE, false},
	    {{HOST, "HTTP_ORIGIN=https://app.example:84430"}, RD_CROSS_SITE, false},
	    {{HOST, "HTTP_ORIGIN=https://app.example:8443/"}, RD_CROSS_SITE, false},
	    {{HOST, "HTTP_ORIGIN=https://evil.app.example:8443"}, RD_CROSS_SITE, false},
	    {{HOST, "HTTP_ORIGIN=ftp://app.example:8443"}, RD_CROSS_SITE, false},
	    {{HOST, "HTTP_ORIGIN=app.example:8443"}, RD_CROSS_SITE, false},
	    {{HOST, "HTTP_ORIGIN=null"}, RD_CROSS_SITE, false},
	    {{"HTTP_ORIGIN=https://"}, RD_CROSS_SITE, false},
	    {{"HTTP_HOST=", "HTTP_ORIGIN=https://"}, RD_CROSS_SITE, false},
	    {{HOST, "HTTP_SEC_FETCH_SITE=cross-site", "HTTP_ORIGIN=https://app.example:8443"},
	     RD_CROSS_SITE,
	     false},
	    {{HOST}, RD_OK, true},
	    {{NULL}, RD_OK, true},
	    {{HOST, "HTTP_ORIGIN=", "HTTP_SEC_FETCH_SITE="}, RD_OK, true},
	    {{HOST, "HTTP_ORIGIN=https://app.example:8443", "HTTP_ORIGIN=https://evil.example"},
	     RD_BAD_REQUEST,
	     false},
	    {{"HTTP_SEC_FETCH_SITE=same-origin", "HTTP_SEC_FETCH_SITE=same-origin"},
	     RD_BAD_REQUEST,
	     false},
	    {{HOST, "HTTP_HOST=evil.example", "HTTP_ORIGIN=https://evil.example"},
	     RD_BAD_REQUEST,
	     false},
	    {{HOST, "HTTP_ORIGIN=https://app.example:8443, https://evil.example"},
	     RD_BAD_REQUEST,
	     false},
	    {{"HTTP_SEC_FETCH_SITE=same-origin, same-origin"}, RD_BAD_REQUEST, false},
	    {{"HTTP_HOST=a, b", "HTTP_ORIGIN=https://a, b"}, RD_BAD_REQUEST, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_params params = params_of(rows[i].pairs);
		bool unnamed;

		if (rd_cookie_same_origin(&params, &unnamed) != rows[i].result)
			fail_msg("%s %s", rows[i].pairs[0], rows[i].pairs[1]);
		assert_int_equal(unnamed, rows[i].unnamed);
		copies_free();
	}
}

struct row {
	const char *pairs[4], *body;
	enum rd_result refresh, logout;
};

static enum rd_result decode(const struct row *row, bool logout, struct rd_credential *out)
{
	struct rd_params params = params_of(row->pairs);
	struct rd_span body = copy_of(rd_span(row->body));
	struct rd_request request = {&params, rd_dialect_find(RD_SPAN("cookie")),
				     (char *)(uintptr_t)body.ptr, body.len};
	char scratch[RD_BASIC_MAX];
	struct json_object *json;
	enum rd_result result = logout ? rd_decode_logout(&request, scratch, &json, out)
				       : rd_decode_refresh(&request, scratch, &json, out);

	if (result == RD_OK)
		assert_text(out->token, out->by_cookie ? "t" : "jwt");
	rd_json_free(json);
	copies_free();
	return result;
}

static void a_cookie_needs_a_request_that_no_foreign_page_can_make(void **state)
{
	static const struct row rows[] = {
	    {{COOKIE, JSON}, "", RD_OK, RD_OK},
	    {{COOKIE, JSON}, "{}", RD_OK, RD_OK},
	    {{COOKIE, JSON}, "{\"refresh_token\":\"\"}", RD_OK, RD_OK},
	    {{COOKIE, JSON "; charset=utf-8"}, "", RD_OK, RD_OK},
	    {{COOKIE}, "", RD_BAD_TYPE, RD_BAD_TYPE},
	    {{COOKIE, "CONTENT_TYPE=text/plain"}, "", RD_BAD_TYPE, RD_BAD_TYPE},
	    {{COOKIE, "CONTENT_TYPE=text/plain"}, "{}", RD_BAD_TYPE, RD_BAD_TYPE},
	    {{COOKIE, "CONTENT_TYPE=application/x-www-form-urlencoded"},
	     "",
	     RD_BAD_TYPE,
	     RD_BAD_TYPE},
	    {{COOKIE, "CONTENT_TYPE=multipart/form-data"}, "", RD_BAD_TYPE, RD_BAD_TYPE},
	    {{COOKIE, "CONTENT_TYPE=application/jsonx"}, "", RD_BAD_TYPE, RD_BAD_TYPE},
	    {{COOKIE, JSON, "CONTENT_TYPE=text/plain"}, "", RD_BAD_REQUEST, RD_BAD_REQUEST},
	    {{COOKIE, JSON, "HTTP_CONTENT_TYPE=application/json"}, "", RD_OK, RD_OK},
	    {{JSON, "HTTP_CONTENT_TYPE=application/json", "HTTP_CONTENT_TYPE=text/plain"},
	     "",
	     RD_BAD_REQUEST,
	     RD_BAD_REQUEST},
	    {{COOKIE, JSON, "HTTP_SEC_FETCH_SITE=cross-site"}, "", RD_CROSS_SITE, RD_CROSS_SITE},
	    {{JSON, "HTTP_SEC_FETCH_SITE=cross-site"}, "", RD_CROSS_SITE, RD_CROSS_SITE},
	    {{COOKIE, "HTTP_ORIGIN=null"}, "", RD_CROSS_SITE, RD_CROSS_SITE},
	    {{COOKIE, COOKIE, JSON}, "", RD_BAD_REQUEST, RD_BAD_REQUEST},
	    {{COOKIE, JSON}, "{\"refresh_token\":\"t\"}", RD_BAD_REQUEST, RD_BAD_REQUEST},
	    {{JSON}, "{\"refresh_token\":\"t\"}", RD_BAD_REQUEST, RD_BAD_REQUEST},
	    {{COOKIE, JSON}, "{\"refresh_token\":1}", RD_BAD_REQUEST, RD_BAD_REQUEST},
	    {{COOKIE, JSON}, "[]", RD_BAD_REQUEST, RD_BAD_REQUEST},
	    {{COOKIE, JSON}, "x", RD_BAD_REQUEST, RD_BAD_REQUEST},
	    {{JSON}, "", RD_MISSING_TOKEN, RD_MISSING_TOKEN},
	    {{"HTTP_COOKIE=refreshToken=t", JSON}, "", RD_MISSING_TOKEN, RD_MISSING_TOKEN},
	    // logout takes an access token too, or leaves it aside
	    {{JSON, "HTTP_AUTHORIZATION=Bearer jwt"}, "", RD_MISSING_TOKEN, RD_OK},
	    {{COOKIE, JSON, "HTTP_AUTHORIZATION=Bearer jwt"}, "", RD_OK, RD_OK},
	    {{COOKIE, JSON, "HTTP_AUTHORIZATION=Bearer rt1_x"}, "", RD_OK, RD_BAD_REQUEST},
	    {{COOKIE, "HTTP_AUTHORIZATION=Bearer jwt"}, "", RD_BAD_TYPE, RD_BAD_TYPE},
	};
	struct rd_credential out;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (decode(&rows[i], false, &out) != rows[i].refresh ||
		    decode(&rows[i], true, &out) != rows[i].logout)
			fail_msg("row %zu: %s %s", i, rows[i].pairs[0], rows[i].body);
	}
}

static void it_is_told_whether_a_header_names_the_page(void **state)
{
	static const struct row unnamed = {{COOKIE, JSON}, "", RD_OK, RD_OK};
	static const struct row named = {
	    {COOKIE, JSON, "HTTP_SEC_FETCH_SITE=same-origin"}, "", RD_OK, RD_OK};
	struct rd_credential out;

	(void)state;
	assert_int_equal(decode(&unnamed, false, &out), RD_OK);
	assert_true(out.by_cookie && out.unnamed_origin);
	assert_int_equal(decode(&named, false, &out), RD_OK);
	assert_true(out.by_cookie && !out.unnamed_origin);
}

static void cookies_are_set_and_cleared_with_the_same_attributes(void **state)
{
	static char head[RD_REPLY_HEAD_MAX], body[RD_REPLY_BODY_MAX];
	const struct rd_dialect *cookie = rd_dialect_find(RD_SPAN("cookie"));
	struct rd_reply reply = {.head = RD_BUF(head), .body = RD_BUF(body)};
	struct rd_token_response grant = {.access = RD_SPAN("a"),
					  .refresh = RD_SPAN("r"),
					  .expires_in_s = 900,
					  .idle_left_s = 1000,
					  .by_cookie = true};

	(void)state;
	rd_reply_token_response(&reply, cookie, &grant);
	assert_text(rd_buf_span(&reply.body), "{\"access_token\":\"a\",\"expires_in\":900}");
	assert_text(rd_buf_span(&reply.head), "Set-Cookie: " NAME "=r; Max-Age=1000; Path=/; "
					      "Secure; HttpOnly; SameSite=Strict\r\n");
	grant.csrf = RD_SPAN("c");
	reply.head.len = reply.body.len = 0;
	rd_reply_token_response(&reply, cookie, &grant);
	assert_text(rd_buf_span(&reply.head),
		    "Set-Cookie: " NAME "=r; Max-Age=1000; Path=/; Secure; HttpOnly; "
		    "SameSite=Strict\r\nSet-Cookie: __Host-csrf_token=c; Max-Age=1000; Path=/; "
		    "Secure; SameSite=Strict\r\n");
	reply.head.len = 0;
	rd_reply_clear_cookies(&reply, cookie, false);
	assert_text(rd_buf_span(&reply.head), "Set-Cookie: " NAME "=; Max-Age=0; Path=/; Secure; "
					      "HttpOnly; SameSite=Strict\r\n");
	reply.head.len = 0;
	rd_reply_clear_cookies(&reply, cookie, true);
	assert_text(rd_buf_span(&reply.head),
		    "Set-Cookie: " NAME "=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict"
		    "\r\nSet-Cookie: __Host-csrf_token=; Max-Age=0; Path=/; Secure; "
		    "SameSite=Strict\r\n");
	reply.head.len = 0;
	rd_reply_clear_cookies(&reply, rd_dialect_find(RD_SPAN("flask")), true);
	assert_text(rd_buf_span(&reply.head), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_cookie_of_the_name_is_found),
	    cmocka_unit_test(asvs_3_5_1_only_pages_of_our_own_host_may_send_it),
	    cmocka_unit_test(a_cookie_needs_a_request_that_no_foreign_page_can_make),
	    cmocka_unit_test(it_is_told_whether_a_header_names_the_page),
	    cmocka_unit_test(cookies_are_set_and_cleared_with_the_same_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
