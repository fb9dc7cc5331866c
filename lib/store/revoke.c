// Questions and answers about a user: all of the sessions, and the account.
#include <assert.h>
#include "store/question.h"

#define ACCOUNTS_PAGE 200

void rd_ask_revoke(struct rd_question *out, const struct rd_revocation *r)
{
	rd_question_start(out, RD_SCRIPT_REVOKE);
	rd_question_key(out, r->prefix, r->slot, "u", (struct rd_span){0});
	rd_question_key(out, r->prefix, r->slot, "f:", (struct rd_span){0});
	assert(!r->keep_asker || (r->asker && !r->sid));
	if (r->sid)
		rd_question_arg(out, rd_sid_span(r->sid));
	else
		rd_question_arg(out, r->keep_asker ? RD_SPAN("-") : RD_SPAN("*"));
	rd_question_arg(out, rd_sid_span(r->asker));
	rd_question_arg(out, r->client);
	rd_question_int(out, r->reason);
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

void rd_ask_sessions(struct rd_question *out, struct rd_span prefix,
		     const uint8_t slot[static RD_SLOT_LEN], size_t skip, const char *asker)
{
	rd_question_start(out, RD_SCRIPT_SESSIONS);
	rd_question_key(out, prefix, slot, "u", (struct rd_span){0});
	rd_question_key(out, prefix, slot, "f:", (struct rd_span){0});
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
		struct rd_span text;

		*sid = (struct rd_span){s->rest.ptr, RD_SID_TEXT_LEN};
		s->rest = (struct rd_span){s->rest.ptr + sid->len, s->rest.len - sid->len};
		text.len = rd_take_int(&s->rest, 2);
		text.ptr = s->rest.ptr;
		if (text.len > s->rest.len)
			return false;
		s->rest = (struct rd_span){text.ptr + text.len, s->rest.len - text.len};
		if (rd_record_read(text, record))
			return true;
	}
	return false;
}

void rd_ask_login(struct rd_question *out, const struct rd_login *login)
{
	rd_question_start(out, RD_SCRIPT_LOGIN);
	rd_question_key(out, login->prefix, login->slot, "a", (struct rd_span){0});
	rd_question_key(out, login->prefix, login->slot, "b", (struct rd_span){0});
	rd_question_int(out, login->tries);
	rd_question_int(out, login->wait_max_ms);
}

// A decimal number; -1 for none, or for one that no wait can have.
static int64_t number(struct rd_span text)
{
	int64_t n = 0;

	if (text.len < 1 || text.len > 12)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return -1;
		n = n * 10 + (text.ptr[i] - '0');
	}
	return n;
}

enum rd_result rd_read_login(const struct rd_answer *answer, struct rd_account *out,
			     int64_t *wait_ms)
{
	*wait_ms = 0;
	*out = (struct rd_account){0};
	if (answer->away || answer->count != 4)
		return RD_STORE_OUT;
	if (answer->part[3].ptr) {
		*wait_ms = number(answer->part[3]);
		out->name = answer->part[0];
		return *wait_ms < 0 ? RD_STORE_OUT : RD_WAIT;
	}
	if (!answer->part[0].ptr || !answer->part[1].ptr)
		return RD_NO_RECORD;
	out->name = answer->part[0];
	out->hash = answer->part[1];
	out->disabled = answer->part[2].ptr != NULL;
	return RD_OK;
}

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

void rd_ask_accounts(struct rd_question *out, struct rd_span prefix, struct rd_span cursor)
{
	rd_question_start(out, RD_SCRIPT_ACCOUNTS);
	rd_question_scan(out, cursor, ACCOUNTS_PAGE, prefix, "a");
}

bool rd_accounts_next(struct rd_span *rest, struct rd_account *account)
{
	size_t len = rest->len ? (uint8_t)rest->ptr[0] : 0;

	if (!len || rest->len < len + 2)
		return false;
	*account = (struct rd_account){.name = {rest->ptr + 1, len},
				       .disabled = rest->ptr[1 + len] == '1'};
	*rest = (struct rd_span){rest->ptr + len + 2, rest->len - len - 2};
	return true;
}
