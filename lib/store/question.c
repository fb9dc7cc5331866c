#include "store/question.h"
#include <assert.h>

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
		     const char *what, struct rd_span tail)
{
	char text[128];
	struct rd_buf buf = RD_BUF(text);

	rd_put_span(&buf, prefix);
	rd_put_lit(&buf, "{");
	rd_put_b64(&buf, slot, RD_SLOT_LEN);
	rd_put_lit(&buf, "}:");
	rd_put_str(&buf, what);
	rd_put_span(&buf, tail);
	assert(rd_buf_ok(&buf) && q->keys < RD_KEYS_PER_QUESTION);
	q->key[q->keys++] = keep(q, buf.ptr, buf.len);
}

void rd_question_scan(struct rd_question *q, struct rd_span cursor, unsigned count,
		      struct rd_span prefix, const char *what)
{
	char text[128];
	struct rd_buf pattern = RD_BUF(text);

	for (size_t i = 0; i < prefix.len; i++) {
		if (strchr("*?[]^\\", prefix.ptr[i]))
			rd_put_lit(&pattern, "\\");
		rd_put(&pattern, prefix.ptr + i, 1);
	}
	rd_put_lit(&pattern, "{*}:");
	rd_put_str(&pattern, what);
	assert(rd_buf_ok(&pattern));
	rd_question_arg(q, cursor);
	rd_question_int(q, count);
	rd_question_arg(q, rd_buf_span(&pattern));
}

uint64_t rd_take_int(struct rd_span *rest, size_t bytes)
{
	uint64_t n = 0;

	assert(rest->len >= bytes);
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | (uint8_t)rest->ptr[i];
	*rest = (struct rd_span){rest->ptr + bytes, rest->len - bytes};
	return n;
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
