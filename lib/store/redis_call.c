// One blocking question, for the admin verbs.
#include "store/dial.h"
#include "store/script.h"

static bool fail(redisContext *ctx, redisReply *reply, struct rd_buf *why)
{
	if (reply && reply->type == REDIS_REPLY_ERROR)
		rd_put(why, reply->str, (size_t)reply->len);
	else
		rd_put_str(why, ctx->errstr);
	if (reply)
		freeReplyObject(reply);
	redisFree(ctx);
	return false;
}

// Whether a replica has what was written on this connection: the reply to WAIT.
static bool confirmed(redisContext *ctx, struct rd_buf *why)
{
	redisReply *reply = NULL;
	bool yes = redisGetReply(ctx, (void **)&reply) == REDIS_OK &&
		   reply->type == REDIS_REPLY_INTEGER && reply->integer > 0;

	if (!yes)
		rd_put_lit(why, "no replica has confirmed it: try again; ");
	if (reply)
		freeReplyObject(reply);
	return yes;
}

bool rd_redis_call(const struct rd_redis_config *config, const struct rd_question *question,
		   struct rd_answer *answer, void **handle, struct rd_buf *why)
{
	const struct timeval limit = {5, 0}; // an admin waits longer than a request does
	char problem[RD_DIAL_WHY_MAX];
	redisContext *ctx = rd_dial_wait(&config->address, limit, problem);
	redisReply *reply = NULL;
	int replies;

	if (!ctx) {
		rd_put_str(why, problem);
		return false;
	}
	redisSetTimeout(ctx, limit);
	replies = rd_script_greet(ctx, config) + 1;
	rd_script_append(ctx, question, NULL);
	if (question->durable)
		redisAppendCommand(ctx, "WAIT 1 %d", (int)limit.tv_sec * 900);
	while (replies-- > 0) {
		if (reply)
			freeReplyObject(reply);
		reply = NULL;
		if (redisGetReply(ctx, (void **)&reply) != REDIS_OK ||
		    reply->type == REDIS_REPLY_ERROR)
			return fail(ctx, reply, why);
	}
	rd_script_answer(reply, answer);
	if (question->durable && !confirmed(ctx, why)) {
		freeReplyObject(reply);
		return fail(ctx, NULL, why);
	}
	redisFree(ctx);
	*handle = reply;
	return true;
}

void rd_redis_release(void *handle)
{
	freeReplyObject(handle);
}
