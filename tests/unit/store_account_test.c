// Questions and answers about an account, and about all of them.
#include "copies_fixture.h"
#include "question_fixture.h"

static const char *const account_keys[] = {"rd:{ABCDEFGHIJI}:a", "rd:{ABCDEFGHIJI}:b"};

static void a_login_asks_for_the_account_and_its_failed_ones(void **state)
{
	static const struct rd_span args[] = {RD_SPAN("5"), RD_SPAN("60000")};

	(void)state;
	rd_ask_login(&question, &(struct rd_login){PREFIX, slot, 5, 60000});
	check(RD_SCRIPT_LOGIN, account_keys, 2, args, 2);
}

#define FOUR(a, b, c, d)                           \
	{                                          \
		.count = 4, .part = { a, b, c, d } \
	}
#define NIL ((struct rd_span){NULL, 0})

static void an_account_is_read_or_absent_or_has_to_wait_or_out(void **state)
{
	static const struct {
		struct rd_answer answer;
		enum rd_result result;
		bool disabled;
		int64_t wait_ms;
	} rows[] = {
	    {FOUR(RD_SPAN("a"), RD_SPAN("h"), NIL, NIL), RD_OK, false, 0},
	    {FOUR(RD_SPAN("a"), RD_SPAN("h"), RD_SPAN("1"), NIL), RD_OK, true, 0},
	    {FOUR(RD_SPAN("a"), RD_SPAN("h"), RD_SPAN(""), NIL), RD_OK, true, 0},
	    {FOUR(NIL, NIL, NIL, NIL), RD_NO_RECORD, false, 0},
	    {FOUR(RD_SPAN("a"), NIL, NIL, NIL), RD_NO_RECORD, false, 0},
	    {FOUR(NIL, RD_SPAN("h"), NIL, NIL), RD_NO_RECORD, false, 0},
	    {FOUR(NIL, NIL, NIL, RD_SPAN("1")), RD_WAIT, false, 1},
	    {FOUR(RD_SPAN("a"), NIL, NIL, RD_SPAN("86400000")), RD_WAIT, false, 86400000},
	    {FOUR(NIL, NIL, NIL, RD_SPAN("")), RD_STORE_OUT, false, 0},
	    {FOUR(NIL, NIL, NIL, RD_SPAN("-1")), RD_STORE_OUT, false, 0},
	    {FOUR(NIL, NIL, NIL, RD_SPAN("1.5")), RD_STORE_OUT, false, 0},
	    {FOUR(NIL, NIL, NIL, RD_SPAN("9999999999999")), RD_STORE_OUT, false, 0},
	    {{.count = 3, .part = {RD_SPAN("a"), RD_SPAN("h")}}, RD_STORE_OUT, false, 0},
	    {{.count = 0}, RD_STORE_OUT, false, 0},
	    {{.integer = 1}, RD_STORE_OUT, false, 0},
	    {{.away = true, .count = 4, .part = {RD_SPAN("a"), RD_SPAN("h")}},
	     RD_STORE_OUT,
	     false,
	     0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_account account = {0};
		int64_t wait_ms = 99;

		assert_int_equal(rd_read_login(&rows[i].answer, &account, &wait_ms),
				 rows[i].result);
		assert_int_equal(wait_ms, rows[i].wait_ms);
		if (rows[i].result == RD_WAIT)
			assert_true(rd_span_is(account.name, rows[i].answer.part[0]));
		if (rows[i].result != RD_OK)
			continue;
		assert_text(account.name, "a");
		assert_text(account.hash, "h");
		assert_int_equal(account.disabled, rows[i].disabled);
	}
}

static void an_account_is_changed_by_its_slot(void **state)
{
	static const struct rd_span args[] = {RD_SPAN("password"), RD_SPAN("anna"),
					      RD_SPAN("$new")};

	(void)state;
	rd_ask_account(&question, PREFIX, slot, "password",
		       &(struct rd_account){.name = args[1], .hash = args[2]});
	check(RD_SCRIPT_ACCOUNT, account_keys, 1, args, COUNT(args));
}

static void accounts_come_page_by_page(void **state)
{
	static const struct rd_span args[] = {RD_SPAN("17"), RD_SPAN("200"), RD_SPAN("rd:{*}:a")};
	static const char text[] = "\4anna0\3bob1";
	struct rd_account account;

	(void)state;
	rd_ask_accounts(&question, PREFIX, args[0]);
	check(RD_SCRIPT_ACCOUNTS, NULL, 0, args, 3);
	for (size_t len = 0; len < sizeof text; len++) {
		struct rd_span rest = copy_of((struct rd_span){text, len});

		assert_int_equal(rd_accounts_next(&rest, &account), len >= 6);
		if (len >= 6) {
			assert_text(account.name, "anna");
			assert_false(account.disabled);
			assert_int_equal(rd_accounts_next(&rest, &account), len >= 11);
		}
		if (len >= 11) {
			assert_text(account.name, "bob");
			assert_true(account.disabled);
			assert_false(rd_accounts_next(&rest, &account));
		}
	}
	copies_free();
}

static void a_prefix_means_itself_when_keys_are_searched(void **state)
{
	static const struct rd_span args[] = {RD_SPAN("0"), RD_SPAN("200"),
					      RD_SPAN("r\\*\\?\\[a\\]\\\\:{*}:a")};

	(void)state;
	rd_ask_accounts(&question, RD_SPAN("r*?[a]\\:"), args[0]);
	check(RD_SCRIPT_ACCOUNTS, NULL, 0, args, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_login_asks_for_the_account_and_its_failed_ones),
	    cmocka_unit_test(an_account_is_read_or_absent_or_has_to_wait_or_out),
	    cmocka_unit_test(an_account_is_changed_by_its_slot),
	    cmocka_unit_test(accounts_come_page_by_page),
	    cmocka_unit_test(a_prefix_means_itself_when_keys_are_searched),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
