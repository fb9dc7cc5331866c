// What a connection begins with, in one round trip: the login, who the server is, and all scripts,
// which Redis answers with their SHA.
#pragma once
#include "store/redis/identity.h"
#include "store/redis/script.h"

#define RD_HANDSHAKE_WHY_MAX 400

struct rd_handshake {
	int replies_got, replies_wanted;
	char sha[RD_SCRIPT_COUNT][RD_SHA_LEN + 1];
	struct rd_identity identity; // of the server, as last seen; outlives its connection
};

enum rd_handshake_step {
	RD_HANDSHAKE_MORE,    // replies are still to come
	RD_HANDSHAKE_DONE,    // questions may be asked
	RD_HANDSHAKE_REFUSED, // why: Redis' own words
	RD_HANDSHAKE_REPLICA, // why: whose it is
};

// Appends the commands to ctx's output.
void rd_handshake_begin(struct rd_handshake *handshake, redisContext *ctx,
			const struct rd_redis_config *config);
// Reads the next reply. why: NUL-terminated, for the last two.
[[nodiscard]] enum rd_handshake_step rd_handshake_read(struct rd_handshake *handshake,
						       const redisReply *reply, int64_t now_ms,
						       char why[static RD_HANDSHAKE_WHY_MAX]);
