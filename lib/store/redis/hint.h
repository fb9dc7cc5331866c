// What is probably behind a connection to Redis that failed.
#pragma once
#include <hiredis/hiredis.h>
#include <stdbool.h>

// ctx: with its error. answered: whether Redis has answered anything on this connection. Returns
// what to put behind ctx->errstr, "" when there is nothing to add.
const char *rd_redis_hint(const redisContext *ctx, bool answered);
