#include <inttypes.h>
#include <stdlib.h>
#include "base/json.h"
#include "unit.h"

static const struct rd_span good[] = {
    RD_SPAN("{}"),
    RD_SPAN(" \t\r\n{ } \n"),
    RD_SPAN("{\"a\":1}"),
    RD_SPAN("{\"\":\"\"}"),
    RD_SPAN("{\"a\":[],\"b\":{},\"c\":[[],{}],\"d\":null}"),
    RD_SPAN("{\"a\":true,\"b\":false}"),
    RD_SPAN("{\"a\":{\"a\":{\"a\":1}}}"),
    RD_SPAN("{\"a\":[{\"a\":1},{\"a\":2}]}"),
    RD_SPAN("{\"a\":1,\"A\":2}"),
    RD_SPAN("{\"a\":9223372036854775807,\"b\":-9223372036854775808}"),
    RD_SPAN("{\"a\":0,\"b\":-0,\"c\":-1}"),
    RD_SPAN("{\"a\":0.0,\"b\":-0.5,\"c\":1e10,\"d\":1E+2,\"e\":1.5e-3,\"f\":0e0}"),
    RD_SPAN("{\"a\":1.7976931348623157e308,\"b\":1e-400}"),
    RD_SPAN("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"}"),
    RD_SPAN("{\"a\":\"\\ud83d\\udd11 \\uD83D\\uDD11\"}"),
    RD_SPAN("{\"a\":\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"}"),
    RD_SPAN("{\"a\":\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"}"),
    RD_SPAN("{\"\xc3\xa9\":\"\\u0001\"}"),
};

static const struct rd_span bad[] = {
    {NULL, 0},
    RD_SPAN(" "),
    // Not one object.
    RD_SPAN("[]"),
    RD_SPAN("\"a\""),
    RD_SPAN("1"),
    RD_SPAN("null"),
    RD_SPAN("{}{}"),
    RD_SPAN("{} x"),
    RD_SPAN("{}\0"),
    RD_SPAN("{\"a\":1}\0{\"b\":2}"),
    RD_SPAN("\xef\xbb\xbf{}"),
    RD_SPAN("{"),
    RD_SPAN("}"),
    RD_SPAN("{\"a\""),
    RD_SPAN("{\"a\":"),
    RD_SPAN("{\"a\":1"),
    RD_SPAN("{\"a\":[1}"),
    RD_SPAN("{\"a\":[1"),
    // Grammar.
    RD_SPAN("{\"a\":1,}"),
    RD_SPAN("{,}"),
    RD_SPAN("{\"a\":[1,]}"),
    RD_SPAN("{\"a\":[,1]}"),
    RD_SPAN("{\"a\" 1}"),
    RD_SPAN("{\"a\":1 \"b\":2}"),
    RD_SPAN("{\"a\":}"),
    RD_SPAN("{a:1}"),
    RD_SPAN("{1:1}"),
    RD_SPAN("{'a':1}"),
    RD_SPAN("{\"a\":'b'}"),
    RD_SPAN("{\"a\":1}/**/"),
    RD_SPAN("{/**/\"a\":1}"),
    RD_SPAN("{\"a\":1//\n}"),
    RD_SPAN("{\"a\":True}"),
    RD_SPAN("{\"a\":tru}"),
    RD_SPAN("{\"a\":nul"),
    RD_SPAN("{\"a\":NULL}"),
    RD_SPAN("{\v\"a\":1}"),
    RD_SPAN("{\"a\":undefined}"),
    // Numbers.
    RD_SPAN("{\"a\":NaN}"),
    RD_SPAN("{\"a\":Infinity}"),
    RD_SPAN("{\"a\":-Infinity}"),
    RD_SPAN("{\"a\":1e400}"),
    RD_SPAN("{\"a\":-1e400}"),
    RD_SPAN("{\"a\":[[1e309]]}"),
    RD_SPAN("{\"a\":9223372036854775808}"),
    RD_SPAN("{\"a\":-9223372036854775809}"),
    RD_SPAN("{\"a\":18446744073709551616}"),
    RD_SPAN("{\"a\":10000000000000000000}"),
    RD_SPAN("{\"a\":100000000000000000000000000000000000000000}"),
    RD_SPAN("{\"a\":01}"),
    RD_SPAN("{\"a\":-01}"),
    RD_SPAN("{\"a\":+1}"),
    RD_SPAN("{\"a\":-}"),
    RD_SPAN("{\"a\":.5}"),
    RD_SPAN("{\"a\":1.}"),
    RD_SPAN("{\"a\":1e}"),
    RD_SPAN("{\"a\":1e+}"),
    RD_SPAN("{\"a\":1.e1}"),
    RD_SPAN("{\"a\":0x10}"),
    RD_SPAN("{\"a\":1 2}"),
    RD_SPAN("{\"a\":1_000}"),
    // Strings.
    RD_SPAN("{\"a\":\"\0\"}"),
    RD_SPAN("{\"a\0b\":1}"),
    RD_SPAN("{\"a\":\"\\u0000\"}"),
    RD_SPAN("{\"a\\u0000\":1}"),
    RD_SPAN("{\"a\":\"\n\"}"),
    RD_SPAN("{\"a\":\"\x1f\"}"),
    RD_SPAN("{\"a\":\"\\x41\"}"),
    RD_SPAN("{\"a\":\"\\'\"}"),
    RD_SPAN("{\"a\":\"\\"),
    RD_SPAN("{\"a\":\"\\\"}"),
    RD_SPAN("{\"a\":\"\\u12\"}"),
    RD_SPAN("{\"a\":\"\\u12g4\"}"),
    RD_SPAN("{\"a\":\"\\u 123\"}"),
    RD_SPAN("{\"a\":\"\\U00e9\"}"),
    RD_SPAN("{\"a\":\"\\ud800\"}"),
    RD_SPAN("{\"a\":\"\\ud83d\\u0041\"}"),
    RD_SPAN("{\"a\":\"\\ud83dx\"}"),
    RD_SPAN("{\"a\":\"\\udd11\"}"),
    RD_SPAN("{\"a\":\"\\udd11\\ud83d\"}"),
    RD_SPAN("{\"a\":\"\\ud83d\\ud83d\"}"),
    // UTF-8.
    RD_SPAN("{\"a\":\"\x80\"}"),
    RD_SPAN("{\"a\":\"\xff\"}"),
    RD_SPAN("{\"a\":\"\xc0\x80\"}"),
    RD_SPAN("{\"a\":\"\xc1\xbf\"}"),
    RD_SPAN("{\"a\":\"\xe0\x9f\xbf\"}"),
    RD_SPAN("{\"a\":\"\xed\xa0\x80\"}"),
    RD_SPAN("{\"a\":\"\xf0\x8f\xbf\xbf\"}"),
    RD_SPAN("{\"a\":\"\xf4\x90\x80\x80\"}"),
    RD_SPAN("{\"a\":\"\xf5\x80\x80\x80\"}"),
    RD_SPAN("{\"a\":\"\xc3\"}"),
    RD_SPAN("{\"a\":\"\xe2\x82\"}"),
    RD_SPAN("{\"a\":\"\xf0\x9f\x94\"}"),
    RD_SPAN("{\"\xff\":1}"),
    RD_SPAN("{\"a\":\"\xf0\x9f"),
    // Duplicate members.
    RD_SPAN("{\"a\":1,\"a\":1}"),
    RD_SPAN("{\"a\":1,\"\\u0061\":2}"),
    RD_SPAN("{\"a\":{\"b\":1,\"b\":2}}"),
    RD_SPAN("{\"a\":[{\"b\":1,\"c\":2,\"b\":3}]}"),
    RD_SPAN("{\"\":1,\"\":2}"),
    RD_SPAN("{\"a\":null,\"a\":null}"),
    RD_SPAN("{\"a\":{\"x\":1,\"y\":2},\"a\":{\"z\":3}}"),
    RD_SPAN("{\"a/b\":1,\"a\\/b\":2}"),
};

