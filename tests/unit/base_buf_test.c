#include "base/b64.h"
#include "base/buf.h"
#include "unit.h"

static void u64_writes_the_shortest_decimal(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} rows[] = {{0, "0"}, {9, "9"}, {10, "10"}, {UINT64_MAX, "18446744073709551615"}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[20];
		struct rd_buf buf = RD_BUF(text);

		rd_put_u64(&buf, rows[i].n);
		assert_true(rd_buf_ok(&buf));
		assert_text(rd_buf_span(&buf), rows[i].text);
	}
}

static void json_escapes_quote_backslash_and_controls_only(void **state)
{
	static const struct {
		struct rd_span text;
		const char *json;
	} rows[] = {
	    {RD_SPAN(""), "\"\""},
	    {RD_SPAN("plain"), "\"plain\""},
	    {RD_SPAN("a\"b"), "\"a\\\"b\""},
	    {RD_SPAN("\\"), "\"\\\\\""},
	    {RD_SPAN("\n"), "\"\\u000a\""},
	    {RD_SPAN("x\0y\x1f"), "\"x\\u0000y\\u001f\""},
	    {RD_SPAN("</script>&'\x7f"), "\"</script>&'\x7f\""},
	    {RD_SPAN("\xc3\xa9\xf0\x9f\x94\x91"), "\"\xc3\xa9\xf0\x9f\x94\x91\""},
	    {{NULL, 0}, "\"\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[64];
		struct rd_buf buf = RD_BUF(text);

		rd_put_json(&buf, rows[i].text);
		assert_true(rd_buf_ok(&buf));
		assert_text(rd_buf_span(&buf), rows[i].json);
	}
}

static void put_everything(struct rd_buf *buf)
{
	rd_put_lit(buf, "lit");
	rd_put_str(buf, "str");
	rd_put_span(buf, (struct rd_span){NULL, 0});
	rd_put_u64(buf, 1234567890);
	rd_put_b64(buf, "\xff\xfe\xfd\xfc", 4);
	rd_put_b64_public(buf, "\xff\xfe\xfd\xfc", 4);
	rd_put_json(buf, RD_SPAN("a\nb\"c"));
}

#define EVERYTHING "litstr1234567890__79_A__79_A\"a\\u000ab\\\"c\""

static void any_size_too_small_is_full_and_writes_nothing_past_it(void **state)
{
	char text[sizeof EVERYTHING + 8];

	(void)state;
	for (size_t max = 0; max <= sizeof EVERYTHING; max++) {
		struct rd_buf buf = {text, 0, max, false};

		memset(text, '~', sizeof text);
		put_everything(&buf);
		assert_int_equal(rd_buf_ok(&buf), max >= sizeof EVERYTHING - 1);
		assert_true(buf.len <= max);
		for (size_t i = max; i < sizeof text; i++)
			assert_int_equal(text[i], '~');
		if (rd_buf_ok(&buf))
			assert_text(rd_buf_span(&buf), EVERYTHING);
	}
}

static void a_full_buffer_stays_full(void **state)
{
	char text[4];
	struct rd_buf buf = RD_BUF(text);

	(void)state;
	rd_put_lit(&buf, "12345");
	assert_false(rd_buf_ok(&buf));
	rd_put_lit(&buf, "1");
	rd_put_b64(&buf, "", 0);
	assert_false(rd_buf_ok(&buf));
	assert_int_equal(buf.len, 0);
}

static void b64_fills_a_buffer_to_the_last_byte(void **state)
{
	static const char *const texts[] = {"", "AA", "AAA", "AAAA", "AAAAAA", "AAAAAAA"};

	(void)state;
	for (size_t len = 0; len < COUNT(texts); len++) {
		char text[8] = "~~~~~~~~";
		struct rd_buf buf = {text, 0, RD_B64_LEN(len), false};

		rd_put_b64(&buf, (char[8]){0}, len);
		assert_true(rd_buf_ok(&buf));
		assert_text(rd_buf_span(&buf), texts[len]);
		assert_int_equal(text[RD_B64_LEN(len)], '~');
	}
}

static void rfc4648_vectors_both_ways(void **state)
{
	static const char *const rows[][2] = {
	    {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
	    {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[16];
		uint8_t bytes[8];

		rd_b64_encode(text, rows[i][0], strlen(rows[i][0]));
		assert_string_equal(text, rows[i][1]);
		assert_int_equal(rd_b64_decode(bytes, sizeof bytes, rd_span(text)),
				 strlen(rows[i][0]));
		assert_memory_equal(bytes, rows[i][0], strlen(rows[i][0]));
	}
}

static void b64_takes_one_spelling_only(void **state)
{
	static const struct rd_span rows[] = {
	    RD_SPAN("Z"),         RD_SPAN("Zh"),         RD_SPAN("Zg=="),  RD_SPAN("Zm9"),
	    RD_SPAN("Zm8="),      RD_SPAN("Zm9v\n"),     RD_SPAN(" Zm9v"), RD_SPAN("Zm 9v"),
	    RD_SPAN("-/8"),       RD_SPAN("+_8"),        RD_SPAN("Zg\0"),  RD_SPAN("\0\0"),
	    RD_SPAN("Zm9vZm9vZ"), RD_SPAN("Zm\xc3\xa9"), RD_SPAN("===="),  RD_SPAN("Zg."),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t bytes[16];

		if (rd_b64_decode(bytes, sizeof bytes, rows[i]) != -1)
			fail_msg("taken: %s", rows[i].ptr);
	}
}

static void b64_takes_no_byte_outside_its_alphabet(void **state)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	(void)state;
	for (int c = 0; c < 256; c++) {
		const char text[4] = {'A', 'A', 'A', (char)c};
		uint8_t bytes[3];
		bool inside = memchr(alphabet, c, 64) != NULL;
		long len = rd_b64_decode(bytes, sizeof bytes, (struct rd_span){text, 4});

		assert_int_equal(len, inside ? 3 : -1);
	}
}

static void b64_longer_than_max_is_refused_and_writes_nothing_past_it(void **state)
{
	uint8_t bytes[4] = {7, 7, 7, 7};

	(void)state;
	assert_int_equal(rd_b64_decode(bytes, 2, RD_SPAN("Zm9v")), -1);
	assert_int_equal(bytes[2], 7);
	assert_int_equal(rd_b64_decode(bytes, 3, RD_SPAN("Zm9v")), 3);
	assert_int_equal(bytes[3], 7);
}

static void public_b64_is_libsodiums(void **state)
{
	uint8_t bytes[256 + 3];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t len = 0; len <= sizeof bytes; len++) {
		char ours[RD_B64_LEN(sizeof bytes)], theirs[RD_B64_LEN(sizeof bytes)];
		struct rd_buf a = RD_BUF(ours), b = RD_BUF(theirs);

		rd_put_b64_public(&a, bytes, len);
		rd_put_b64(&b, bytes, len);
		assert_true(rd_buf_ok(&a) && rd_span_is(rd_buf_span(&a), rd_buf_span(&b)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(u64_writes_the_shortest_decimal),
	    cmocka_unit_test(json_escapes_quote_backslash_and_controls_only),
	    cmocka_unit_test(any_size_too_small_is_full_and_writes_nothing_past_it),
	    cmocka_unit_test(a_full_buffer_stays_full),
	    cmocka_unit_test(b64_fills_a_buffer_to_the_last_byte),
	    cmocka_unit_test(public_b64_is_libsodiums),
	    cmocka_unit_test(rfc4648_vectors_both_ways),
	    cmocka_unit_test(b64_takes_one_spelling_only),
	    cmocka_unit_test(b64_takes_no_byte_outside_its_alphabet),
	    cmocka_unit_test(b64_longer_than_max_is_refused_and_writes_nothing_past_it),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
