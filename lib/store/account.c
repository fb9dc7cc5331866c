#include "store/question.h"

void rd_ask_account(struct rd_question *out, struct rd_span prefix,
		    const uint8_t slot[static RD_SLOT_LEN], const char *what,
		    const struct rd_account *account)
{
	rd_question_start(out, RD_SCRIPT_ACCOUNT);
	rd_question_key(out, prefix, slot, "a", (struct rd_span){0});
	rd_question_arg(out, rd_span(what));
	rd_question_arg(out, account->name);
	rd_question_arg(out, account->hash);
}
