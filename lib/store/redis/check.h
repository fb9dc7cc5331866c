// Whether a Redis is fit to keep sessions: checked once, blocking, by `refreshd -t` and before
// serving.
#pragma once
#include "store/redis/connection.h"

enum rd_fit {
	RD_FIT_OK,
	RD_FIT_WARN,
	RD_FIT_AWAY,    // not reachable, or it cannot answer now
	RD_FIT_REFUSED, // it does not let us: user, password or a right
	RD_FIT_UNFIT,   // it would lose sessions, or lacks commands
};

struct rd_redis_check {
	const struct rd_redis_config *config;
	struct rd_span prefix; // of all keys
	bool durable;          // WAIT is needed too
	int timeout_ms;        // of each reply
	// One sentence each, no secret in it; text is NUL-terminated and borrowed.
	void (*found)(struct rd_redis_check *check, enum rd_fit fit, const char *text);
	void *user;
	bool appends, default_reported, answered; // rd_redis_check's own
};

void rd_redis_check(struct rd_redis_check *check);
