#include "store/redis/identity.h"

struct rd_span rd_info_field(struct rd_span info, struct rd_span name)
{
	while (info.len) {
		const char *end = memchr(info.ptr, '\n', info.len);
		size_t len = end ? (size_t)(end - info.ptr) : info.len;

		if (len > name.len && memcmp(info.ptr, name.ptr, name.len) == 0) {
			const char *value = info.ptr + name.len;

			len -= name.len;
			while (len && (value[len - 1] == '\r' || value[len - 1] == ' '))
				len--;
			return (struct rd_span){value, len};
		}
		len += end != NULL;
		info = (struct rd_span){info.ptr + len, info.len - len};
	}
	return (struct rd_span){0};
}

// Seconds that the server is up; a large number when it does not say.
static int64_t uptime_s(struct rd_span info)
{
	struct rd_span text = rd_info_field(info, RD_SPAN("uptime_in_seconds:"));
	int64_t n = text.len ? 0 : INT32_MAX;

	for (size_t i = 0; i < text.len && n < INT32_MAX; i++)
		n = text.ptr[i] >= '0' && text.ptr[i] <= '9' ? n * 10 + (text.ptr[i] - '0')
							     : INT32_MAX;
	return n;
}

// Takes the id. Returns whether another one was known before.
static bool changed(char id[static RD_RUN_ID_LEN], struct rd_span now)
{
	const bool other = id[0] && memcmp(id, now.ptr, RD_RUN_ID_LEN) != 0;

	memcpy(id, now.ptr, RD_RUN_ID_LEN);
	return other;
}

int rd_identity_ask(redisContext *ctx)
{
	redisAppendCommand(ctx, "INFO server");
	redisAppendCommand(ctx, "INFO replication");
	return 2;
}

void rd_identity_read(struct rd_identity *identity, struct rd_span info, int64_t now_ms)
{
	struct rd_span run = rd_info_field(info, RD_SPAN("run_id:"));
	struct rd_span replication = rd_info_field(info, RD_SPAN("master_replid:"));

	if (run.len == RD_RUN_ID_LEN) {
		if (!identity->known)
			identity->since_ms = now_ms - uptime_s(info) * 1000;
		identity->known = true;
		if (changed(identity->run_id, run))
			identity->since_ms = now_ms;
	}
	if (replication.len == RD_RUN_ID_LEN && changed(identity->replication_id, replication))
		identity->since_ms = now_ms;
}
