#include "store/redis/handshake.h"
#include <stdio.h>

void rd_handshake_begin(struct rd_handshake *h, redisContext *ctx,
			const struct rd_redis_config *config)
{
	h->replies_got = 0;
	h->replies_wanted = rd_script_append_login(ctx, config);
	h->replies_wanted += rd_identity_ask(ctx) + RD_SCRIPT_COUNT;
	for (int i = 0; i < RD_SCRIPT_COUNT; i++)
		redisAppendCommand(ctx, "SCRIPT LOAD %s", rd_script_texts[i]);
}

// Reads an INFO. Returns false for a replica's.
static bool read_info(struct rd_handshake *h, struct rd_span info, int64_t now_ms,
		      char why[static RD_HANDSHAKE_WHY_MAX])
{
	char text[RD_HANDSHAKE_WHY_MAX / 2];
	struct rd_buf primary = RD_BUF(text);

	if (!rd_info_primary(info, &primary)) {
		rd_identity_read(&h->identity, info, now_ms);
		return true;
	}
	snprintf(why, RD_HANDSHAKE_WHY_MAX, "Redis is a replica of %.*s", (int)primary.len,
		 primary.ptr);
	return false;
}

enum rd_handshake_step rd_handshake_read(struct rd_handshake *h, const redisReply *reply,
					 int64_t now_ms, char why[static RD_HANDSHAKE_WHY_MAX])
{
	const int script = h->replies_got++ - (h->replies_wanted - RD_SCRIPT_COUNT);
	const bool text = reply->type == REDIS_REPLY_STRING;

	if (reply->type == REDIS_REPLY_ERROR) {
		snprintf(why, RD_HANDSHAKE_WHY_MAX, "%s", reply->str);
		return RD_HANDSHAKE_REFUSED;
	}
	if (script >= 0 && (!text || reply->len != RD_SHA_LEN)) {
		snprintf(why, RD_HANDSHAKE_WHY_MAX, "odd handshake");
		return RD_HANDSHAKE_REFUSED;
	}
	if (script >= 0)
		memcpy(h->sha[script], reply->str, RD_SHA_LEN);
	else if (text &&
		 !read_info(h, (struct rd_span){reply->str, (size_t)reply->len}, now_ms, why))
		return RD_HANDSHAKE_REPLICA;
	return h->replies_got == h->replies_wanted ? RD_HANDSHAKE_DONE : RD_HANDSHAKE_MORE;
}
