// The embedded scripts as Redis commands.
#pragma once
#include <hiredis/hiredis.h>
#include "store/redis/connection.h"
#include "store/store.h"

#define RD_SHA_LEN 40

extern const char *const rd_script_texts[RD_SCRIPT_COUNT];

// Appends the call to ctx's output: EVALSHA by sha (RD_SHA_LEN bytes), or with NULL EVAL and the
// text.
void rd_script_append(redisContext *ctx, const struct rd_question *question, const char *sha);

// Appends AUTH and SELECT as the configuration wants them. Returns how many replies will come.
int rd_script_greet(redisContext *ctx, const struct rd_redis_config *config);

// Turns a reply into an answer that borrows from it. Anything unforeseen is away.
void rd_script_answer(const redisReply *reply, struct rd_answer *out);

// Lets the reader take no list that is longer than any answer of ours.
void rd_script_bound(redisReader *reader);
