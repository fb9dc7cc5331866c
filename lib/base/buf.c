#include "base/b64.h"
#include "base/buf.h"
#include "base/secret.h"
#include "base/utf8.h"

// Room for len more bytes, or NULL and the buffer is full from now on.
static char *room(struct rd_buf *buf, size_t len)
{
	if (buf->full || len > buf->max - buf->len) {
		buf->full = true;
		return NULL;
	}
	return buf->ptr + buf->len;
}

void rd_put(struct rd_buf *buf, const void *bytes, size_t len)
{
	char *to = room(buf, len);

	if (to && len > 0) {
		memcpy(to, bytes, len);
		buf->len += len;
	}
}

void rd_put_span(struct rd_buf *buf, struct rd_span span)
{
	rd_put(buf, span.ptr, span.len);
}

void rd_put_str(struct rd_buf *buf, const char *text)
{
	rd_put_span(buf, rd_span(text));
}

void rd_put_u64(struct rd_buf *buf, uint64_t n)
{
	char digits[20];
	size_t at = sizeof digits;

	do
		digits[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	rd_put(buf, digits + at, sizeof digits - at);
}

void rd_put_seconds(struct rd_buf *buf, uint64_t us)
{
	char places[7] = ".";

	rd_put_u64(buf, us / 1000000);
	us %= 1000000;
	for (size_t i = 6; i > 0; i--, us /= 10)
		places[i] = (char)('0' + us % 10);
	rd_put(buf, places, sizeof places);
}

void rd_put_b64(struct rd_buf *buf, const void *bytes, size_t len)
{
	// The encoder adds a NUL that the buffer may have no room for: only the last group is
	// encoded aside, the NUL of all others is overwritten by it.
	size_t head = len > 0 ? (len - 1) / 3 * 3 : 0;
	char tail[RD_B64_LEN(3) + 1];
	char *to = room(buf, RD_B64_LEN(len));

	if (!to || len == 0)
		return;
	rd_b64_encode(to, bytes, head);
	rd_b64_encode(tail, (const uint8_t *)bytes + head, len - head);
	memcpy(to + RD_B64_LEN(head), tail, RD_B64_LEN(len - head));
	rd_wipe(tail, sizeof tail);
	buf->len += RD_B64_LEN(len);
}

void rd_put_b64_public(struct rd_buf *buf, const void *bytes, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const uint8_t *from = bytes;
	char *to = room(buf, RD_B64_LEN(len));
	size_t left = len;

	if (!to)
		return;
	for (; left >= 3; left -= 3, from += 3, to += 4) {
		uint32_t n = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];

		to[0] = digits[n >> 18];
		to[1] = digits[n >> 12 & 63];
		to[2] = digits[n >> 6 & 63];
		to[3] = digits[n & 63];
	}
	if (left) {
		uint32_t n = (uint32_t)from[0] << 16 | (left == 2 ? (uint32_t)from[1] << 8 : 0);

		to[0] = digits[n >> 18];
		to[1] = digits[n >> 12 & 63];
		if (left == 2)
			to[2] = digits[n >> 6 & 63];
	}
	buf->len += RD_B64_LEN(len);
}

static bool plain(uint8_t c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

// One UTF-16 unit, as JSON escapes them.
static void put_unit(struct rd_buf *buf, uint32_t unit)
{
	static const char hex[16] = "0123456789abcdef";
	const char text[] = {
	    '\\',          'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15],
	    hex[unit & 15]};

	rd_put(buf, text, sizeof text);
}

static void put_escaped(struct rd_buf *buf, uint32_t code)
{
	const char quoted[] = {'\\', (char)code};

	if (code == '"' || code == '\\') {
		rd_put(buf, quoted, sizeof quoted);
	} else if (code < 0x10000) {
		put_unit(buf, code);
	} else { // a surrogate pair
		put_unit(buf, 0xd800 + ((code - 0x10000) >> 10));
		put_unit(buf, 0xdc00 + ((code - 0x10000) & 0x3ff));
	}
}

void rd_put_json(struct rd_buf *buf, struct rd_span text)
{
	const char *at = text.ptr, *end = text.ptr + text.len;

	rd_put_lit(buf, "\"");
	while (at < end) {
		const char *run = at;

		while (at < end && plain((uint8_t)*at))
			at++;
		rd_put(buf, run, (size_t)(at - run));
		if (at < end)
			put_escaped(buf, (uint8_t)*at++);
	}
	rd_put_lit(buf, "\"");
}

void rd_put_json_any(struct rd_buf *buf, struct rd_span text)
{
	const uint8_t *at = (const uint8_t *)text.ptr;
	bool bad = false; // so was the byte before

	rd_put_lit(buf, "\"");
	for (size_t left = text.len, len; left; at += len, left -= len) {
		len = rd_utf8_len(at, left);
		if (len == 0) {
			if (!bad)
				rd_put_lit(buf, "\xef\xbf\xbd");
			bad = true;
			len = 1;
			continue;
		}
		bad = false;
		if (*at == '"' || *at == '\\' || !rd_utf8_prints(rd_utf8_code(at, len)))
			put_escaped(buf, rd_utf8_code(at, len));
		else
			rd_put(buf, at, len);
	}
	rd_put_lit(buf, "\"");
}
