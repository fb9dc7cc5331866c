#include "copies_fixture.h"
#include "http/request.h"
#include "unit.h"

#define JSON    "CONTENT_TYPE=application/json"
#define FORM    "CONTENT_TYPE=application/x-www-form-urlencoded"
#define REFRESH "grant_type=refresh_token&refresh_token=t"

struct row {
	const char *dialect, *params[4], *body;
	enum rd_result result;
};

static void check(const struct row *row, const char *token)
{
	const char *const pairs[] = {row->params[0], row->params[1], row->params[2], row->params[3],
				     NULL};
	struct rd_params params = params_of(pairs);
	struct rd_span body = copy_of(rd_span(row->body));
	struct rd_request request = {&params, rd_dialect_find(rd_span(row->dialect)),
				     (char *)(uintptr_t)body.ptr, body.len};
	char scratch[RD_BASIC_MAX];
	struct json_object *json;
	struct rd_credential out;
	enum rd_result result = rd_decode_refresh(&request, scratch, &json, &out);

	if (result != row->result)
		fail_msg("%s %s %s: %s, wanted %s", row->dialect, pairs[0] ? pairs[0] : "",
			 row->body, rd_result_rows[result].outcome,
			 rd_result_rows[row->result].outcome);
	if (result == RD_OK)
		assert_text(out.token, token);
	rd_json_free(json);
	copies_free();
}

static void check_all(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(&rows[i], "t");
}

#define CHECK(rows) check_all(rows, COUNT(rows))

static void every_dialect_finds_its_token(void **state)
{
	static const struct row rows[] = {
	    {"flask", {"HTTP_AUTHORIZATION=Bearer t"}, "", RD_OK},
	    {"jwt-extended", {"HTTP_AUTHORIZATION=Bearer t"}, "", RD_OK},
	    {"header", {"HTTP_REFRESH_TOKEN=t"}, "", RD_OK},
	    {"express", {JSON}, "{\"refresh_token\":\"t\"}", RD_OK},
	    {"json", {JSON}, "{\"refresh_token\":\"t\"}", RD_OK},
	    {"express-token", {JSON}, "{\"token\":\"t\"}", RD_OK},
	    {"express-token", {"HTTP_AUTHORIZATION=Bearer t"}, "", RD_OK},
	    {"express-token", {"HTTP_AUTHORIZATION=Bearer t", JSON}, "{}", RD_OK},
	    {"express-token", {"HTTP_AUTHORIZATION=Bearer t", JSON}, "{\"token\":null}", RD_OK},
	    {"oauth2", {FORM}, REFRESH, RD_OK},
	};

	(void)state;
	CHECK(rows);
	check(
	    &(struct row){
		"oauth2", {FORM}, "refresh_token=a+b%2Bc&grant_type=refresh%5ftoken", RD_OK},
	    "a b+c");
}

static void bodies_and_headers_of_other_dialects_are_not_looked_at(void **state)
{
	static const struct row rows[] = {
	    {"flask", {"HTTP_AUTHORIZATION=Bearer t", JSON}, "{\"refresh_token\":", RD_OK},
	    {"header", {"HTTP_REFRESH_TOKEN=t", "HTTP_AUTHORIZATION=Bearer u"}, "x", RD_OK},
	    {"express", {JSON, "HTTP_AUTHORIZATION=Bearer u"}, "{\"refresh_token\":\"t\"}", RD_OK},
	    {"express", {JSON}, "{\"token\":\"t\"}", RD_MISSING_TOKEN},
	    {"express-token", {JSON}, "{\"refresh_token\":\"t\"}", RD_MISSING_TOKEN},
	    {"flask", {"HTTP_REFRESH_TOKEN=t"}, "", RD_MISSING_TOKEN},
	    {"header", {"HTTP_AUTHORIZATION=Bearer t"}, "", RD_MISSING_TOKEN},
	};

	(void)state;
	CHECK(rows);
}

