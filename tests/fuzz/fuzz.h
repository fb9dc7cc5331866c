// What every fuzz target starts from. A target is run by libFuzzer, or over its corpus by replay.c.
#pragma once
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(promise)            \
	do {                     \
		if (!(promise))  \
			abort(); \
	} while (0)

[[gnu::constructor]] static void start_sodium(void)
{
	MUST(sodium_init() >= 0);
}

static inline struct rd_span input(const uint8_t *data, size_t size)
{
	return (struct rd_span){(const char *)data, size};
}
