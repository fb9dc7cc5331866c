#include "fcgi/serve/frame.h"
#include <assert.h>
#include "fcgi/serve/record.h"

// How far the parameters have been read: pairs of a name and a value, behind the lengths of both
// (section 3.4). Records may cut them anywhere, so they are checked as they come, and not copied.
struct pairs {
	size_t len;           // bytes of all records
	unsigned length_left; // bytes that the length being read still lacks
	uint32_t length;      // being read
	unsigned lengths;     // of this pair that are known, 0 to 2
	uint64_t skip;        // bytes of name and value that are still to come
};

static void end_length(struct pairs *p)
{
	p->skip += p->length;
	p->lengths++;
	if (p->lengths == 2 && p->skip == 0)
		p->lengths = 0; // an empty pair
}

// A length takes one byte, or four of which the first has its highest bit set.
static void read_length_byte(struct pairs *p, uint8_t byte)
{
	if (p->length_left == 0 && byte & 0x80) {
		p->length = byte & 0x7f;
		p->length_left = 3;
		return;
	}
	p->length = p->length_left ? p->length << 8 | byte : byte;
	if (p->length_left > 0)
		p->length_left--;
	if (p->length_left == 0)
		end_length(p);
}

static void read_pairs(struct pairs *p, struct rd_span bytes)
{
	p->len += bytes.len;
	while (bytes.len > 0) {
		size_t n = 1;

		if (p->lengths < 2) {
			read_length_byte(p, (uint8_t)bytes.ptr[0]);
		} else {
			n = p->skip < bytes.len ? (size_t)p->skip : bytes.len;
			p->skip -= n;
			p->lengths = p->skip ? 2 : 0;
		}
		(void)rd_span_take(&bytes, n);
	}
}

// Whether the parameters end where a pair does.
static bool pairs_complete(const struct pairs *p)
{
	return p->lengths == 0 && p->length_left == 0;
}

// Whether what has come of the first record looks right so far. libfcgi trips over padding here.
static bool begin_right(const uint8_t *bytes, size_t len)
{
	const uint8_t responder[] = {0, RD_FASTCGI_ROLE_RESPONDER};

	return bytes[0] == RD_FASTCGI_VERSION && (len < 2 || bytes[1] == RD_FASTCGI_BEGIN) &&
	       (len < 4 || bytes[2] || bytes[3]) && (len < 6 || (bytes[4] == 0 && bytes[5] == 8)) &&
	       (len < 7 || bytes[6] == 0) &&
	       (len < 10 || memcmp(bytes + RD_FASTCGI_HEADER, responder, sizeof responder) == 0);
}

// Whether what has come of a later record looks right so far.
static bool record_right(struct rd_span bytes, enum rd_fastcgi_type type)
{
	return bytes.ptr[0] == RD_FASTCGI_VERSION &&
	       (bytes.len < 2 || (uint8_t)bytes.ptr[1] == type);
}

enum rd_frame rd_frame_look(const uint8_t *bytes, size_t len, unsigned *request_id)
{
	struct rd_span rest = {(const char *)bytes, len};
	enum rd_fastcgi_type wanted = RD_FASTCGI_PARAMS;
	struct pairs pairs = {0};
	struct rd_fastcgi_record r;

	if (len == 0)
		return RD_FRAME_WAIT;
	if (!begin_right(bytes, len))
		return RD_FRAME_BAD;
	if (!rd_fastcgi_record_read(rest, &r))
		return RD_FRAME_WAIT;
	*request_id = r.request_id;
	for (;;) {
		(void)rd_span_take(&rest, r.size);
		if (rest.len > 0 && !record_right(rest, wanted))
			return RD_FRAME_BAD;
		if (!rd_fastcgi_record_read(rest, &r))
			return len >= RD_FRAME_MAX ? RD_FRAME_LARGE : RD_FRAME_WAIT;
		if (r.request_id != *request_id ||
		    (r.content.len == 0 && r.size != RD_FASTCGI_HEADER))
			return RD_FRAME_BAD;
		if (wanted == RD_FASTCGI_PARAMS)
			read_pairs(&pairs, r.content);
		if (pairs.len > RD_PARAMS_MAX)
			return RD_FRAME_LARGE;
		if (r.content.len > 0)
			continue;
		if (wanted == RD_FASTCGI_STDIN) // nothing may follow the end
			return rest.len == r.size ? RD_FRAME_READY : RD_FRAME_BAD;
		if (!pairs_complete(&pairs))
			return RD_FRAME_BAD;
		wanted = RD_FASTCGI_STDIN;
	}
}

size_t rd_frame_answer_large(uint8_t out[static RD_FRAME_LARGE_ANSWER_MAX], unsigned request_id)
{
	static const struct rd_span text = RD_SPAN("Status: 413 Content Too Large\r\n"
						   "Content-Type: application/json\r\n"
						   "Cache-Control: no-store\r\n"
						   "X-Content-Type-Options: nosniff\r\n"
						   "Content-Length: 29\r\n\r\n"
						   "{\"error\":\"payload_too_large\"}");
	static const char status[RD_FASTCGI_END_BODY];
	struct rd_buf buf = {(char *)out, 0, RD_FRAME_LARGE_ANSWER_MAX, false};

	rd_fastcgi_record_put(&buf, RD_FASTCGI_STDOUT, request_id, text);
	rd_fastcgi_record_put(&buf, RD_FASTCGI_STDOUT, request_id, (struct rd_span){0});
	rd_fastcgi_record_put(&buf, RD_FASTCGI_END, request_id,
			      (struct rd_span){status, sizeof status});
	assert(rd_buf_ok(&buf));
	return buf.len;
}
