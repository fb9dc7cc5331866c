// Copies in memory of their very size, so that a sanitizer sees a read past the end.
#pragma once
#include <stdlib.h>
#include "base/span.h"
#include "http/params.h"

#define COPIES_MAX 64

static struct {
	char *bytes[COPIES_MAX];
	size_t count;
} copies;

static inline struct rd_span copy_of(struct rd_span span)
{
	char *bytes = malloc(span.len > 0 ? span.len : 1);

	if (!bytes || copies.count == COPIES_MAX)
		abort();
	if (span.len > 0)
		memcpy(bytes, span.ptr, span.len);
	copies.bytes[copies.count++] = bytes;
	return (struct rd_span){bytes, span.len};
}

static inline void copies_free(void)
{
	while (copies.count > 0)
		free(copies.bytes[--copies.count]);
}

// pairs: up to a NULL.
static inline struct rd_params params_of(const char *const *pairs)
{
	struct rd_params params = {0};

	for (; *pairs; pairs++)
		rd_params_add(&params, copy_of(rd_span(*pairs)));
	return params;
}
