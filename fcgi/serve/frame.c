#include "fcgi/serve/frame.h"
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define HEADER 8

enum type { BEGIN = 1, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6 };

struct record {
	unsigned type, id;
	size_t len, padding;
	const uint8_t *content;
};

struct params {
	const uint8_t *ptr; // into the peeked bytes, or into scratch once there are two records
	uint8_t *scratch;
	size_t len;
};

// The record at bytes. False when not all of it is there.
static bool record_at(const uint8_t *bytes, size_t len, struct record *r)
{
	if (len < HEADER)
		return false;
	r->type = bytes[1];
	r->id = (unsigned)bytes[2] << 8 | bytes[3];
	r->len = (size_t)bytes[4] << 8 | bytes[5];
	r->padding = bytes[6];
	r->content = bytes + HEADER;
	return len >= HEADER + r->len + r->padding;
}

// One length of a name or value; -1 when cut off. FastCGI specification, section 3.4.
static int64_t pair_length(const struct params *p, size_t *at)
{
	uint32_t n;

	if (*at >= p->len)
		return -1;
	n = p->ptr[*at];
	if (n < 0x80) {
		*at += 1;
		return n;
	}
	if (p->len - *at < 4)
		return -1;
	n = (n & 0x7f) << 24 | (uint32_t)p->ptr[*at + 1] << 16 | (uint32_t)p->ptr[*at + 2] << 8 |
	    p->ptr[*at + 3];
	*at += 4;
	return n;
}

// Whether names and values fill the parameters exactly.
static bool params_sound(const struct params *p)
{
	size_t at = 0;

	while (at < p->len) {
		int64_t name = pair_length(p, &at);
		int64_t value = name < 0 ? -1 : pair_length(p, &at);

		if (value < 0 || (uint64_t)(name + value) > p->len - at)
			return false;
		at += (size_t)(name + value);
	}
	return true;
}

static bool params_add(struct params *p, const struct record *r)
{
	if (p->len + r->len > RD_PARAMS_MAX)
		return false;
	if (p->len == 0) {
		p->ptr = r->content;
	} else {
		if (p->ptr != p->scratch)
			memcpy(p->scratch, p->ptr, p->len);
		p->ptr = p->scratch;
		memcpy(p->scratch + p->len, r->content, r->len);
	}
	p->len += r->len;
	return true;
}

static bool begin_sound(const uint8_t *bytes, size_t len)
{
	const uint8_t responder[] = {0, 1};

	// What has come of the first record so far must already look right. libfcgi trips over
	// padding here.
	return bytes[0] == 1 && (len < 2 || bytes[1] == BEGIN) &&
	       (len < 6 || (bytes[4] == 0 && bytes[5] == 8)) && (len < 7 || bytes[6] == 0) &&
	       (len < 4 || bytes[2] || bytes[3]) &&
	       (len < 10 || memcmp(bytes + HEADER, responder, sizeof responder) == 0);
}

enum rd_frame rd_frame_look(const uint8_t *bytes, size_t len, uint8_t *scratch,
			    unsigned *request_id)
{
	struct params params = {.scratch = scratch};
	unsigned want = PARAMS;
	struct record r;
	size_t at;

	if (len == 0)
		return RD_FRAME_WAIT;
	if (!begin_sound(bytes, len))
		return RD_FRAME_BAD;
	if (!record_at(bytes, len, &r))
		return RD_FRAME_WAIT;
	*request_id = r.id;
	for (at = HEADER + r.len + r.padding; at < len; at += HEADER + r.len + r.padding) {
		if (bytes[at] != 1 || (len - at >= 2 && bytes[at + 1] != want))
			return RD_FRAME_BAD;
		if (!record_at(bytes + at, len - at, &r))
			break;
		if (r.id != *request_id || (r.len == 0 && r.padding != 0))
			return RD_FRAME_BAD;
		if (want == PARAMS && !params_add(&params, &r))
			return RD_FRAME_LARGE;
		if (want == PARAMS && r.len == 0 && !params_sound(&params))
			return RD_FRAME_BAD;
		if (want == STDIN && r.len == 0)
			return at + HEADER == len ? RD_FRAME_READY : RD_FRAME_BAD;
		if (r.len == 0)
			want = STDIN;
	}
	return len >= RD_FRAME_MAX ? RD_FRAME_LARGE : RD_FRAME_WAIT;
}

static size_t put_record(uint8_t *out, enum type type, unsigned id, const void *content, size_t len)
{
	const uint8_t header[HEADER] = {1,           (uint8_t)type,       (uint8_t)(id >> 8),
					(uint8_t)id, (uint8_t)(len >> 8), (uint8_t)len};

	memcpy(out, header, HEADER);
	if (len)
		memcpy(out + HEADER, content, len);
	return HEADER + len;
}

size_t rd_frame_answer_large(uint8_t out[static RD_FRAME_LARGE_ANSWER_MAX], unsigned request_id)
{
	static const char text[] = "Status: 413 Content Too Large\r\n"
				   "Content-Type: application/json\r\n"
				   "Cache-Control: no-store\r\n"
				   "X-Content-Type-Options: nosniff\r\n"
				   "Content-Length: 29\r\n\r\n"
				   "{\"error\":\"payload_too_large\"}";
	const uint8_t end[8] = {0};
	size_t len = put_record(out, STDOUT, request_id, text, sizeof text - 1);

	len += put_record(out + len, STDOUT, request_id, NULL, 0);
	len += put_record(out + len, END, request_id, end, sizeof end);
	assert(len <= RD_FRAME_LARGE_ANSWER_MAX);
	return len;
}
