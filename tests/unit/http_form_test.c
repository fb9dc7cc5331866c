#include "copies_fixture.h"
#include "base/buf.h"
#include "http/form.h"
#include "unit.h"

// The fields as `name=value` lines, or "refused".
static const char *decoded(struct rd_span text)
{
	static char out[4096];
	struct rd_buf buf = {out, 0, sizeof out - 1, false};
	struct rd_span body = copy_of(text);
	struct rd_form form;

	if (!rd_form_parse((char *)(uintptr_t)body.ptr, body.len, &form))
		rd_put_lit(&buf, "refused");
	else
		for (size_t i = 0; i < form.count; i++) {
			rd_put_span(&buf, form.name[i]);
			rd_put_lit(&buf, "=");
			rd_put_span(&buf, form.value[i]);
			rd_put_lit(&buf, "\n");
		}
	out[buf.len] = 0;
	copies_free();
	return out;
}

struct row {
	const char *text, *fields;
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_string_equal(decoded(rd_span(rows[i].text)), rows[i].fields);
}

static void rfc6749_b_names_and_values_are_decoded(void **state)
{
	static const struct row rows[] = {
	    {"", ""},
	    {"a=1", "a=1\n"},
	    {"a=1&b=2", "a=1\nb=2\n"},
	    {"b=2&a=1&", "b=2\na=1\n"},
	    {"&&a=1&&b=2&&", "a=1\nb=2\n"},
	    {"a=1=2==", "a=1=2==\n"},
	    {"a+b=c+d", "a b=c d\n"},
	    {"a%2Bb=c%2bd", "a+b=c+d\n"},
	    {"a%3Db=%26%3D%25", "a=b=&=%\n"},
	    {"n%C3%A9e=%e2%82%AC", "n\xc3\xa9"
				   "e=\xe2\x82\xac\n"},
	    {"a=%ff", "a=\xff\n"},
	    {"a=%0D%0A", "a=\r\n\n"},
	    {"a=;b", "a=;b\n"},
	    {"=x", "=x\n"},
	    {"A=1&a=2", "A=1\na=2\n"},
	    {"a=1&a+=2&a%20b=3", "a=1\na =2\na b=3\n"},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void rfc6749_3_2_a_name_without_value_is_absent(void **state)
{
	static const char *const texts[] = {"", "a", "a=", "b=1&a", "a=&b=1", "b=1", "aa=1", "A=1"};
	struct rd_form form;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct rd_span body = copy_of(rd_span(texts[i]));

		assert_true(rd_form_parse((char *)(uintptr_t)body.ptr, body.len, &form));
		assert_int_equal(rd_form_get(&form, RD_SPAN("a")).len, 0);
		copies_free();
	}
}

static void h_a_bad_percent_is_refused(void **state)
{
	static const char *const texts[] = {"%",     "a=%",    "a=%4",    "a=%4&b=1", "%=1",
					    "a%2=1", "a=%g1",  "a=%1g",   "a=%/0",    "a=%:0",
					    "a=%@a", "a=%`a",  "a=%GG",   "a=% 1",    "a=%+1",
					    "a=%-1", "a=%%41", "b=1&%zz", "a=%0x41",  "a=%u0041"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_string_equal(decoded(rd_span(texts[i])), "refused");
}

static void h_a_nul_is_refused(void **state)
{
	static const struct rd_span texts[] = {
	    {"a=%00", 5}, {"a%00=1", 6}, {"%00", 3}, {"a=b%00c", 7}, {"a=1&b=2%00", 10},
	    {"a=\0", 3},  {"a\0=1", 4},  {"\0", 1},  {"a=b\0c", 5},  {"a=1&b=2\0", 8},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_string_equal(decoded(texts[i]), "refused");
}

static void rfc6749_3_2_a_name_given_twice_is_refused(void **state)
{
	static const char *const texts[] = {
	    "a=1&a=2", "a=1&a=1", "a=1&b=2&a=3", "a&a",         "a=&a=",   "a=1&a",
	    "a&a=1",   "=&=",     "a=1&%61=2",   "a+b=1&a%20b", "%41&A=1", "a=1&&&&a=2",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_string_equal(decoded(rd_span(texts[i])), "refused");
}

static void h_more_than_32_fields_are_refused(void **state)
{
	static const size_t counts[] = {1, 31, 32, 33, 64, 10000};
	static char text[80000];

	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct rd_buf buf = RD_BUF(text);
		struct rd_form form;
		bool taken;

		for (size_t n = 0; n < counts[i]; n++) {
			rd_put_lit(&buf, "n");
			rd_put_u64(&buf, n);
			rd_put_lit(&buf, "&");
		}
		assert_true(rd_buf_ok(&buf));
		taken = rd_form_parse(text, buf.len, &form);
		assert_int_equal(taken, counts[i] <= RD_FORM_MAX);
		if (taken)
			assert_int_equal(form.count, counts[i]);
	}
}

static void every_byte_but_nul_survives_escaping(void **state)
{
	char text[4];

	(void)state;
	for (int c = 0; c < 256; c++)
		for (int upper = 0; upper < 2; upper++) {
			snprintf(text, sizeof text, upper ? "%%%02X" : "%%%02x", (unsigned)c);
			assert_int_equal(rd_form_unescape(text, 3), c ? 1 : -1);
			if (c)
				assert_int_equal((uint8_t)text[0], c);
		}
}

// Every prefix of a long body: nothing outside it is read (sanitizer) or written, and what comes
// out lies inside.
static void decoding_in_place_stays_in_place(void **state)
{
	static const char text[] =
	    "grant_type=refresh+token&client%5Fid=%77eb&x&=&%C3%A9=%e2%82%ac%";
	char around[sizeof text + 2];
	struct rd_form form;

	(void)state;
	for (size_t len = 0; len < sizeof text; len++) {
		(void)decoded((struct rd_span){text, len});
		memset(around, '#', sizeof around);
		memcpy(around + 1, text, len);
		if (rd_form_parse(around + 1, len, &form))
			for (size_t i = 0; i < form.count; i++) {
				const struct rd_span name = form.name[i], value = form.value[i];

				assert_true(name.ptr > around);
				assert_true(!value.len || name.ptr + name.len < value.ptr);
				assert_true(value.ptr + value.len <= around + 1 + len);
			}
		assert_int_equal(around[0], '#');
		assert_int_equal(around[len + 1], '#');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc6749_b_names_and_values_are_decoded),
	    cmocka_unit_test(rfc6749_3_2_a_name_without_value_is_absent),
	    cmocka_unit_test(h_a_bad_percent_is_refused),
	    cmocka_unit_test(h_a_nul_is_refused),
	    cmocka_unit_test(rfc6749_3_2_a_name_given_twice_is_refused),
	    cmocka_unit_test(h_more_than_32_fields_are_refused),
	    cmocka_unit_test(every_byte_but_nul_survives_escaping),
	    cmocka_unit_test(decoding_in_place_stays_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
