// Questions and answers about a user's sessions.
#include "copies_fixture.h"
#include "question_fixture.h"
#include "record_fixture.h"

#define NOW     0x010203040506
#define ASKER   "AAAAAAAAAAAAAAAAAAAAAA"
#define NOW_TXT "\x01\x02\x03\x04\x05\x06"

static const char *const index_keys[] = {"rd:{ABCDEFGHIJI}:u", "rd:{ABCDEFGHIJI}:f:"};

static void revoke_says_which_for_whom_and_why(void **state)
{
	static const struct {
		struct rd_revocation revocation;
		struct rd_span args[4];
	} rows[] = {
	    {{.sid = SID, .reason = RD_REASON_ADMIN},
	     {RD_SPAN(SID), RD_SPAN(""), RD_SPAN(""), RD_SPAN("5")}},
	    {{.sid = SID, .client = RD_SPAN("web"), .reason = RD_REASON_LOGOUT},
	     {RD_SPAN(SID), RD_SPAN(""), RD_SPAN("web"), RD_SPAN("3")}},
	    {{.sid = SID, .asker = ASKER, .reason = RD_REASON_USER},
	     {RD_SPAN(SID), RD_SPAN(ASKER), RD_SPAN(""), RD_SPAN("4")}},
	    {{.reason = RD_REASON_ACCOUNT}, {RD_SPAN("*"), RD_SPAN(""), RD_SPAN(""), RD_SPAN("6")}},
	    {{.asker = ASKER, .reason = RD_REASON_USER},
	     {RD_SPAN("*"), RD_SPAN(ASKER), RD_SPAN(""), RD_SPAN("4")}},
	    {{.asker = ASKER, .keep_asker = true, .reason = RD_REASON_USER},
	     {RD_SPAN("-"), RD_SPAN(ASKER), RD_SPAN(""), RD_SPAN("4")}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int durable = 0; durable < 2; durable++) {
			struct rd_revocation revocation = rows[i].revocation;
			struct rd_span args[5];

			revocation.prefix = PREFIX;
			revocation.slot = slot;
			revocation.durable = durable;
			rd_ask_revoke(&question, &revocation);
			assert_int_equal(question.durable, durable);
			question.durable = false;
			memcpy(args, rows[i].args, sizeof rows[i].args);
			args[4] = durable ? RD_SPAN("1") : RD_SPAN("0");
			check(RD_SCRIPT_REVOKE, index_keys, 2, args, 5);
		}
}

static void a_revocation_is_done_or_refused_or_not_known(void **state)
{
	static const struct {
		struct rd_answer answer;
		enum rd_result result;
		uint32_t count;
	} rows[] = {
	    {{.count = 1, .part = {RD_SPAN("D" NOW_TXT "\0\0\0\0")}}, RD_OK, 0},
	    {{.count = 1, .part = {RD_SPAN("D" NOW_TXT "\0\1\2\3")}}, RD_OK, 0x10203},
	    {{.count = 1, .part = {RD_SPAN("A" NOW_TXT "\0\0\0\0")}}, RD_NO_RECORD, 0},
	    {{.count = 1, .part = {RD_SPAN("V" NOW_TXT "\0\0\0\0")}}, RD_REVOKED, 0},
	    {{.count = 1, .part = {RD_SPAN("W" NOW_TXT "\0\0\0\0")}}, RD_WRONG_CLIENT, 0},
	    {{.count = 1, .part = {RD_SPAN("R" NOW_TXT "\0\0\0\0")}}, RD_STORE_OUT, 0},
	    {{.count = 1, .part = {RD_SPAN("\0" NOW_TXT "\0\0\0\0")}}, RD_STORE_OUT, 0},
	    {{.count = 1, .part = {RD_SPAN("D" NOW_TXT "\0\0\0")}}, RD_STORE_OUT, 0},
	    {{.count = 1, .part = {RD_SPAN("D" NOW_TXT "\0\0\0\0\0")}}, RD_STORE_OUT, 0},
	    {{.count = 1, .part = {RD_SPAN("D")}}, RD_STORE_OUT, 0},
	    {{.count = 1}, RD_STORE_OUT, 0},
	    {{.count = 0}, RD_STORE_OUT, 0},
	    {{.integer = 1}, RD_STORE_OUT, 0},
	    {{.away = true, .count = 1, .part = {RD_SPAN("D" NOW_TXT "\0\0\0\1")}},
	     RD_STORE_OUT,
	     0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint32_t count = 99;

		assert_int_equal(rd_read_revoke(&rows[i].answer, &count), rows[i].result);
		assert_int_equal(count, rows[i].count);
	}
}

static void sessions_are_asked_for_by_the_page(void **state)
{
	static const struct rd_span args[] = {RD_SPAN("200"), RD_SPAN("100"), RD_SPAN(SID)};
	static const struct rd_span all[] = {RD_SPAN("0"), RD_SPAN("100"), RD_SPAN("")};
	static const char *const keys[] = {"rd:{ABCDEFGHIJI}:f:" SID};

	(void)state;
	rd_ask_sessions(&question, PREFIX, slot, 200, SID);
	check(RD_SCRIPT_SESSIONS, index_keys, 2, args, 3);
	rd_ask_sessions(&question, PREFIX, slot, 0, NULL);
	check(RD_SCRIPT_SESSIONS, index_keys, 2, all, 3);
	rd_ask_session(&question, PREFIX, slot, SID);
	check(RD_SCRIPT_SESSION, keys, 1, NULL, 0);
}

// A page with count sessions; the second one's record is of version, which may be one unknown.
static struct rd_span page(size_t count, int version)
{
	static char text[8192];
	struct rd_record record = {.user = RD_SPAN("anna"), .client = RD_SPAN("web")};
	struct rd_buf buf = RD_BUF(text);

	rd_put_lit(&buf, "G" NOW_TXT);
	record_put_int(&buf, 1000, 4);
	for (size_t i = 0; i < count; i++) {
		rd_put_lit(&buf, SID);
		record_put_int(&buf, RD_RECORD_HEAD + 9 + 7, 2);
		record.generation = (uint32_t)i;
		record_put(&buf, &record);
		if (i == 1)
			text[buf.len - (RD_RECORD_HEAD + 9 + 7)] = (char)version;
	}
	return rd_buf_span(&buf);
}

static size_t taken(struct rd_span text)
{
	const struct rd_answer answer = {.count = 1, .part = {copy_of(text)}};
	struct rd_sessions sessions;
	struct rd_record record;
	struct rd_span sid;
	size_t count = 0;

	if (rd_read_sessions(&answer, &sessions) != RD_OK) {
		copies_free();
		return SIZE_MAX;
	}
	assert_int_equal(sessions.now_ms, NOW);
	assert_int_equal(sessions.total, 1000);
	for (; rd_sessions_next(&sessions, &sid, &record); count++) {
		assert_text(sid, SID);
		assert_text(record.user, "anna");
	}
	assert_false(rd_sessions_next(&sessions, &sid, &record));
	copies_free();
	return count;
}

static void a_page_gives_its_sessions_one_by_one(void **state)
{
	(void)state;
	for (size_t count = 0; count < 5; count++)
		assert_int_equal(taken(page(count, 1)), count);
	assert_int_equal(taken(page(4, 2)), 3); // another version's record is passed over
}

// What is cut gives the whole sessions before the cut, and nothing is read behind it (sanitizer).
static void a_page_cut_anywhere_gives_what_is_whole(void **state)
{
	const struct rd_span whole = page(3, 1);
	const size_t head = 1 + 6 + 4, each = (whole.len - head) / 3;

	(void)state;
	for (size_t len = 0; len < whole.len; len++)
		assert_int_equal(taken((struct rd_span){whole.ptr, len}),
				 len < head ? SIZE_MAX : (len - head) / each);
}

static void an_asker_whose_session_is_over_gets_no_page(void **state)
{
	static const struct {
		struct rd_answer answer;
		enum rd_result result;
	} rows[] = {
	    {{.count = 1, .part = {RD_SPAN("V" NOW_TXT "\0\0\0\0")}}, RD_REVOKED},
	    {{.count = 1, .part = {RD_SPAN("A" NOW_TXT "\0\0\0\0")}}, RD_STORE_OUT},
	    {{.count = 1, .part = {RD_SPAN("D" NOW_TXT "\0\0\0\0")}}, RD_STORE_OUT},
	    {{.away = true}, RD_STORE_OUT},
	    {{.count = 0}, RD_STORE_OUT},
	    {{.integer = 1}, RD_STORE_OUT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_sessions sessions;
		struct rd_record record;
		struct rd_span sid;

		assert_int_equal(rd_read_sessions(&rows[i].answer, &sessions), rows[i].result);
		assert_false(rd_sessions_next(&sessions, &sid, &record));
	}
}

static void a_session_that_is_looked_at_stands_or_is_over(void **state)
{
	static const struct {
		struct rd_record record;
		int64_t idle_ms;
		enum rd_result result;
	} rows[] = {
	    {{.seen_ms = NOW - 9, .expires_ms = NOW + 1}, 10, RD_OK},
	    {{.seen_ms = NOW - 10, .expires_ms = NOW + 1}, 10, RD_EXPIRED},
	    {{.seen_ms = NOW, .expires_ms = NOW}, 10, RD_EXPIRED},
	    {{.revoked = true, .seen_ms = NOW, .expires_ms = NOW + 1}, 10, RD_REVOKED},
	    {{.revoked = true, .seen_ms = NOW - 10, .expires_ms = NOW}, 10, RD_REVOKED},
	};
	struct rd_turn turn;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[200];
		struct rd_buf buf = RD_BUF(text);

		rd_put_lit(&buf, "G" NOW_TXT);
		record_put(&buf, &rows[i].record);
		assert_int_equal(
		    rd_read_session(&(struct rd_answer){.count = 1, .part = {rd_buf_span(&buf)}},
				    &turn),
		    RD_OK);
		assert_int_equal(rd_session_state(&turn, rows[i].idle_ms), rows[i].result);
		text[0] = 'R';
		assert_int_equal(
		    rd_read_session(&(struct rd_answer){.count = 1, .part = {rd_buf_span(&buf)}},
				    &turn),
		    RD_STORE_OUT);
	}
	assert_int_equal(
	    rd_read_session(&(struct rd_answer){.count = 1, .part = {RD_SPAN("A" NOW_TXT)}}, &turn),
	    RD_NO_RECORD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(revoke_says_which_for_whom_and_why),
	    cmocka_unit_test(a_revocation_is_done_or_refused_or_not_known),
	    cmocka_unit_test(sessions_are_asked_for_by_the_page),
	    cmocka_unit_test(a_page_gives_its_sessions_one_by_one),
	    cmocka_unit_test(a_page_cut_anywhere_gives_what_is_whole),
	    cmocka_unit_test(an_asker_whose_session_is_over_gets_no_page),
	    cmocka_unit_test(a_session_that_is_looked_at_stands_or_is_over),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
