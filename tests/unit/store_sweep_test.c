// Questions and answers of the administrator's work over many users.
#include "copies_fixture.h"
#include "question_fixture.h"

#define NOW_TXT "\x01\x02\x03\x04\x05\x06"

static const char *const index_keys[] = {"rd:{ABCDEFGHIJI}:u", "rd:{ABCDEFGHIJI}:f:"};

static void a_sweep_says_whose_and_since_when(void **state)
{
	static const struct rd_span all[] = {RD_SPAN("1700000000001"), RD_SPAN(""), RD_SPAN("5"),
					     RD_SPAN("0"), RD_SPAN("1")};
	static const struct rd_span count[] = {RD_SPAN("0"), RD_SPAN("web"), RD_SPAN("5"),
					       RD_SPAN("1"), RD_SPAN("0")};
	struct rd_sweep sweep = {
	    .prefix = PREFIX, .slot = slot, .before_ms = 1700000000001, .durable = true};

	(void)state;
	rd_ask_sweep(&question, &sweep);
	assert_true(question.durable);
	question.durable = false;
	check(RD_SCRIPT_SWEEP, index_keys, 2, all, 5);
	sweep.before_ms = 0;
	sweep.client = RD_SPAN("web");
	sweep.count_only = true; // writes nothing, so it is not durable
	rd_ask_sweep(&question, &sweep);
	check(RD_SCRIPT_SWEEP, index_keys, 2, count, 5);
}

static void what_was_swept_is_read_whole_or_not_at_all(void **state)
{
	static const char whole[] = "D" NOW_TXT "\0\0\1\2\0\0\0\3\1\0\0\0";
	struct rd_answer answer = {.count = 1, .part = {{whole, sizeof whole - 1}}};
	struct rd_swept swept;

	(void)state;
	assert_int_equal(rd_read_sweep(&answer, &swept), RD_OK);
	assert_int_equal(swept.ended, 0x102);
	assert_int_equal(swept.over, 3);
	assert_int_equal(swept.stand, 0x1000000);
	for (size_t len = 0; len < sizeof whole - 1; len++) {
		answer.part[0] = copy_of((struct rd_span){whole, len});
		assert_int_equal(rd_read_sweep(&answer, &swept), RD_STORE_OUT);
	}
	answer = (struct rd_answer){.away = true};
	assert_int_equal(rd_read_sweep(&answer, &swept), RD_STORE_OUT);
	answer = (struct rd_answer){.count = 1, .part = {RD_SPAN("A" NOW_TXT "123412341234")}};
	assert_int_equal(rd_read_sweep(&answer, &swept), RD_STORE_OUT);
	copies_free();
}

static void users_come_page_by_page(void **state)
{
	static const struct rd_span args[] = {RD_SPAN("17"), RD_SPAN("500"), RD_SPAN("rd:{*}:u")};
	static const char text[] = "ABCDEFGHIJIABCDEFGHIJI";
	uint8_t one[RD_SLOT_LEN];

	(void)state;
	rd_ask_users(&question, PREFIX, args[0]);
	check(RD_SCRIPT_USERS, NULL, 0, args, 3);
	for (size_t len = 0; len < sizeof text; len++) {
		struct rd_span rest = copy_of((struct rd_span){text, len});

		for (size_t i = 0; i < len / 11; i++) {
			assert_true(rd_users_next(&rest, one));
			assert_memory_equal(one, slot, sizeof one);
		}
		assert_false(rd_users_next(&rest, one));
		copies_free();
	}
}

static void a_key_that_is_none_of_ours_is_passed_over(void **state)
{
	struct rd_span rest = RD_SPAN("not a slot!ABCDEFGHIJI");
	uint8_t one[RD_SLOT_LEN];

	(void)state;
	assert_true(rd_users_next(&rest, one));
	assert_memory_equal(one, slot, sizeof one);
	assert_false(rd_users_next(&rest, one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sweep_says_whose_and_since_when),
	    cmocka_unit_test(what_was_swept_is_read_whole_or_not_at_all),
	    cmocka_unit_test(users_come_page_by_page),
	    cmocka_unit_test(a_key_that_is_none_of_ours_is_passed_over),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
