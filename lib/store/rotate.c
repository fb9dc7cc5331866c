#include "store/question.h"

void rd_ask_rotate(struct rd_question *out, const struct rd_rotation *rotation)
{
	rd_question_start(out, RD_SCRIPT_ROTATE);
	rd_question_session_keys(out, rotation->prefix, rotation->token->slot, rotation->sid);
	rd_question_int(out, rotation->token->generation);
	rd_question_arg(out, rotation->client);
	rd_question_int(out, rotation->grace_ms);
	rd_question_int(out, rotation->idle_ms);
	rd_question_int(out, rotation->kid);
	rd_question_int(out, rotation->rotate);
	rd_question_arg(out, rotation->scope);
	rd_question_int(out, rotation->late_ms);
	rd_question_arg(out,
			(struct rd_span){(const char *)rotation->fingerprint, RD_FINGERPRINT_LEN});
	rd_question_int(out, rotation->adopt);
}

enum rd_result rd_read_rotate(const struct rd_answer *answer, struct rd_turn *out)
{
	return rd_answer_turn(answer, 1, "RCPLHKAVEWUFSX", out);
}
