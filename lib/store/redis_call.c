// One blocking question, for the admin verbs.
#include <stdlib.h>
#include "store/redis.h"
#include "store/script.h"

static bool fail(redisContext *ctx, redisReply *reply, struct rd_buf *why)
{
	if (reply && reply->type == REDIS_REPLY_ERROR)
		rd_put(why, reply->str, (size_t)reply->len);
	else
		rd_put_str(why, ctx ? ctx->errstr : "out of memory");
	if (reply)
		freeReplyObject(reply);
	if (ctx)
		redisFree(ctx);
	return false;
}

static redisReply *greet(redisContext *ctx, const struct rd_redis_config *c)
{
	redisReply *reply = NULL;

	if (c->password && c->user)
		reply = redisCommand(ctx, "AUTH %s %s", c->user, c->password);
	else if (c->password)
		reply = redisCommand(ctx, "AUTH %s", c->password);
	if (c->address.db && !ctx->err && (!reply || reply->type != REDIS_REPLY_ERROR)) {
		if (reply)
			freeReplyObject(reply);
		reply = redisCommand(ctx, "SELECT %d", c->address.db);
	}
	return reply;
}

bool rd_redis_call(const struct rd_redis_config *config, const struct rd_question *question,
		   struct rd_answer *answer, void **handle, struct rd_buf *why)
{
	const struct rd_redis_address *a = &config->address;
	// An admin waits longer than a request does.
	struct timeval limit = {5, 0};
	redisContext *ctx = a->unix_path[0] ? redisConnectUnixWithTimeout(a->unix_path, limit)
					    : redisConnectWithTimeout(a->host, a->port, limit);
	redisReply *reply = NULL;

	if (!ctx || ctx->err)
		return fail(ctx, NULL, why);
	redisSetTimeout(ctx, limit);
	reply = greet(ctx, config);
	if (ctx->err || (reply && reply->type == REDIS_REPLY_ERROR))
		return fail(ctx, reply, why);
	if (reply)
		freeReplyObject(reply);
	reply = NULL;
	rd_script_append(ctx, question, NULL);
	if (redisGetReply(ctx, (void **)&reply) != REDIS_OK || reply->type == REDIS_REPLY_ERROR)
		return fail(ctx, reply, why);
	redisFree(ctx);
	rd_script_answer(reply, answer);
	*handle = reply;
	return true;
}

void rd_redis_release(void *handle)
{
	freeReplyObject(handle);
}
