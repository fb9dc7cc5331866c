// Which characters may go to a terminal.
#include "base/buf.h"
#include "base/utf8.h"
#include "unit.h"

static const struct {
	const char *text, *shown; // shown: with `?` for what does not print
	const char *json;
} rows[] = {
    {"plain text ~", "plain text ~", "plain text ~"},
    {"caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80",
     "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80",
     "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80"},
    {"\xc2\xa0\xe0\xa4\xbf", "\xc2\xa0\xe0\xa4\xbf", "\xc2\xa0\xe0\xa4\xbf"}, // NBSP, a vowel sign
    {"\x1b[2J\x7f\n", "?[2J??", "\\u001b[2J\\u007f\\u000a"},
    {"\xc2\x80\xc2\x9b"
     "2J\xc2\x9f",
     "??2J?", "\\u0080\\u009b2J\\u009f"},         // C1; 9b: CSI
    {"\xc2\xad\xd8\x9c", "??", "\\u00ad\\u061c"}, // soft hyphen, Arabic letter mark
    {"\xe2\x80\x8b\xe2\x80\x8f", "??", "\\u200b\\u200f"},
    {"\xe2\x80\xa8\xe2\x80\xa9", "??", "\\u2028\\u2029"},
    {"a\xe2\x80\xae"
     "b\xe2\x80\xaa",
     "a?b?", "a\\u202eb\\u202a"},
    {"\xe2\x81\xa6\xe2\x81\xa9", "??", "\\u2066\\u2069"},
    {"\xef\xbb\xbf\xef\xb7\x90\xef\xbf\xbe\xef\xbf\xbf", "????", "\\ufeff\\ufdd0\\ufffe\\uffff"},
    {"\xf0\x9f\xbf\xbf\xf3\xa0\x81\x81", "??", "\\ud83f\\udfff\\udb40\\udc41"}, // U+1FFFF, a tag
    {"\xff\xfe"
     "a",
     "??a",
     "\xef\xbf\xbd"
     "a"},
    {"\xe2\x82", "??", "\xef\xbf\xbd"},
    {"\xc0\xaf\xed\xa0\x80", "?????", "\xef\xbf\xbd"},
    {"", "", ""},
};

static void what_does_not_print_is_told_from_what_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const uint8_t *at = (const uint8_t *)rows[i].text;
		size_t left = strlen(rows[i].text);
		char text[64];
		struct rd_buf shown = RD_BUF(text);

		while (left > 0) {
			size_t skip;
			const size_t printable = rd_utf8_printable(at, left, &skip);

			rd_put(&shown, at, printable);
			at += printable;
			left -= printable;
			if (left == 0)
				break;
			rd_put_lit(&shown, "?");
			assert_true(skip > 0 && skip <= left);
			at += skip;
			left -= skip;
		}
		assert_text(rd_buf_span(&shown), rows[i].shown);
	}
}

static void json_of_any_bytes_prints(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[64], wanted[64];
		struct rd_buf json = RD_BUF(text);

		rd_put_json_any(&json, rd_span(rows[i].text));
		snprintf(wanted, sizeof wanted, "\"%s\"", rows[i].json);
		assert_text(rd_buf_span(&json), wanted);
	}
}

static void every_code_point_is_judged_by_its_range(void **state)
{
	unsigned printing = 0;

	(void)state;
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
		const bool bidi = (code >= 0x202a && code <= 0x202e) ||
				  (code >= 0x2066 && code <= 0x2069) ||
				  (code >= 0x200b && code <= 0x200f);

		if (control || bidi || (code & 0xfffe) == 0xfffe)
			assert_false(rd_utf8_prints(code));
		printing += rd_utf8_prints(code);
	}
	assert_true(printing > 0x10e000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_does_not_print_is_told_from_what_does),
	    cmocka_unit_test(json_of_any_bytes_prints),
	    cmocka_unit_test(every_code_point_is_judged_by_its_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
