#include "store/question.h"

void rd_ask_sessions(struct rd_question *out, struct rd_span prefix,
		     const uint8_t slot[static RD_SLOT_LEN], size_t skip, const char *asker)
{
	rd_question_start(out, RD_SCRIPT_SESSIONS);
	rd_question_user_keys(out, prefix, slot);
	rd_question_int(out, (int64_t)skip);
	rd_question_int(out, RD_SESSIONS_PAGE);
	rd_question_arg(out, rd_sid_span(asker));
}

enum rd_result rd_read_sessions(const struct rd_answer *answer, struct rd_sessions *out)
{
	struct rd_turn turn = {0};
	enum rd_result result;

	*out = (struct rd_sessions){0};
	result = rd_answer_open(answer, "GV", &turn, &out->rest);
	if (result == RD_STORE_OUT || out->rest.len < 4)
		return RD_STORE_OUT;
	out->now_ms = turn.now_ms;
	out->total = (uint32_t)rd_take_int(&out->rest, 4);
	return result;
}

bool rd_sessions_next(struct rd_sessions *s, struct rd_span *sid, struct rd_record *record)
{
	while (s->rest.len >= RD_SID_TEXT_LEN + 2) {
		size_t len;

		*sid = rd_span_take(&s->rest, RD_SID_TEXT_LEN);
		len = rd_take_int(&s->rest, 2);
		if (len > s->rest.len)
			return false;
		if (rd_record_read(rd_span_take(&s->rest, len), record))
			return true;
	}
	return false;
}
