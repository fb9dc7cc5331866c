// The input is taken as a record and as an answer of each script. What is read, written again, is
// the same bytes; an answer that gives a token has a whole record.
#include "store/store.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/record_fixture.h"

static void written_again(const struct rd_record *record, struct rd_span bytes)
{
	char text[RD_RECORD_HEAD + RD_RECORD_VAR_MAX];
	struct rd_buf buf = RD_BUF(text);

	record_put(&buf, record);
	MUST(rd_buf_ok(&buf) && buf.len == bytes.len);
	if (record->revoked)
		text[1] = bytes.ptr[1];       // any other than 0 means it
	memcpy(text + 21, bytes.ptr + 21, 5); // the fingerprint is not read
	MUST(rd_span_is(rd_buf_span(&buf), bytes));
}

static size_t record_size(const struct rd_record *r)
{
	return RD_RECORD_HEAD + 9 + r->user.len + r->client.len + r->ip.len + r->scope.len +
	       r->claims.len + r->agent.len;
}

static void as_answer(struct rd_span text)
{
	const struct rd_answer answer = {.count = 1, .part = {text}};
	struct rd_turn turn;
	enum rd_result result = rd_read_rotate(&answer, &turn);

	MUST(result == RD_OK || result == RD_STORE_OUT || result == RD_BAD_SCOPE ||
	     (result >= RD_NO_RECORD && result <= RD_FUTURE));
	if (result != RD_STORE_OUT && result != RD_NO_RECORD)
		written_again(&turn.record, (struct rd_span){text.ptr + 7, text.len - 7});
	MUST(rd_read_issue(&answer, &turn) == RD_STORE_OUT); // it wants two parts
	result = rd_read_session(&answer, &turn);
	MUST(result == RD_OK || result == RD_NO_RECORD || result == RD_STORE_OUT);
	if (result == RD_OK)
		written_again(&turn.record, (struct rd_span){text.ptr + 7, text.len - 7});
}

// The same bytes with a second part, as issue.lua answers.
static void as_issued(struct rd_span text)
{
	const struct rd_answer answer = {.count = 2, .part = {text, text}};
	struct rd_turn turn;
	const enum rd_result result = rd_read_issue(&answer, &turn);

	MUST(result == RD_OK || result == RD_STORE_OUT);
	if (result == RD_OK)
		written_again(&turn.record, (struct rd_span){text.ptr + 7, text.len - 7});
	MUST(turn.ended.len == 0 || turn.ended.len == RD_SID_TEXT_LEN);
	MUST(rd_read_rotate(&answer, &turn) == RD_STORE_OUT);
}

static void as_list(struct rd_span text)
{
	const struct rd_answer answer = {.count = 1, .part = {text}};
	struct rd_sessions sessions;
	struct rd_account account;
	struct rd_record record;
	struct rd_span sid;
	uint32_t count;

	if (rd_read_revoke(&answer, &count) != RD_STORE_OUT)
		MUST(text.len == 11);
	if (rd_read_sessions(&answer, &sessions) == RD_OK)
		while (rd_sessions_next(&sessions, &sid, &record)) {
			MUST(sid.ptr > text.ptr && sid.ptr + sid.len < text.ptr + text.len);
			written_again(&record, (struct rd_span){sid.ptr + RD_SID_TEXT_LEN + 2,
								record_size(&record)});
		}
	while (rd_accounts_next(&text, &account))
		MUST(account.name.len >= 1 && account.name.len <= RD_USER_MAX);
}

static void as_login(struct rd_span text)
{
	const struct rd_answer answers[] = {{.count = 4, .part = {text, text}},
					    {.count = 4, .part[3] = text}};
	struct rd_account account;
	int64_t wait_ms;

	MUST(rd_read_login(&answers[0], &account, &wait_ms) == (text.ptr ? RD_OK : RD_NO_RECORD));
	MUST(wait_ms == 0);
	if (rd_read_login(&answers[1], &account, &wait_ms) == RD_WAIT)
		MUST(wait_ms >= 0 && wait_ms <= 999999999999);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd_record record;

	if (rd_record_read(input(data, size), &record))
		written_again(&record, input(data, size));
	as_answer(input(data, size));
	as_issued(input(data, size));
	as_list(input(data, size));
	as_login(input(data, size));
	return 0;
}
