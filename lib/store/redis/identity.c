#include "store/redis/identity.h"

struct rd_span rd_info_field(struct rd_span info, struct rd_span name)
{
	while (info.len) {
		struct rd_span line = rd_span_cut(&info, '\n');

		if (line.len == name.len || !rd_span_begins(line, name))
			continue;
		(void)rd_span_take(&line, name.len);
		while (line.len &&
		       (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == ' '))
			line.len--;
		return line;
	}
	return (struct rd_span){0};
}

bool rd_info_primary(struct rd_span info, struct rd_buf *primary)
{
	const struct rd_span role = rd_info_field(info, RD_SPAN("role:"));

	if (!rd_span_is(role, RD_SPAN("slave")) && !rd_span_is(role, RD_SPAN("replica")))
		return false;
	rd_put_span(primary, rd_info_field(info, RD_SPAN("master_host:")));
	rd_put_lit(primary, ":");
	rd_put_span(primary, rd_info_field(info, RD_SPAN("master_port:")));
	return true;
}

// Seconds that the server is up; INT32_MAX when it does not say, or more.
static int64_t uptime_s(struct rd_span info)
{
	const struct rd_span text = rd_info_field(info, RD_SPAN("uptime_in_seconds:"));
	uint64_t n;

	return rd_span_number(text, INT32_MAX, &n) ? (int64_t)n : INT32_MAX;
}

// Stores the id. Returns whether another one was known before.
static bool replace_id(char id[static RD_RUN_ID_LEN], struct rd_span now)
{
	const bool other = id[0] && memcmp(id, now.ptr, RD_RUN_ID_LEN) != 0;

	memcpy(id, now.ptr, RD_RUN_ID_LEN);
	return other;
}

int rd_identity_ask(redisContext *ctx)
{
	redisAppendCommand(ctx, "INFO replication");
	redisAppendCommand(ctx, "INFO server");
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
		if (replace_id(identity->run_id, run))
			identity->since_ms = now_ms;
	}
	if (replication.len == RD_RUN_ID_LEN && replace_id(identity->replication_id, replication))
		identity->since_ms = now_ms;
}