static void a_missing_token_is_missing(void **state)
{
	static const struct row rows[] = {
	    {"flask", {NULL}, "", RD_MISSING_TOKEN},
	    {"flask", {"HTTP_AUTHORIZATION="}, "", RD_MISSING_TOKEN},
	    {"jwt-extended", {NULL}, "", RD_MISSING_TOKEN},
	    {"header", {NULL}, "", RD_MISSING_TOKEN},
	    {"header", {"HTTP_REFRESH_TOKEN="}, "", RD_MISSING_TOKEN},
	    {"express", {JSON}, "{}", RD_MISSING_TOKEN},
	    {"express", {JSON}, "{\"refresh_token\":\"\"}", RD_MISSING_TOKEN},
	    {"express", {JSON}, "{\"refresh_token\":null}", RD_MISSING_TOKEN},
	    {"express-token", {NULL}, "", RD_MISSING_TOKEN},
	    {"express-token", {JSON}, "{}", RD_MISSING_TOKEN},
	    {"express-token", {"HTTP_AUTHORIZATION=Basic dDp0"}, "", RD_MISSING_TOKEN},
	    {"oauth2", {FORM}, "grant_type=refresh_token", RD_MISSING_TOKEN},
	    {"oauth2", {FORM}, "grant_type=refresh_token&refresh_token=", RD_MISSING_TOKEN},
	};

	(void)state;
	CHECK(rows);
}

static void a_body_that_is_empty_has_no_type(void **state)
{
	static const struct row rows[] = {
	    {"express", {NULL}, "", RD_MISSING_TOKEN},
	    {"express", {JSON}, "", RD_MISSING_TOKEN},
	    {"json", {"CONTENT_TYPE=text/plain"}, "", RD_MISSING_TOKEN},
	    {"express-token", {FORM}, "", RD_MISSING_TOKEN},
	    {"oauth2", {NULL}, "", RD_BAD_REQUEST},
	    {"oauth2", {JSON}, "", RD_BAD_REQUEST},
	};

	(void)state;
	CHECK(rows);
}

static void a_cookie_brings_a_token_for_the_express_dialect_alone(void **state)
{
	static const struct row rows[] = {
	    {"express", {"HTTP_COOKIE=refreshToken=t"}, "", RD_OK},
	    {"express", {"HTTP_COOKIE=a=b; refreshToken=t ;c=d", JSON}, "{}", RD_OK},
	    {"express", {"HTTP_COOKIE=;; refreshToken=t;"}, "", RD_OK},
	    {"express", {"HTTP_COOKIE=refreshToken="}, "", RD_MISSING_TOKEN},
	    {"express", {"HTTP_COOKIE=refreshToken"}, "", RD_MISSING_TOKEN},
	    {"express", {"HTTP_COOKIE=xrefreshToken=t; refreshTokens=t"}, "", RD_MISSING_TOKEN},
	    {"express", {"HTTP_COOKIE=refreshToken=t; refreshToken=u"}, "", RD_BAD_REQUEST},
	    {"express", {"HTTP_COOKIE=refreshToken=t", "HTTP_COOKIE=a=b"}, "", RD_BAD_REQUEST},
	    {"express",
	     {"HTTP_COOKIE=refreshToken=t", JSON},
	     "{\"refresh_token\":\"t\"}",
	     RD_BAD_REQUEST},
	    {"express",
	     {"HTTP_COOKIE=refreshToken=t", "CONTENT_TYPE=text/plain"},
	     "x",
	     RD_BAD_TYPE},
	    {"express", {"HTTP_COOKIE=refreshToken=t", JSON}, "{", RD_BAD_REQUEST},
	    {"express-token", {"HTTP_COOKIE=refreshToken=t"}, "", RD_MISSING_TOKEN},
	    {"flask", {"HTTP_COOKIE=refreshToken=t"}, "", RD_MISSING_TOKEN},
	};

	(void)state;
	CHECK(rows);
}

#define COOKIE "HTTP_COOKIE=refreshToken=t"

