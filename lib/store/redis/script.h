// The embedded scripts as Redis commands.
#pragma once
#include <hiredis/hiredis.h>
#include "store/redis/connection.h"
#include "store/store.h"

#define RD_SHA_LEN 40

extern const char *const rd_script_texts[RD_SCRIPT_COUNT];

// Appends the call to ctx's output: EVALSHA by sha (RD_SHA_LEN bytes), or for NULL EVAL and the
// text. question: sound (asserted).
void rd_script_append(redisContext *ctx, const struct rd_question *question, const char *sha);

// Appends AUTH and SELECT as the configuration demands. Returns how many replies will come.
int rd_script_append_login(redisContext *ctx, const struct rd_redis_config *config);

// Makes a reply an answer that borrows from it. A reply that no script gives is `away`.
void rd_script_answer(const redisReply *reply, struct rd_answer *out);

// Makes the reader refuse lists longer than RD_ANSWER_PARTS.
void rd_script_limit_lists(redisReader *reader);
