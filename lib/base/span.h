// Borrowed bytes: pointer and length, not NUL-terminated, owned by whoever made them.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct rd_span {
	const char *ptr;
	size_t len;
};

#define RD_SPAN(literal) ((struct rd_span){"" literal, sizeof(literal) - 1})

static inline struct rd_span rd_span(const char *text) // NULL gives the empty span
{
	return (struct rd_span){text, text ? strlen(text) : 0};
}

static inline bool rd_span_is(struct rd_span a, struct rd_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
