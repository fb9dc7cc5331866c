#include "store/question.h"

void rd_ask_sweep(struct rd_question *out, const struct rd_sweep *sweep)
{
	rd_question_start(out, RD_SCRIPT_SWEEP);
	rd_question_user_keys(out, sweep->prefix, sweep->slot);
	rd_question_int(out, sweep->before_ms);
	rd_question_arg(out, sweep->client);
	rd_question_int(out, RD_REASON_ADMIN);
	rd_question_int(out, sweep->count_only);
	out->durable = sweep->durable && !sweep->count_only;
	rd_question_int(out, out->durable);
}

enum rd_result rd_read_sweep(const struct rd_answer *answer, struct rd_swept *out)
{
	struct rd_turn turn = {0};
	struct rd_span rest;

	*out = (struct rd_swept){0};
	if (rd_answer_open(answer, "D", &turn, &rest) != RD_OK || rest.len != 12)
		return RD_STORE_OUT;
	out->ended = (uint32_t)rd_take_int(&rest, 4);
	out->over = (uint32_t)rd_take_int(&rest, 4);
	out->stand = (uint32_t)rd_take_int(&rest, 4);
	return RD_OK;
}
