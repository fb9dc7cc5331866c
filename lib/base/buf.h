// Bounded writer over the caller's memory. Too much sets `full` and writes nothing more; ask once
// at the end with rd_buf_ok. Nothing is NUL-terminated.
#pragma once
#include <stdint.h>
#include "base/span.h"

struct rd_buf {
	char *ptr;
	size_t len, max;
	bool full;
};

#define RD_BUF(array) ((struct rd_buf){(array), 0, sizeof(array), false})

void rd_put(struct rd_buf *buf, const void *bytes, size_t len);
void rd_put_span(struct rd_buf *buf, struct rd_span span);
#define rd_put_lit(buf, literal) rd_put((buf), "" literal, sizeof(literal) - 1)
void rd_put_str(struct rd_buf *buf, const char *text);
void rd_put_u64(struct rd_buf *buf, uint64_t n);      // decimal
void rd_put_seconds(struct rd_buf *buf, uint64_t us); // decimal, with six places
void rd_put_b64(struct rd_buf *buf, const void *bytes,
		size_t len); // RFC 4648 section 5, no padding
// The same four times faster, by a table: for what is no secret, such as the payload of a JWT.
void rd_put_b64_public(struct rd_buf *buf, const void *bytes, size_t len);
void rd_put_json(struct rd_buf *buf, struct rd_span text); // a JSON string with its quotes
// The same for bytes that need not be UTF-8: a run of what is none becomes one U+FFFD. What does
// not print (rd_utf8_prints) is escaped, so that the text can be shown on a terminal.
void rd_put_json_any(struct rd_buf *buf, struct rd_span text);

static inline bool rd_buf_ok(const struct rd_buf *buf)
{
	return !buf->full;
}

static inline struct rd_span rd_buf_span(const struct rd_buf *buf)
{
	return (struct rd_span){buf->ptr, buf->len};
}
