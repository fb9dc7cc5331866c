#include "store/record.h"
#include <assert.h>

struct reader {
	const uint8_t *at;
	size_t left;
	bool short_;
};

static uint64_t take_int(struct reader *r, size_t bytes)
{
	uint64_t n = 0;

	if (r->left < bytes) {
		r->short_ = true;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | r->at[i];
	r->at += bytes;
	r->left -= bytes;
	return n;
}

// Lengths over max are refused as too short a record is: who relies on the limits may go on doing
// so.
static struct rd_span take_span(struct reader *r, size_t length_bytes, size_t max)
{
	size_t len = take_int(r, length_bytes);
	struct rd_span span = {(const char *)r->at, len};

	if (r->left < len || len > max) {
		r->short_ = true;
		return (struct rd_span){0};
	}
	r->at += len;
	r->left -= len;
	return span;
}

bool rd_record_read(struct rd_span bytes, struct rd_record *out)
{
	struct reader r = {(const uint8_t *)bytes.ptr, bytes.len, false};

	if (take_int(&r, 1) != 1 || bytes.len < RD_RECORD_HEAD)
		return false;
	out->revoked = take_int(&r, 1) != 0;
	out->kid = (uint8_t)take_int(&r, 1);
	out->reason = (uint8_t)take_int(&r, 1);
	out->generation = (uint32_t)take_int(&r, 4);
	out->rotated_ms = (int64_t)take_int(&r, 6);
	out->seen_ms = (int64_t)take_int(&r, 6);
	out->late = (uint8_t)take_int(&r, 1);
	(void)take_int(&r, 5); // the fingerprint is rotate.lua's alone
	out->expires_ms = (int64_t)take_int(&r, 6);
	out->created_ms = (int64_t)take_int(&r, 6);
	out->auth_time_ms = (int64_t)take_int(&r, 6);
	memcpy(out->seed, r.at, RD_SEED_LEN);
	r.at += RD_SEED_LEN;
	r.left -= RD_SEED_LEN;
	out->user = take_span(&r, 1, RD_USER_MAX);
	out->client = take_span(&r, 1, RD_CLIENT_MAX);
	out->ip = take_span(&r, 1, RD_IP_MAX);
	out->scope = take_span(&r, 2, RD_SCOPE_MAX);
	out->claims = take_span(&r, 2, RD_CLAIMS_MAX);
	out->agent = take_span(&r, 2, RD_AGENT_MAX);
	return !r.short_ && r.left == 0;
}

static void put_sized(struct rd_buf *buf, struct rd_span span, size_t length_bytes, size_t max)
{
	uint8_t len[2] = {(uint8_t)(span.len >> 8), (uint8_t)span.len};

	assert(span.len <= max);
	rd_put(buf, len + 2 - length_bytes, length_bytes);
	rd_put_span(buf, span);
}

void rd_record_put_var(struct rd_buf *buf, const struct rd_record *record)
{
	struct rd_span agent = record->agent;

	if (agent.len > RD_AGENT_MAX)
		agent.len = RD_AGENT_MAX;
	put_sized(buf, record->user, 1, RD_USER_MAX);
	put_sized(buf, record->client, 1, RD_CLIENT_MAX);
	put_sized(buf, record->ip, 1, RD_IP_MAX);
	put_sized(buf, record->scope, 2, RD_SCOPE_MAX);
	put_sized(buf, record->claims, 2, RD_CLAIMS_MAX);
	put_sized(buf, agent, 2, RD_AGENT_MAX);
}
