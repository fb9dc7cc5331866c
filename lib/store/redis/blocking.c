#include "store/redis/blocking.h"
#include "store/redis/dial.h"
#include "store/redis/hint.h"
#include "store/redis/script.h"

#define TIMEOUT_S 5 // an admin waits longer than a request does

void rd_blocking_close(struct rd_blocking *redis)
{
	if (redis->reply)
		freeReplyObject(redis->reply);
	if (redis->ctx)
		redisFree(redis->ctx);
	redis->reply = redis->ctx = NULL;
	redis->answered = false;
}

// Closes the connection after a failure, which why then describes. Returns false.
static bool close_failed(struct rd_blocking *redis, struct rd_buf *why)
{
	const redisContext *ctx = redis->ctx;
	const redisReply *reply = redis->reply;

	if (reply && reply->type == REDIS_REPLY_ERROR) {
		rd_put(why, reply->str, (size_t)reply->len);
	} else {
		rd_put_str(why, ctx->errstr);
		rd_put_str(why, rd_redis_hint(ctx, redis->answered));
	}
	rd_blocking_close(redis);
	return false;
}

// Reads the next reply, which replaces the one before. False when there is none, or an error.
static bool read_reply(struct rd_blocking *redis, struct rd_buf *why)
{
	const redisReply *reply;

	if (redis->reply)
		freeReplyObject(redis->reply);
	redis->reply = NULL;
	if (redisGetReply(redis->ctx, &redis->reply) != REDIS_OK)
		return close_failed(redis, why);
	redis->answered = true;
	reply = redis->reply;
	return reply->type != REDIS_REPLY_ERROR || close_failed(redis, why);
}

static bool connect_now(struct rd_blocking *redis, struct rd_buf *why)
{
	const struct timeval limit = {TIMEOUT_S, 0};
	char problem[RD_DIAL_WHY_MAX];
	redisContext *ctx = rd_dial_wait(&redis->config->address, limit, problem);
	int replies;

	redis->ctx = ctx;
	if (!ctx) {
		rd_put_str(why, problem);
		return false;
	}
	redisSetTimeout(ctx, limit);
	for (replies = rd_script_append_login(ctx, redis->config); replies > 0; replies--)
		if (!read_reply(redis, why))
			return false;
	return true;
}

// Whether a replica has what was written on this connection: the reply to WAIT.
static bool is_replicated(struct rd_blocking *redis, struct rd_buf *why)
{
	redisReply *reply = NULL;
	const bool yes = redisGetReply(redis->ctx, (void **)&reply) == REDIS_OK &&
			 reply->type == REDIS_REPLY_INTEGER && reply->integer > 0;

	if (reply)
		freeReplyObject(reply);
	if (yes)
		return true;
	rd_put_lit(why, "no replica has confirmed it: try again; ");
	return close_failed(redis, why);
}

bool rd_blocking_ask(struct rd_blocking *redis, const struct rd_question *question,
		     struct rd_answer *answer, struct rd_buf *why)
{
	if (!redis->ctx && !connect_now(redis, why))
		return false;
	rd_script_append(redis->ctx, question, NULL);
	if (question->durable)
		redisAppendCommand(redis->ctx, "WAIT 1 %d", TIMEOUT_S * 900);
	if (!read_reply(redis, why) || (question->durable && !is_replicated(redis, why)))
		return false;
	rd_script_answer(redis->reply, answer);
	return true;
}

int64_t rd_blocking_clock(struct rd_blocking *redis, struct rd_span prefix, struct rd_buf *why)
{
	static const uint8_t nobody[RD_SLOT_LEN];
	struct rd_question question;
	struct rd_answer answer;
	struct rd_turn turn;

	rd_ask_session(&question, prefix, nobody, "----------------------");
	if (!rd_blocking_ask(redis, &question, &answer, why))
		return -1;
	if (rd_read_session(&answer, &turn) == RD_NO_RECORD)
		return turn.now_ms;
	rd_put_lit(why, "an answer that makes no sense");
	return -1;
}
