#include "base/span.h"
#include "base/clock.h"
#include "unit.h"

static struct rd_span text_of(const char *text)
{
	return rd_span(text);
}

static void a_cut_takes_the_mark_too(void **state)
{
	struct rd_span rest = RD_SPAN("a;bc;;d");
	static const char *const parts[] = {"a", "bc", "", "d", ""};

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_true(rd_span_is(rd_span_cut(&rest, ';'), text_of(parts[i])));
	assert_int_equal(rest.len, 0);
	rest = (struct rd_span){0};
	assert_int_equal(rd_span_cut(&rest, ';').len, 0);
}

static void a_number_is_digits_and_nothing_else(void **state)
{
	static const char *const none[] = {"",
					   " 1",
					   "1 ",
					   "+1",
					   "-1",
					   "0x1",
					   "1.",
					   "a",
					   "1a",
					   "10",
					   "11",
					   "99999999999999999999",
					   "18446744073709551616"};
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		n = 7;
		assert_false(rd_span_number(text_of(none[i]), 9, &n));
		assert_int_equal(n, 0);
	}
	assert_true(rd_span_number(RD_SPAN("9"), 9, &n));
	assert_int_equal(n, 9);
	assert_true(rd_span_number(RD_SPAN("007"), 9, &n));
	assert_int_equal(n, 7);
	assert_true(rd_span_number(RD_SPAN("18446744073709551615"), UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	assert_false(rd_span_number(RD_SPAN("18446744073709551616"), UINT64_MAX, &n));
	assert_true(rd_span_number(RD_SPAN("0"), 0, &n));
	assert_false(rd_span_number(RD_SPAN("1"), 0, &n));
}

static void a_number_is_taken_off_the_front(void **state)
{
	struct rd_span rest = RD_SPAN("65535/3");
	uint64_t n;

	(void)state;
	assert_true(rd_span_take_number(&rest, 65535, &n));
	assert_int_equal(n, 65535);
	assert_true(rd_span_is(rest, RD_SPAN("/3")));
	assert_false(rd_span_take_number(&rest, 65535, &n));
	rest = RD_SPAN("65536/3");
	assert_false(rd_span_take_number(&rest, 65535, &n));
	assert_true(rd_span_is(rest, RD_SPAN("65536/3")));
}

static void beginnings(void **state)
{
	(void)state;
	assert_true(rd_span_begins(RD_SPAN("tcp:x"), RD_SPAN("tcp:")));
	assert_true(rd_span_begins(RD_SPAN(""), RD_SPAN("")));
	assert_false(rd_span_begins(RD_SPAN("tcp"), RD_SPAN("tcp:")));
	assert_false(rd_span_begins((struct rd_span){0}, RD_SPAN("t")));
}

static void the_sooner_wait_counts(void **state)
{
	(void)state;
	assert_int_equal(rd_sooner(-1, -1), -1);
	assert_int_equal(rd_sooner(-1, 5), 5);
	assert_int_equal(rd_sooner(5, -1), 5);
	assert_int_equal(rd_sooner(5, 0), 0);
	assert_int_equal(rd_sooner(3, 5), 3);
	assert_int_equal(rd_ms_until(10, 20), 0);
	assert_int_equal(rd_ms_until(20, 10), 10);
	assert_int_equal(rd_ms_until(INT64_MAX, 0), INT32_MAX);
}

static void an_alphabet_is_all_that_a_span_may_have(void **state)
{
	(void)state;
	assert_true(rd_span_only((struct rd_span){0}, RD_DIGITS));
	assert_true(rd_span_only(RD_SPAN("0123456789"), RD_DIGITS));
	assert_false(rd_span_only(RD_SPAN("12a"), RD_DIGITS));
	assert_false(rd_span_only(RD_SPAN("12\0"), RD_DIGITS)); // the alphabet's end is not in it
	assert_true(rd_span_only(RD_SPAN("azAZ09_"), RD_ALNUM "_"));
	assert_false(rd_span_only(RD_SPAN("a-b"), RD_ALNUM "_"));
	assert_false(rd_span_only(RD_SPAN("\xc3\xa4"), RD_ALNUM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_cut_takes_the_mark_too),
	    cmocka_unit_test(a_number_is_digits_and_nothing_else),
	    cmocka_unit_test(a_number_is_taken_off_the_front),
	    cmocka_unit_test(beginnings),
	    cmocka_unit_test(the_sooner_wait_counts),
	    cmocka_unit_test(an_alphabet_is_all_that_a_span_may_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
