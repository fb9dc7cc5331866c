// The name that was probably meant, out of those that there are.
#pragma once
#include "base/buf.h"

struct rd_nearest {
	struct rd_span given;
	const char *name; // the best so far; NULL: none is like it
	unsigned cost;    // of that one; at first, what is too much
};

// given: borrowed.
struct rd_nearest rd_nearest_to(struct rd_span given);
// Case does not count, nor the difference of - and _. Pure.
void rd_nearest_try(struct rd_nearest *nearest, const char *name);
// Puts "; did you mean NAME?" when a name is near enough.
void rd_put_nearest(struct rd_buf *out, const struct rd_nearest *nearest);
