#include <assert.h>
#include "store/question.h"

void rd_ask_revoke(struct rd_question *out, const struct rd_revocation *r)
{
	assert(!r->keep_asker || (r->asker && !r->sid));
	rd_question_start(out, RD_SCRIPT_REVOKE);
	rd_question_user_keys(out, r->prefix, r->slot);
	if (r->sid)
		rd_question_arg(out, rd_sid_span(r->sid));
	else
		rd_question_arg(out, r->keep_asker ? RD_SPAN("-") : RD_SPAN("*"));
	rd_question_arg(out, rd_sid_span(r->asker));
	rd_question_arg(out, r->client);
	rd_question_int(out, r->reason);
	rd_question_int(out, r->durable);
	out->durable = r->durable;
}

enum rd_result rd_read_revoke(const struct rd_answer *answer, uint32_t *count)
{
	struct rd_turn turn = {0};
	struct rd_span rest;
	enum rd_result result = rd_answer_open(answer, "DAVW", &turn, &rest);

	*count = 0;
	if (result == RD_STORE_OUT || rest.len != 4)
		return RD_STORE_OUT;
	*count = (uint32_t)rd_take_int(&rest, 4);
	return result;
}
