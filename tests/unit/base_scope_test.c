#include "base/scope.h"
#include "copies_fixture.h"
#include "unit.h"

static void rfc6749_3_3_words_divided_by_single_blanks(void **state)
{
	static const struct {
		const char *scope;
		bool valid;
	} rows[] = {
	    {"", true},          {"a", true},      {"a b", true},       {"read:x write.y/z", true},
	    {"!#$%&'()*", true}, {"[]^_`~", true}, {" ", false},        {" a", false},
	    {"a ", false},       {"a  b", false},  {"a\tb", false},     {"a\nb", false},
	    {"a\"", false},      {"a\\b", false},  {"\xc3\xa9", false}, {"\x7f", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rd_scope_valid(copy_of(rd_span(rows[i].scope))) != rows[i].valid)
			fail_msg("'%s'", rows[i].scope);
	assert_false(rd_scope_valid(RD_SPAN("a\0b")));
	copies_free();
}

static void rfc6749_6_no_word_more_than_was_granted(void **state)
{
	static const struct {
		const char *granted, *asked;
		bool covered;
	} rows[] = {
	    {"", "", true},
	    {"a", "", true},
	    {"a", "a", true},
	    {"a b c", "c a", true},
	    {"a b", "a a", true},
	    {"", "a", false},
	    {"ab", "a", false},
	    {"a", "ab", false},
	    {"a b", "a c", false},
	    {"a b", "c a", false},
	    {"A", "a", false},
	    {"a b", "a b c", false},
	    {"read write", "rea", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rd_scope_covers(copy_of(rd_span(rows[i].granted)),
				    copy_of(rd_span(rows[i].asked))) != rows[i].covered)
			fail_msg("'%s' of '%s'", rows[i].asked, rows[i].granted);
	copies_free();
}

static void words_come_one_by_one(void **state)
{
	struct rd_span rest = copy_of(RD_SPAN("a bc d")), word;

	(void)state;
	assert_true(rd_scope_next(&rest, &word));
	assert_text(word, "a");
	assert_true(rd_scope_next(&rest, &word));
	assert_text(word, "bc");
	assert_true(rd_scope_next(&rest, &word));
	assert_text(word, "d");
	assert_false(rd_scope_next(&rest, &word));
	assert_false(rd_scope_next(&rest, &word));
	copies_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc6749_3_3_words_divided_by_single_blanks),
	    cmocka_unit_test(rfc6749_6_no_word_more_than_was_granted),
	    cmocka_unit_test(words_come_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
