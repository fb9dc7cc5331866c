#include "store/redis/blocking.h"
#include "store/redis/dial.h"
#include "store/redis/script.h"

#define PATIENCE_S 5 // an admin waits longer than a request does

void rd_blocking_close(struct rd_blocking *line)
{
	if (line->reply)
		freeReplyObject(line->reply);
	if (line->ctx)
		redisFree(line->ctx);
	line->reply = line->ctx = NULL;
}

static bool fail(struct rd_blocking *line, struct rd_buf *why)
{
	const redisContext *ctx = line->ctx;
	const redisReply *reply = line->reply;

	if (reply && reply->type == REDIS_REPLY_ERROR)
		rd_put(why, reply->str, (size_t)reply->len);
	else
		rd_put_str(why, ctx->errstr);
	rd_blocking_close(line);
	return false;
}

// Takes the next reply in place of the one before.
static bool take(struct rd_blocking *line, struct rd_buf *why)
{
	const redisReply *reply;

	if (line->reply)
		freeReplyObject(line->reply);
	line->reply = NULL;
	if (redisGetReply(line->ctx, &line->reply) != REDIS_OK)
		return fail(line, why);
	reply = line->reply;
	return reply->type != REDIS_REPLY_ERROR || fail(line, why);
}

static bool open_line(struct rd_blocking *line, struct rd_buf *why)
{
	const struct timeval limit = {PATIENCE_S, 0};
	char problem[RD_DIAL_WHY_MAX];
	redisContext *ctx = rd_dial_wait(&line->config->address, limit, problem);
	int replies;

	line->ctx = ctx;
	if (!ctx) {
		rd_put_str(why, problem);
		return false;
	}
	redisSetTimeout(ctx, limit);
	for (replies = rd_script_greet(ctx, line->config); replies > 0; replies--)
		if (!take(line, why))
			return false;
	return true;
}

// Whether a replica has what was written on this connection: the reply to WAIT.
static bool confirmed(struct rd_blocking *line, struct rd_buf *why)
{
	redisReply *reply = NULL;
	const bool yes = redisGetReply(line->ctx, (void **)&reply) == REDIS_OK &&
			 reply->type == REDIS_REPLY_INTEGER && reply->integer > 0;

	if (reply)
		freeReplyObject(reply);
	if (yes)
		return true;
	rd_put_lit(why, "no replica has confirmed it: try again; ");
	return fail(line, why);
}

bool rd_blocking_ask(struct rd_blocking *line, const struct rd_question *question,
		     struct rd_answer *answer, struct rd_buf *why)
{
	if (!line->ctx && !open_line(line, why))
		return false;
	rd_script_append(line->ctx, question, NULL);
	if (question->durable)
		redisAppendCommand(line->ctx, "WAIT 1 %d", PATIENCE_S * 900);
	if (!take(line, why) || (question->durable && !confirmed(line, why)))
		return false;
	rd_script_answer(line->reply, answer);
	return true;
}

int64_t rd_blocking_clock(struct rd_blocking *line, struct rd_span prefix, struct rd_buf *why)
{
	static const uint8_t nobody[RD_SLOT_LEN];
	struct rd_question question;
	struct rd_answer answer;
	struct rd_turn turn;

	rd_ask_session(&question, prefix, nobody, "----------------------");
	if (!rd_blocking_ask(line, &question, &answer, why))
		return -1;
	if (rd_read_session(&answer, &turn) == RD_NO_RECORD)
		return turn.now_ms;
	rd_put_lit(why, "an answer that makes no sense");
	return -1;
}
