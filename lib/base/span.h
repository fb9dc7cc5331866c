// Borrowed bytes: pointer and length, not NUL-terminated, owned by whoever made them.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rd_span {
	const char *ptr;
	size_t len;
};

#define RD_SPAN(literal) ((struct rd_span){"" literal, sizeof(literal) - 1})

static inline struct rd_span rd_span(const char *text) // of NULL: the empty one
{
	return (struct rd_span){text, text ? strlen(text) : 0};
}

static inline bool rd_span_is(struct rd_span a, struct rd_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool rd_span_begins(struct rd_span span, struct rd_span with)
{
	return span.len >= with.len && (with.len == 0 || memcmp(span.ptr, with.ptr, with.len) == 0);
}

// Whether every byte is one of the alphabet, NUL-terminated. True for the empty span.
[[nodiscard]] bool rd_span_only(struct rd_span span, const char *alphabet);

#define RD_DIGITS "0123456789"
#define RD_ALNUM  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" RD_DIGITS

// Takes the first len bytes off *rest, which must have them (asserted).
struct rd_span rd_span_take(struct rd_span *rest, size_t len);

// Takes what stands before the first mark off *rest, and the mark with it; all when there is none.
struct rd_span rd_span_cut(struct rd_span *rest, char mark);

// A decimal number: digits, at least one, and nothing else. False for anything else and for more
// than most; then *out is 0.
[[nodiscard]] bool rd_span_number(struct rd_span text, uint64_t most, uint64_t *out);

// Takes the digits that *rest begins with, as such a number. False, with *rest as it was, as above.
[[nodiscard]] bool rd_span_take_number(struct rd_span *rest, uint64_t most, uint64_t *out);