static void asvs_3_5_1_a_cookie_from_a_foreign_page_is_refused(void **state)
{
	static const struct row rows[] = {
	    {"express", {COOKIE, "HTTP_SEC_FETCH_SITE=same-origin"}, "", RD_OK},
	    {"express", {COOKIE, "HTTP_SEC_FETCH_SITE=same-site"}, "", RD_CROSS_SITE},
	    {"express", {COOKIE, "HTTP_SEC_FETCH_SITE=cross-site"}, "", RD_CROSS_SITE},
	    {"express", {COOKIE, "HTTP_SEC_FETCH_SITE=none"}, "", RD_CROSS_SITE},
	    {"express",
	     {COOKIE, "HTTP_SEC_FETCH_SITE=same-origin", "HTTP_SEC_FETCH_SITE=same-origin"},
	     "",
	     RD_BAD_REQUEST},
	    {"express",
	     {COOKIE, "HTTP_ORIGIN=https://a.example", "HTTP_HOST=a.example"},
	     "",
	     RD_OK},
	    {"express",
	     {COOKIE, "HTTP_ORIGIN=http://a.example:8", "HTTP_HOST=a.example:8"},
	     "",
	     RD_OK},
	    {"express",
	     {COOKIE, "HTTP_ORIGIN=https://b.example", "HTTP_HOST=a.example"},
	     "",
	     RD_CROSS_SITE},
	    {"express",
	     {COOKIE, "HTTP_ORIGIN=https://a.example.b", "HTTP_HOST=a.example"},
	     "",
	     RD_CROSS_SITE},
	    {"express", {COOKIE, "HTTP_ORIGIN=null", "HTTP_HOST=null"}, "", RD_CROSS_SITE},
	    {"express", {COOKIE, "HTTP_ORIGIN=https://"}, "", RD_CROSS_SITE},
	    {"express",
	     {JSON, "HTTP_SEC_FETCH_SITE=cross-site"},
	     "{\"refresh_token\":\"t\"}",
	     RD_OK},
	};

	(void)state;
	CHECK(rows);
}

static void rfc6750_2_1_only_the_bearer_scheme_brings_a_token(void **state)
{
	static const struct row rows[] = {
	    {"flask", {"HTTP_AUTHORIZATION=bearer t"}, "", RD_OK},
	    {"flask", {"HTTP_AUTHORIZATION=BEARER   t"}, "", RD_OK},
	    {"flask", {"HTTP_AUTHORIZATION=Bearer"}, "", RD_MISSING_TOKEN},
	    {"flask", {"HTTP_AUTHORIZATION=Bearer "}, "", RD_MISSING_TOKEN},
	    {"flask", {"HTTP_AUTHORIZATION=Bearer   "}, "", RD_MISSING_TOKEN},
	    {"flask", {"HTTP_AUTHORIZATION=Bearer\tt"}, "", RD_MISSING_TOKEN},
	    {"flask", {"HTTP_AUTHORIZATION=Bearert"}, "", RD_MISSING_TOKEN},
	    {"flask", {"HTTP_AUTHORIZATION=t"}, "", RD_MISSING_TOKEN},
	    {"flask", {"HTTP_AUTHORIZATION=Basic t"}, "", RD_MISSING_TOKEN},
	    {"flask", {"HTTP_AUTHORIZATION=DPoP t"}, "", RD_MISSING_TOKEN},
	    {"flask", {"HTTP_AUTHORIZATION= Bearer t"}, "", RD_MISSING_TOKEN},
	};

	(void)state;
	CHECK(rows);
	check(&(struct row){"flask", {"HTTP_AUTHORIZATION=Bearer t, Bearer u"}, "", RD_OK},
	      "t, Bearer u");
}

