// A blocking connection to Redis for the admin verbs: one question at a time.
#pragma once
#include "store/redis/connection.h"

struct rd_blocking {
	const struct rd_redis_config *config;
	void *ctx, *reply; // hiredis'; NULL when there is none
	bool answered;     // anything, on this connection
};

// Asks and waits for the answer, five seconds at most. Connects if it is not connected. False with
// why on failure; the next question then gets a new connection. *answer borrows from the reply,
// which is good until the next question or the close.
[[nodiscard]] bool rd_blocking_ask(struct rd_blocking *redis, const struct rd_question *question,
				   struct rd_answer *answer, struct rd_buf *why);
// Redis' clock, in ms; -1 with why on failure.
[[nodiscard]] int64_t rd_blocking_clock(struct rd_blocking *redis, struct rd_span prefix,
					struct rd_buf *why);
void rd_blocking_close(struct rd_blocking *redis);
