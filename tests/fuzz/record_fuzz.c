// The input is taken as a record and as an answer of rotate. What is read, written again, is the
// same bytes; an answer that gives a token has a whole record.
#include "store/store.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/record.h"

static void written_again(const struct rd_record *record, struct rd_span bytes)
{
	char text[RD_RECORD_HEAD + RD_RECORD_VAR_MAX];
	struct rd_buf buf = RD_BUF(text);

	record_put(&buf, record);
	MUST(rd_buf_ok(&buf) && buf.len == bytes.len);
	if (record->revoked)
		text[1] = bytes.ptr[1]; // any other than 0 means it
	MUST(rd_span_is(rd_buf_span(&buf), bytes));
}

static void as_answer(struct rd_span text)
{
	const struct rd_answer answer = {.count = 1, .part = {text}};
	struct rd_turn turn;
	enum rd_result result = rd_read_rotate(&answer, &turn);

	MUST(result == RD_OK || result == RD_STORE_OUT || result == RD_BAD_SCOPE ||
	     (result >= RD_ABSENT && result <= RD_FUTURE));
	if (result != RD_STORE_OUT && result != RD_ABSENT)
		written_again(&turn.record, (struct rd_span){text.ptr + 7, text.len - 7});
	MUST(rd_read_issue(&answer, &turn) != RD_OK || result == RD_STORE_OUT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd_record record;

	if (rd_record_read(input(data, size), &record))
		written_again(&record, input(data, size));
	as_answer(input(data, size));
	return 0;
}
