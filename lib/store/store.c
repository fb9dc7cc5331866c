#include "store/store.h"
#include <assert.h>
#include "base/b64.h"

// Copies bytes into the question's own text.
static struct rd_span keep(struct rd_question *q, const void *bytes, size_t len)
{
	struct rd_span span = {q->text + q->text_len, len};

	assert(q->text_len + len <= sizeof q->text);
	if (len)
		memcpy(q->text + q->text_len, bytes, len);
	q->text_len += len;
	return span;
}

static void start(struct rd_question *q, enum rd_script script)
{
	q->script = script;
	q->keys = q->args = q->text_len = 0;
}

static void arg(struct rd_question *q, struct rd_span bytes)
{
	assert(q->args < RD_ARGS_PER_QUESTION);
	q->arg[q->args++] = keep(q, bytes.ptr, bytes.len);
}

static void arg_int(struct rd_question *q, int64_t n)
{
	char digits[20];
	struct rd_buf buf = RD_BUF(digits);

	assert(n >= 0);
	rd_put_u64(&buf, (uint64_t)n);
	arg(q, rd_buf_span(&buf));
}

// prefix{slot}:what — the braces make all of one user's keys share a Redis Cluster slot.
static void key(struct rd_question *q, struct rd_span prefix, const uint8_t *slot, const char *what,
		const uint8_t *family)
{
	char text[128];
	struct rd_buf buf = RD_BUF(text);

	rd_put_span(&buf, prefix);
	rd_put_lit(&buf, "{");
	rd_put_b64(&buf, slot, RD_SLOT_LEN);
	rd_put_lit(&buf, "}:");
	rd_put_str(&buf, what);
	if (family)
		rd_put_b64(&buf, family, RD_FAMILY_LEN);
	assert(rd_buf_ok(&buf) && q->keys < RD_KEYS_PER_QUESTION);
	q->key[q->keys++] = keep(q, buf.ptr, buf.len);
}

static void family_keys(struct rd_question *q, struct rd_span prefix, const struct rd_token *token)
{
	key(q, prefix, token->slot, "f:", token->family);
	key(q, prefix, token->slot, "u", NULL);
}

void rd_ask_rotate(struct rd_question *out, const struct rd_rotation *rotation)
{
	start(out, RD_SCRIPT_ROTATE);
	family_keys(out, rotation->prefix, rotation->token);
	arg_int(out, rotation->token->generation);
	arg(out, rotation->client);
	arg_int(out, rotation->grace_ms);
	arg_int(out, rotation->idle_ms);
	arg_int(out, rotation->kid);
	arg_int(out, rotation->rotate);
	arg(out, rotation->scope);
}

void rd_ask_issue(struct rd_question *out, const struct rd_issue *issue)
{
	char var[RD_RECORD_VAR_MAX];
	struct rd_buf buf = RD_BUF(var);

	start(out, RD_SCRIPT_ISSUE);
	family_keys(out, issue->prefix, issue->token);
	arg_int(out, issue->idle_ms);
	arg_int(out, issue->absolute_ms);
	arg_int(out, issue->auth_time_ms);
	arg_int(out, issue->token->kid);
	arg(out, (struct rd_span){(const char *)issue->seed, RD_SEED_LEN});
	rd_record_put_var(&buf, &issue->about);
	arg(out, rd_buf_span(&buf));
}

// The letters rotate.lua and issue.lua begin their answers with.
static const struct {
	char letter;
	enum rd_result result;
	bool kept;
} turns[] = {
    {'R', RD_OK, false},        {'C', RD_OK, false},      {'P', RD_OK, false},
    {'K', RD_OK, true},         {'I', RD_OK, false},      {'A', RD_ABSENT, false},
    {'V', RD_REVOKED, false},   {'E', RD_EXPIRED, false}, {'W', RD_WRONG_CLIENT, false},
    {'U', RD_REUSE, false},     {'F', RD_FUTURE, false},  {'S', RD_BAD_SCOPE, false},
    {'X', RD_STORE_OUT, false},
};

#define TURN_HEAD 7 // letter and now

// letters: those that the script can begin with.
static enum rd_result read_turn(const struct rd_answer *answer, const char *letters,
				struct rd_turn *out)
{
	const struct rd_span text = answer->part[0];
	enum rd_result result = RD_STORE_OUT;

	if (answer->away || answer->count != 1 || text.len < TURN_HEAD)
		return RD_STORE_OUT;
	for (size_t i = 0; i < sizeof turns / sizeof *turns; i++)
		if (turns[i].letter == text.ptr[0] && strchr(letters, turns[i].letter)) {
			result = turns[i].result;
			out->kept = turns[i].kept;
		}
	out->now_ms = 0;
	for (size_t i = 1; i < TURN_HEAD; i++)
		out->now_ms = out->now_ms << 8 | (uint8_t)text.ptr[i];
	if (result == RD_ABSENT || result == RD_STORE_OUT)
		return result;
	if (!rd_record_read((struct rd_span){text.ptr + TURN_HEAD, text.len - TURN_HEAD},
			    &out->record))
		return RD_STORE_OUT;
	return result;
}

enum rd_result rd_read_rotate(const struct rd_answer *answer, struct rd_turn *out)
{
	return read_turn(answer, "RCPKAVEWUFSX", out);
}

enum rd_result rd_read_issue(const struct rd_answer *answer, struct rd_turn *out)
{
	return read_turn(answer, "I", out);
}

void rd_ask_account(struct rd_question *out, struct rd_span prefix,
		    const uint8_t slot[static RD_SLOT_LEN])
{
	start(out, RD_SCRIPT_ACCOUNT);
	key(out, prefix, slot, "a", NULL);
}

enum rd_result rd_read_account(const struct rd_answer *answer, struct rd_account *out)
{
	if (answer->away || answer->count != 3)
		return RD_STORE_OUT;
	if (!answer->part[0].ptr || !answer->part[1].ptr)
		return RD_ABSENT;
	out->name = answer->part[0];
	out->hash = answer->part[1];
	out->disabled = answer->part[2].ptr != NULL;
	return RD_OK;
}

void rd_ask_account_add(struct rd_question *out, struct rd_span prefix,
			const uint8_t slot[static RD_SLOT_LEN], const struct rd_account *account)
{
	start(out, RD_SCRIPT_ACCOUNT_ADD);
	key(out, prefix, slot, "a", NULL);
	arg(out, account->name);
	arg(out, account->hash);
}
