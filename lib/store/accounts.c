#include "store/question.h"

#define ACCOUNTS_PAGE 200

void rd_ask_accounts(struct rd_question *out, struct rd_span prefix, struct rd_span cursor)
{
	rd_question_start(out, RD_SCRIPT_ACCOUNTS);
	rd_question_scan(out, cursor, ACCOUNTS_PAGE, prefix, "a");
}

bool rd_accounts_next(struct rd_span *rest, struct rd_account *account)
{
	const size_t len = rest->len ? (uint8_t)rest->ptr[0] : 0;

	if (len == 0 || rest->len < len + 2)
		return false;
	(void)rd_span_take(rest, 1);
	account->name = rd_span_take(rest, len);
	account->hash = (struct rd_span){0};
	account->disabled = rd_span_take(rest, 1).ptr[0] == '1';
	return true;
}
