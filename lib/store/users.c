#include "base/b64.h"
#include "store/question.h"

#define KEYS_PAGE     500 // looked at in one question: it holds Redis up for well under a ms
#define SLOT_TEXT_LEN RD_B64_LEN(RD_SLOT_LEN)

void rd_ask_users(struct rd_question *out, struct rd_span prefix, struct rd_span cursor)
{
	rd_question_start(out, RD_SCRIPT_USERS);
	rd_question_scan(out, cursor, KEYS_PAGE, prefix, "u");
}

bool rd_users_next(struct rd_span *rest, uint8_t slot[static RD_SLOT_LEN])
{
	while (rest->len >= SLOT_TEXT_LEN)
		if (rd_b64_decode(slot, RD_SLOT_LEN, rd_span_take(rest, SLOT_TEXT_LEN)) ==
		    RD_SLOT_LEN)
			return true;
	return false;
}