static void h_a_header_given_twice_is_refused(void **state)
{
	static const struct row rows[] = {
	    {"flask",
	     {"HTTP_AUTHORIZATION=Bearer t", "HTTP_AUTHORIZATION=Bearer u"},
	     "",
	     RD_BAD_REQUEST},
	    {"flask",
	     {"HTTP_AUTHORIZATION=Bearer t", "HTTP_AUTHORIZATION=Bearer t"},
	     "",
	     RD_BAD_REQUEST},
	    {"flask", {"HTTP_AUTHORIZATION=", "HTTP_AUTHORIZATION=Bearer t"}, "", RD_BAD_REQUEST},
	    {"express-token",
	     {"HTTP_AUTHORIZATION=Bearer t", "HTTP_AUTHORIZATION=Bearer t"},
	     "",
	     RD_BAD_REQUEST},
	    {"express-token",
	     {"HTTP_AUTHORIZATION=x", "HTTP_AUTHORIZATION=x", JSON},
	     "{\"token\":\"t\"}",
	     RD_BAD_REQUEST},
	    {"header", {"HTTP_REFRESH_TOKEN=t", "HTTP_REFRESH_TOKEN=t"}, "", RD_BAD_REQUEST},
	    {"header", {"HTTP_REFRESH_TOKEN=t", "HTTP_REFRESH_TOKEN=u"}, "", RD_BAD_REQUEST},
	    {"oauth2",
	     {FORM, "HTTP_AUTHORIZATION=Basic dzpz", "HTTP_AUTHORIZATION=Basic dzpz"},
	     REFRESH,
	     RD_BAD_REQUEST},
	    {"express", {JSON, FORM}, "{\"refresh_token\":\"t\"}", RD_BAD_REQUEST},
	    {"oauth2", {FORM, JSON}, REFRESH, RD_BAD_REQUEST},
	    // As nginx 1.23 and later joins them.
	    {"header", {"HTTP_REFRESH_TOKEN=t, t"}, "", RD_BAD_REQUEST},
	    {"header", {"HTTP_REFRESH_TOKEN=, t"}, "", RD_BAD_REQUEST},
	    {"express", {JSON ", text/plain"}, "{\"refresh_token\":\"t\"}", RD_BAD_REQUEST},
	    {"express", {JSON ";a=b, " JSON}, "{\"refresh_token\":\"t\"}", RD_BAD_REQUEST},
	    {"oauth2", {FORM ", " FORM}, REFRESH, RD_BAD_REQUEST},
	};
	// nginx' own fastcgi_params beside ours send the same twice.
	static const struct row fine[] = {
	    {"express", {JSON, JSON}, "{\"refresh_token\":\"t\"}", RD_OK},
	    {"oauth2", {FORM, FORM}, REFRESH, RD_OK},
	};

	(void)state;
	CHECK(rows);
	CHECK(fine);
	// One value, and no token.
	check(&(struct row){"header", {"HTTP_REFRESH_TOKEN=t,t"}, "", RD_OK}, "t,t");
}

static void h_header_and_body_must_not_contradict(void **state)
{
	static const struct row rows[] = {
	    {"express-token",
	     {"HTTP_AUTHORIZATION=Bearer t", JSON},
	     "{\"token\":\"u\"}",
	     RD_BAD_REQUEST},
	    {"express-token",
	     {"HTTP_AUTHORIZATION=Bearer t", JSON},
	     "{\"token\":\"t\"}",
	     RD_BAD_REQUEST},
	    {"express-token",
	     {"HTTP_AUTHORIZATION=Bearer t", JSON},
	     "{\"token\":1}",
	     RD_BAD_REQUEST},
	    {"express-token", {"HTTP_AUTHORIZATION=Bearer t", JSON}, "{", RD_BAD_REQUEST},
	    {"express-token", {"HTTP_AUTHORIZATION=Bearer t", FORM}, "token=t", RD_BAD_TYPE},
	    {"express-token", {"HTTP_AUTHORIZATION=Bearer t"}, "x", RD_BAD_TYPE},
	};

	(void)state;
	CHECK(rows);
}

static void h_only_the_one_content_type_is_read(void **state)
{
	static const char *const bad_json[] = {
	    "CONTENT_TYPE=",
	    "CONTENT_TYPE=text/plain",
	    "CONTENT_TYPE=text/json",
	    "CONTENT_TYPE=application/jsonp",
	    "CONTENT_TYPE=application/jso",
	    "CONTENT_TYPE=application/json text/plain",
	    "CONTENT_TYPE=application/json/x",
	    "CONTENT_TYPE=application/merge-patch+json",
	    "CONTENT_TYPE= application/json",
	    "CONTENT_TYPE=multipart/form-data; boundary=application/json",
	    FORM,
	};
	static const char *const good_json[] = {
	    "CONTENT_TYPE=application/json;charset=utf-8",
	    "CONTENT_TYPE=application/json; charset=utf-8",
	    "CONTENT_TYPE=application/json \t ; charset=\"UTF-8\"",
	    "CONTENT_TYPE=Application/JSON",
	    "CONTENT_TYPE=application/json;",
	    "CONTENT_TYPE=application/json ",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad_json); i++)
		check(
		    &(struct row){
			"express", {bad_json[i]}, "{\"refresh_token\":\"t\"}", RD_BAD_TYPE},
		    "t");
	for (size_t i = 0; i < COUNT(good_json); i++)
		check(&(struct row){"express", {good_json[i]}, "{\"refresh_token\":\"t\"}", RD_OK},
		      "t");
	check(&(struct row){"express", {NULL}, "{\"refresh_token\":\"t\"}", RD_BAD_TYPE}, "t");
	check(&(struct row){"oauth2", {NULL}, REFRESH, RD_BAD_TYPE}, "t");
	check(&(struct row){"oauth2", {JSON}, REFRESH, RD_BAD_TYPE}, "t");
	check(&(struct row){"oauth2", {FORM "2"}, REFRESH, RD_BAD_TYPE}, "t");
	check(&(struct row){"oauth2", {FORM "; charset=UTF-8"}, REFRESH, RD_OK}, "t");
}