// The text is copied to memory of its very length, so that a sanitizer sees a read past its end.
static bool taken(struct rd_span text)
{
	char *copy = malloc(text.len + 1);
	RD_JSON *obj = NULL;

	assert_non_null(copy);
	if (text.len > 0)
		memcpy(copy + 1, text.ptr, text.len);
	obj = rd_json_parse((struct rd_span){copy + 1, text.len});
	free(copy);
	return obj != NULL;
}

static void every_spelling_of_rfc8259_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!taken(good[i]))
			fail_msg("refused: %s", good[i].ptr);
}

static void anything_else_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (taken(bad[i]))
			fail_msg("taken: %s", bad[i].ptr);
}

static void every_prefix_is_refused(void **state)
{
	struct rd_span text =
	    RD_SPAN("{\"a\":[1,-2.5e+3,true,null,{\"b\":\"\\ud83d\\udd11\xf0\x9f\x94\x91\"}]}");

	(void)state;
	assert_true(taken(text));
	while (text.len-- > 0)
		assert_false(taken(text));
}

// depth arrays or objects, the outermost always an object.
static size_t nest(char *out, size_t depth, bool arrays)
{
	const char *open = arrays ? "[" : "{\"a\":";
	size_t len = 0;

	len += (size_t)sprintf(out, "{\"a\":");
	for (size_t i = 1; i < depth; i++)
		len += (size_t)sprintf(out + len, "%s", open);
	out[len++] = '1';
	for (size_t i = 1; i < depth; i++)
		out[len++] = arrays ? ']' : '}';
	out[len++] = '}';
	return len;
}

static void depth_32_is_taken_and_33_refused(void **state)
{
	static char text[1 << 20];

	(void)state;
	for (int arrays = 0; arrays < 2; arrays++) {
		assert_true(taken((struct rd_span){text, nest(text, RD_JSON_DEPTH, arrays)}));
		assert_false(taken((struct rd_span){text, nest(text, RD_JSON_DEPTH + 1, arrays)}));
		assert_false(taken((struct rd_span){text, nest(text, 100000, arrays)}));
	}
}

