#include "store/question.h"

void rd_ask_session(struct rd_question *out, struct rd_span prefix,
		    const uint8_t slot[static RD_SLOT_LEN], const char *sid)
{
	rd_question_start(out, RD_SCRIPT_SESSION);
	rd_question_key(out, prefix, slot, "f:", rd_sid_span(sid));
}

enum rd_result rd_read_session(const struct rd_answer *answer, struct rd_turn *out)
{
	return rd_answer_turn(answer, 1, "GA", out);
}

enum rd_result rd_session_state(const struct rd_turn *turn, int64_t idle_ms)
{
	if (turn->record.revoked)
		return RD_REVOKED;
	if (turn->now_ms >= turn->record.expires_ms ||
	    turn->now_ms >= turn->record.seen_ms + idle_ms)
		return RD_EXPIRED;
	return RD_OK;
}