static void a_json_body_is_strict(void **state)
{
	static const char *const bodies[] = {
	    "t",
	    "\"t\"",
	    "[]",
	    "{\"refresh_token\":\"t\"",
	    "{\"refresh_token\":\"t\"}x",
	    "{\"refresh_token\":\"t\",\"refresh_token\":\"t\"}",
	    "{\"refresh_token\":\"t\",\"a\":1,\"a\":1}",
	    "{'refresh_token':'t'}",
	    "{\"refresh_token\":\"t\\u0000\"}",
	    "{\"refresh_token\":\"\xff\"}",
	    "{\"refresh_token\":1}",
	    "{\"refresh_token\":true}",
	    "{\"refresh_token\":[\"t\"]}",
	    "{\"refresh_token\":{\"refresh_token\":\"t\"}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		check(&(struct row){"express", {JSON}, bodies[i], RD_BAD_REQUEST}, "t");
}

static void a_form_body_is_strict(void **state)
{
	static const char *const bodies[] = {
	    REFRESH "&%",
	    REFRESH "&a=%00",
	    REFRESH "&refresh_token=t",
	    REFRESH "&refresh_token=",
	    REFRESH "&grant_type=refresh_token",
	    REFRESH "&a=1&a=2",
	    REFRESH "&client_id=w&client_id=w",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		check(&(struct row){"oauth2", {FORM}, bodies[i], RD_BAD_REQUEST}, "t");
}

static void rfc6749_5_2_grant_types(void **state)
{
	static const struct row rows[] = {
	    {"oauth2", {FORM}, "", RD_BAD_REQUEST},
	    {"oauth2", {FORM}, "refresh_token=t", RD_BAD_REQUEST},
	    {"oauth2", {FORM}, "grant_type=&refresh_token=t", RD_BAD_REQUEST},
	    {"oauth2", {FORM}, "grant_type=password&refresh_token=t", RD_BAD_GRANT_TYPE},
	    {"oauth2", {FORM}, "grant_type=authorization_code", RD_BAD_GRANT_TYPE},
	    {"oauth2", {FORM}, "grant_type=Refresh_Token&refresh_token=t", RD_BAD_GRANT_TYPE},
	    {"oauth2", {FORM}, "grant_type=refresh_token+&refresh_token=t", RD_BAD_GRANT_TYPE},
	};

	(void)state;
	CHECK(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_dialect_finds_its_token),
	    cmocka_unit_test(bodies_and_headers_of_other_dialects_are_not_looked_at),
	    cmocka_unit_test(a_missing_token_is_missing),
	    cmocka_unit_test(a_body_that_is_empty_has_no_type),
	    cmocka_unit_test(a_cookie_brings_a_token_for_the_express_dialect_alone),
	    cmocka_unit_test(asvs_3_5_1_a_cookie_from_a_foreign_page_is_refused),
	    cmocka_unit_test(rfc6750_2_1_only_the_bearer_scheme_brings_a_token),
	    cmocka_unit_test(h_a_header_given_twice_is_refused),
	    cmocka_unit_test(h_header_and_body_must_not_contradict),
	    cmocka_unit_test(h_only_the_one_content_type_is_read),
	    cmocka_unit_test(a_json_body_is_strict),
	    cmocka_unit_test(a_form_body_is_strict),
	    cmocka_unit_test(rfc6749_5_2_grant_types),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