static void members_are_typed(void **state)
{
	RD_JSON *obj = rd_json_parse(
	    RD_SPAN("{\"s\":\"a\\u00e9\",\"i\":-9223372036854775808,\"b\":true,\"o\":{\"k\":1},"
		    "\"n\":null,\"d\":1.0,\"l\":[1]}"));
	struct json_object *inner = NULL;
	struct rd_span text = RD_SPAN("before");
	int64_t n = 5;
	bool yes = false;

	(void)state;
	assert_int_equal(rd_json_str(obj, "s", &text), 1);
	assert_text(text, "a\xc3\xa9");
	assert_int_equal(rd_json_int(obj, "i", &n), 1);
	assert_true(n == INT64_MIN);
	assert_int_equal(rd_json_bool(obj, "b", &yes), 1);
	assert_true(yes);
	assert_int_equal(rd_json_obj(obj, "o", &inner), 1);
	assert_int_equal(rd_json_int(inner, "k", &n), 1);
	assert_int_equal(n, 1);
	assert_int_equal(rd_json_int(obj, "d", &n), -1);
	assert_int_equal(rd_json_int(obj, "s", &n), -1);
	assert_int_equal(rd_json_str(obj, "i", &text), -1);
	assert_int_equal(rd_json_bool(obj, "i", &yes), -1);
	assert_int_equal(rd_json_obj(obj, "l", &inner), -1);
}

static void absent_and_null_leave_the_default(void **state)
{
	static const char *const keys[] = {"n", "x", ""};
	RD_JSON *obj = rd_json_parse(RD_SPAN("{\"n\":null}"));
	struct json_object *inner = obj;
	struct rd_span text = RD_SPAN("default");
	int64_t n = 5;
	bool yes = true;

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		assert_int_equal(rd_json_str(obj, keys[i], &text), 0);
		assert_int_equal(rd_json_int(obj, keys[i], &n), 0);
		assert_int_equal(rd_json_bool(obj, keys[i], &yes), 0);
		assert_int_equal(rd_json_obj(obj, keys[i], &inner), 0);
	}
	assert_text(text, "default");
	assert_int_equal(n, 5);
	assert_true(yes);
	assert_ptr_equal(inner, obj);
}

static void free_wipes_every_string(void **state)
{
	static const char *const keys[] = {"a", "b", "c"};
	struct json_object *held[COUNT(keys)];
	struct json_object *obj = rd_json_parse(
	    RD_SPAN("{\"a\":\"secret\",\"b\":[{\"x\":[\"secret\"]}],\"c\":{\"x\":\"secret\"}}"));

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++)
		held[i] = json_object_get(json_object_object_get(obj, keys[i]));
	rd_json_free(obj);
	for (size_t i = 0; i < COUNT(keys); i++) {
		assert_null(strstr(json_object_to_json_string(held[i]), "secret"));
		json_object_put(held[i]);
	}
	rd_json_free(NULL);
}

static size_t heap_copies(const char *needle, size_t len)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	size_t found = 0;

	while (maps && fgets(line, sizeof line, maps)) {
		uintptr_t from, to;

		if (!strstr(line, "[heap]") ||
		    sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) != 2)
			continue;
		for (const char *at = (const char *)from; at;
		     at = memmem(at, (size_t)((const char *)to - at), needle, len), found += !!at)
			at += at != (const char *)from;
	}
	if (maps)
		fclose(maps);
	return found;
}

static void no_copy_of_a_string_stays_in_the_heap(void **state)
{
	static const size_t lens[] = {20, 400, 3000, 40000};
	static char text[50000];

	(void)state;
	for (size_t i = 0; i < COUNT(lens); i++) {
		struct json_object *obj;
		bool seen;
		size_t start = strlen(strcpy(text, "{\"password\":\""));

		for (size_t j = 0; j < lens[i]; j++)
			text[start + j] = "hunter2-"[j % 8];
		strcpy(text + start + lens[i], "\"}");
		obj = rd_json_parse(rd_span(text));
		assert_non_null(obj);
		seen = heap_copies("hunter2-hunter2-", 16) > 0;
		rd_json_free(obj);
		if (!seen)
			skip(); // not the plain heap: a sanitizer's, or none that we can read
		assert_int_equal(heap_copies("hunter2-hunter2-", 16), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_spelling_of_rfc8259_is_taken),
	    cmocka_unit_test(anything_else_is_refused),
	    cmocka_unit_test(every_prefix_is_refused),
	    cmocka_unit_test(depth_32_is_taken_and_33_refused),
	    cmocka_unit_test(members_are_typed),
	    cmocka_unit_test(absent_and_null_leave_the_default),
	    cmocka_unit_test(free_wipes_every_string),
	    cmocka_unit_test(no_copy_of_a_string_stays_in_the_heap),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
