// How a client says who it is at the token endpoint, RFC 6749 section 2.3.1.
#include "copies_fixture.h"
#include "http/request.h"
#include "unit.h"

#define REFRESH "grant_type=refresh_token&refresh_token=t"

struct row {
	const char *basic; // id:secret before base64; NULL: no header
	const char *form;  // added to the body
	enum rd_result result;
	const char *id, *secret;
};

static struct rd_params params_with(const char *authorization)
{
	const char *const pairs[] = {"CONTENT_TYPE=application/x-www-form-urlencoded",
				     authorization, NULL};

	return params_of(pairs);
}

static const char *basic_header(const char *plain, size_t len)
{
	static char text[2048];
	int head = snprintf(text, sizeof text, "HTTP_AUTHORIZATION=Basic ");

	sodium_bin2base64(text + head, sizeof text - (size_t)head, (const uint8_t *)plain, len,
			  sodium_base64_VARIANT_ORIGINAL);
	return text;
}

static enum rd_result decode(const char *authorization, const char *form, char *scratch,
			     struct rd_credential *out)
{
	struct rd_params params = params_with(authorization);
	char text[1024];
	struct rd_span body;
	struct rd_request request;
	struct json_object *json;

	snprintf(text, sizeof text, "%s%s", REFRESH, form);
	body = copy_of(rd_span(text));
	request = (struct rd_request){&params, rd_dialect_find(RD_SPAN("oauth2")),
				      (char *)(uintptr_t)body.ptr, body.len};
	return rd_decode_refresh(&request, scratch, &json, out);
}

static void check(const struct row *row)
{
	const char *header = row->basic ? basic_header(row->basic, strlen(row->basic)) : NULL;
	char scratch[RD_BASIC_MAX];
	struct rd_credential out;

	if (decode(header, row->form, scratch, &out) != row->result)
		fail_msg("%s %s", row->basic ? row->basic : "no header", row->form);
	if (row->result == RD_OK) {
		assert_text(out.token, "t");
		assert_text(out.client.id, row->id);
		assert_text(out.client.secret, row->secret);
		assert_int_equal(out.client.basic, row->basic != NULL);
	}
	copies_free();
}

#define CHECK(rows)                                      \
	do {                                             \
		for (size_t i = 0; i < COUNT(rows); i++) \
			check(&(rows)[i]);               \
	} while (0)

static void a_client_by_form(void **state)
{
	static const struct row rows[] = {
	    {NULL, "", RD_OK, "", ""},
	    {NULL, "&client_id=", RD_OK, "", ""},
	    {NULL, "&client_id=web", RD_OK, "web", ""},
	    {NULL, "&client_id=web&client_secret=", RD_OK, "web", ""},
	    {NULL, "&client_id=web&client_secret=a%3Ab+c", RD_OK, "web", "a:b c"},
	    {NULL, "&client_secret=s", RD_OK, "", "s"},
	    {NULL, "&client_id=%77eb", RD_OK, "web", ""},
	    {NULL, "&client_id=web&client_id=web", RD_BAD_REQUEST, "", ""},
	    {NULL, "&client_secret=s&client_secret=s", RD_BAD_REQUEST, "", ""},
	};

	(void)state;
	CHECK(rows);
}

static void rfc6749_2_3_1_basic_is_form_encoded_inside(void **state)
{
	static const struct row rows[] = {
	    {"web:s", "", RD_OK, "web", "s"},
	    {"web:", "", RD_OK, "web", ""},
	    {"web:a:b", "", RD_OK, "web", "a:b"},
	    {"a%3Ab:s", "", RD_OK, "a:b", "s"},
	    {"a+b:c%20d%2B", "", RD_OK, "a b", "c d+"},
	    {"web:%C3%A9", "", RD_OK, "web", "\xc3\xa9"},
	    {"web:\xc3\xa9", "", RD_OK, "web", "\xc3\xa9"},
	    {"web:100%", "", RD_BAD_CLIENT, "", ""},
	    {"web:%zz", "", RD_BAD_CLIENT, "", ""},
	    {"%:s", "", RD_BAD_CLIENT, "", ""},
	    {"web:%00", "", RD_BAD_CLIENT, "", ""},
	    {"we%00b:s", "", RD_BAD_CLIENT, "", ""},
	    {":s", "", RD_BAD_CLIENT, "", ""},
	    {":", "", RD_BAD_CLIENT, "", ""},
	    {"web", "", RD_BAD_CLIENT, "", ""},
	    {"", "", RD_BAD_CLIENT, "", ""},
	};

	(void)state;
	CHECK(rows);
}

