// What every unit test starts from.
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/secret.h"
#include "base/span.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static inline int start_sodium(void **state)
{
	(void)state;
	return sodium_init() < 0 ? -1 : 0;
}

static inline void assert_text(struct rd_span is, const char *wanted)
{
	struct rd_span want = rd_span(wanted);

	if (!rd_span_is(is, want))
		fail_msg("is: %.*s\nwanted: %s", (int)is.len, is.ptr, wanted);
}
