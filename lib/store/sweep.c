// Questions and answers of the administrator's work over many users.
#include "base/b64.h"
#include "store/question.h"

#define KEYS_PAGE     500 // looked at in one question: Redis stands still for it, well under a ms
#define SLOT_TEXT_LEN RD_B64_LEN(RD_SLOT_LEN)

void rd_ask_sweep(struct rd_question *out, const struct rd_sweep *sweep)
{
	rd_question_start(out, RD_SCRIPT_SWEEP);
	rd_question_key(out, sweep->prefix, sweep->slot, "u", (struct rd_span){0});
	rd_question_key(out, sweep->prefix, sweep->slot, "f:", (struct rd_span){0});
	rd_question_int(out, sweep->before_ms);
	rd_question_arg(out, sweep->client);
	rd_question_int(out, RD_REASON_ADMIN);
	rd_question_int(out, sweep->count_only);
	out->durable = sweep->durable && !sweep->count_only;
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

void rd_ask_users(struct rd_question *out, struct rd_span prefix, struct rd_span cursor)
{
	rd_question_start(out, RD_SCRIPT_USERS);
	rd_question_scan(out, cursor, KEYS_PAGE, prefix, "u");
}

bool rd_users_next(struct rd_span *rest, uint8_t slot[static RD_SLOT_LEN])
{
	while (rest->len >= SLOT_TEXT_LEN) {
		const struct rd_span text = {rest->ptr, SLOT_TEXT_LEN};

		*rest = (struct rd_span){rest->ptr + SLOT_TEXT_LEN, rest->len - SLOT_TEXT_LEN};
		if (rd_b64_decode(slot, RD_SLOT_LEN, text) == RD_SLOT_LEN)
			return true;
	}
	return false;
}