static void rfc6749_2_3_1_two_authentications_are_refused(void **state)
{
	static const struct row rows[] = {
	    {"web:s", "&client_secret=s", RD_BAD_REQUEST, "", ""},
	    {"web:s", "&client_id=web&client_secret=s", RD_BAD_REQUEST, "", ""},
	    {"web:", "&client_secret=s", RD_BAD_REQUEST, "", ""},
	    {"web:s", "&client_id=app", RD_BAD_REQUEST, "", ""},
	    {"web:s", "&client_id=we", RD_BAD_REQUEST, "", ""},
	    {"web:s", "&client_id=web", RD_OK, "web", "s"},
	    {"web:s", "&client_id=&client_secret=", RD_OK, "web", "s"},
	};

	(void)state;
	CHECK(rows);
}

static void another_scheme_or_broken_base64_authenticates_nobody(void **state)
{
	static const char *const headers[] = {
	    "HTTP_AUTHORIZATION=Basic",           "HTTP_AUTHORIZATION=Basic ",
	    "HTTP_AUTHORIZATION=Basic !",         "HTTP_AUTHORIZATION=Basic d2ViOnM",
	    "HTTP_AUTHORIZATION=Basic d2ViOnM==", "HTTP_AUTHORIZATION=Basic d2ViOnN=",
	    "HTTP_AUTHORIZATION=Basic d2Vi OnM=", "HTTP_AUTHORIZATION=Basic d2ViOnM= ",
	    "HTTP_AUTHORIZATION=Basic d2ViOi0_",  "HTTP_AUTHORIZATION=Basicd2ViOnM=",
	    "HTTP_AUTHORIZATION=Bearer t",        "HTTP_AUTHORIZATION=d2ViOnM=",
	    "HTTP_AUTHORIZATION=Digest d2ViOnM=", "HTTP_AUTHORIZATION= ",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		char scratch[RD_BASIC_MAX];
		struct rd_credential out;

		if (decode(headers[i], "", scratch, &out) != RD_BAD_CLIENT)
			fail_msg("%s", headers[i]);
		copies_free();
	}
}

static void the_scheme_is_case_insensitive_and_an_empty_header_is_none(void **state)
{
	static const struct {
		const char *header, *id;
	} rows[] = {
	    {"HTTP_AUTHORIZATION=basic d2ViOnM=", "web"},
	    {"HTTP_AUTHORIZATION=BASIC   d2ViOnM=", "web"},
	    {"HTTP_AUTHORIZATION=", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char scratch[RD_BASIC_MAX];
		struct rd_credential out;

		assert_int_equal(decode(rows[i].header, "", scratch, &out), RD_OK);
		assert_text(out.client.id, rows[i].id);
		copies_free();
	}
}

static void basic_fills_its_scratch_and_no_more(void **state)
{
	static char plain[RD_BASIC_MAX + 1];

	(void)state;
	memset(plain, 's', sizeof plain);
	memcpy(plain, "web:", 4);
	for (size_t len = RD_BASIC_MAX - 4; len <= sizeof plain; len++) {
		// Of the very size, for the sanitizer.
		char *scratch = malloc(RD_BASIC_MAX);
		struct rd_credential out;
		enum rd_result result;

		assert_non_null(scratch);
		result = decode(basic_header(plain, len), "", scratch, &out);
		assert_int_equal(result, len <= RD_BASIC_MAX ? RD_OK : RD_BAD_CLIENT);
		if (result == RD_OK)
			assert_int_equal(out.client.secret.len, len - 4);
		free(scratch);
		copies_free();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_client_by_form),
	    cmocka_unit_test(rfc6749_2_3_1_basic_is_form_encoded_inside),
	    cmocka_unit_test(rfc6749_2_3_1_two_authentications_are_refused),
	    cmocka_unit_test(another_scheme_or_broken_base64_authenticates_nobody),
	    cmocka_unit_test(the_scheme_is_case_insensitive_and_an_empty_header_is_none),
	    cmocka_unit_test(basic_fills_its_scratch_and_no_more),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
