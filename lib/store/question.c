#include "store/question.h"
#include <assert.h>

const struct rd_script_row rd_script_rows[RD_SCRIPT_COUNT] = {
#define RD_SCRIPT_ROW(name, file, least, most) [RD_SCRIPT_##name] = {#file, least, most},
    RD_SCRIPTS(RD_SCRIPT_ROW)
#undef RD_SCRIPT_ROW
};

// A key up to the end of its hash tag: prefix{slot
static struct rd_span tagged(struct rd_span key)
{
	return rd_span_cut(&key, '}');
}

bool rd_question_sound(const struct rd_question *q)
{
	const struct rd_script_row *row = &rd_script_rows[q->script];

	if (q->keys < row->keys_least || q->keys > row->keys_most)
		return false;
	for (size_t i = 1; i < q->keys; i++)
		if (!rd_span_is(tagged(q->key[i]), tagged(q->key[0])))
			return false;
	return true;
}

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

void rd_question_start(struct rd_question *q, enum rd_script script)
{
	q->script = script;
	q->durable = false;
	q->keys = q->args = q->text_len = 0;
}

void rd_question_arg(struct rd_question *q, struct rd_span bytes)
{
	assert(q->args < RD_ARGS_PER_QUESTION);
	q->arg[q->args++] = keep(q, bytes.ptr, bytes.len);
}

void rd_question_int(struct rd_question *q, int64_t n)
{
	char digits[20];
	struct rd_buf buf = RD_BUF(digits);

	assert(n >= 0);
	rd_put_u64(&buf, (uint64_t)n);
	rd_question_arg(q, rd_buf_span(&buf));
}

void rd_question_key(struct rd_question *q, struct rd_span prefix, const uint8_t *slot,
		     const char *name, struct rd_span tail)
{
	char text[128];
	struct rd_buf buf = RD_BUF(text);

	rd_put_span(&buf, prefix);
	rd_put_lit(&buf, "{");
	rd_put_b64(&buf, slot, RD_SLOT_LEN);
	rd_put_lit(&buf, "}:");
	rd_put_str(&buf, name);
	rd_put_span(&buf, tail);
	assert(rd_buf_ok(&buf) && q->keys < RD_KEYS_PER_QUESTION);
	q->key[q->keys++] = keep(q, buf.ptr, buf.len);
}

void rd_question_session_keys(struct rd_question *q, struct rd_span prefix, const uint8_t *slot,
			      const char *sid)
{
	rd_question_key(q, prefix, slot, "f:", rd_sid_span(sid));
	rd_question_key(q, prefix, slot, "u", (struct rd_span){0});
}

void rd_question_user_keys(struct rd_question *q, struct rd_span prefix, const uint8_t *slot)
{
	rd_question_key(q, prefix, slot, "u", (struct rd_span){0});
	rd_question_key(q, prefix, slot, "f:", (struct rd_span){0});
}

void rd_question_scan(struct rd_question *q, struct rd_span cursor, unsigned count,
		      struct rd_span prefix, const char *name)
{
	char text[128];
	struct rd_buf pattern = RD_BUF(text);

	for (size_t i = 0; i < prefix.len; i++) {
		if (strchr("*?[]^\\", prefix.ptr[i]))
			rd_put_lit(&pattern, "\\");
		rd_put(&pattern, prefix.ptr + i, 1);
	}
	rd_put_lit(&pattern, "{*}:");
	rd_put_str(&pattern, name);
	assert(rd_buf_ok(&pattern));
	rd_question_arg(q, cursor);
	rd_question_int(q, count);
	rd_question_arg(q, rd_buf_span(&pattern));
}

enum rd_result rd_answer_open(const struct rd_answer *answer, const char *letters,
			      struct rd_turn *turn, struct rd_span *rest)
{
	*rest = answer->part[0];
	if (answer->away || answer->count < 1 || rest->len < 7 || !rest->ptr[0] ||
	    !strchr(letters, rest->ptr[0]))
		return RD_STORE_OUT;
	for (enum rd_turn_kind kind = RD_TURN_NONE + 1; kind < RD_TURN_COUNT; kind++) {
		if (rd_turn_rows[kind].letter != rest->ptr[0])
			continue;
		(void)rd_take_int(rest, 1);
		turn->now_ms = (int64_t)rd_take_int(rest, 6);
		turn->kind = kind;
		return rd_turn_rows[kind].result;
	}
	return RD_STORE_OUT;
}

enum rd_result rd_answer_turn(const struct rd_answer *answer, size_t parts, const char *letters,
			      struct rd_turn *out)
{
	struct rd_span rest;
	enum rd_result result;

	*out = (struct rd_turn){0};
	if (answer->count != parts)
		return RD_STORE_OUT;
	result = rd_answer_open(answer, letters, out, &rest);
	if (result == RD_NO_RECORD || result == RD_STORE_OUT || result == RD_BAD_LOGIN)
		return result;
	return rd_record_read(rest, &out->record) ? result : RD_STORE_OUT;
}
