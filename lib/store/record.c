#include "store/record.h"
#include <assert.h>

#define SITS_AT(field, offset, bytes, kind) \
	static_assert(offsetof(struct rd_record_head, field) == (offset));
RD_RECORD_FIELDS(SITS_AT)
#undef SITS_AT
static_assert(sizeof(struct rd_record_head) == 60);
static_assert(sizeof((struct rd_record_head *)0)->seed == RD_SEED_LEN);

static uint64_t big_endian(const uint8_t *bytes, size_t count)
{
	uint64_t n = 0;

	for (size_t i = 0; i < count; i++)
		n = n << 8 | bytes[i];
	return n;
}

uint64_t rd_take_int(struct rd_span *rest, size_t bytes)
{
	return big_endian((const uint8_t *)rd_span_take(rest, bytes).ptr, bytes);
}

// A text over its limit is refused like one that is cut off: who relies on the limits may go on
// doing so.
static bool take_text(struct rd_span *rest, size_t length_bytes, size_t max, struct rd_span *out)
{
	size_t len;

	if (rest->len < length_bytes)
		return false;
	len = rd_take_int(rest, length_bytes);
	if (len > max || len > rest->len)
		return false;
	*out = rd_span_take(rest, len);
	return true;
}

static void read_head(const struct rd_record_head *head, struct rd_record *out)
{
#define NUMBER(field) big_endian(head->field, sizeof head->field)
	out->revoked = NUMBER(revoked) != 0;
	out->kid = (uint8_t)NUMBER(kid);
	out->reason = (uint8_t)NUMBER(reason);
	out->generation = (uint32_t)NUMBER(generation);
	out->rotated_ms = (int64_t)NUMBER(rotated);
	out->seen_ms = (int64_t)NUMBER(seen);
	out->late = (uint8_t)NUMBER(late);
	out->expires_ms = (int64_t)NUMBER(expires);
	out->created_ms = (int64_t)NUMBER(created);
	out->auth_time_ms = (int64_t)NUMBER(auth_time);
#undef NUMBER
	memcpy(out->seed, head->seed, sizeof out->seed);
}

bool rd_record_read(struct rd_span bytes, struct rd_record *out)
{
	struct rd_record_head head;
	struct rd_span rest = bytes;
	bool whole = true;

	if (bytes.len < sizeof head)
		return false;
	memcpy(&head, rd_span_take(&rest, sizeof head).ptr, sizeof head);
	if (head.version[0] != RD_RECORD_VERSION)
		return false;
	read_head(&head, out);
#define TAKE_TEXT(text, length_bytes, max) \
	whole = whole && take_text(&rest, length_bytes, max, &out->text);
	RD_RECORD_TEXTS(TAKE_TEXT)
#undef TAKE_TEXT
	return whole && rest.len == 0;
}

static void put_text(struct rd_buf *buf, struct rd_span text, size_t length_bytes, size_t max)
{
	const uint8_t len[2] = {(uint8_t)(text.len >> 8), (uint8_t)text.len};

	assert(text.len <= max);
	rd_put(buf, len + 2 - length_bytes, length_bytes);
	rd_put_span(buf, text);
}

void rd_record_put_var(struct rd_buf *buf, const struct rd_record *record)
{
	struct rd_record cut = *record;

	if (cut.agent.len > RD_AGENT_MAX)
		cut.agent.len = RD_AGENT_MAX;
#define PUT_TEXT(text, length_bytes, max) put_text(buf, cut.text, length_bytes, max);
	RD_RECORD_TEXTS(PUT_TEXT)
#undef PUT_TEXT
}
