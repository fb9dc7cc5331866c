#include "store/question.h"

#define WAIT_MAX_MS 999999999999 // 31 years: more is no answer of ours

void rd_ask_login(struct rd_question *out, const struct rd_login *login)
{
	rd_question_start(out, RD_SCRIPT_LOGIN);
	rd_question_key(out, login->prefix, login->slot, "a", (struct rd_span){0});
	rd_question_key(out, login->prefix, login->slot, "b", (struct rd_span){0});
	rd_question_int(out, login->tries);
	rd_question_int(out, login->wait_max_ms);
}

enum rd_result rd_read_login(const struct rd_answer *answer, struct rd_account *out,
			     int64_t *wait_ms)
{
	uint64_t wait;

	*wait_ms = 0;
	*out = (struct rd_account){0};
	if (answer->away || answer->count != 4)
		return RD_STORE_OUT;
	if (answer->part[3].ptr) {
		if (!rd_span_number(answer->part[3], WAIT_MAX_MS, &wait))
			return RD_STORE_OUT;
		*wait_ms = (int64_t)wait;
		out->name = answer->part[0];
		return RD_WAIT;
	}
	if (!answer->part[0].ptr || !answer->part[1].ptr)
		return RD_NO_RECORD;
	out->name = answer->part[0];
	out->hash = answer->part[1];
	out->disabled = answer->part[2].ptr != NULL;
	return RD_OK;
}
