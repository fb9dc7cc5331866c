// So many a second, some more at once, and how many there were besides. Pure.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define RD_RATE_LIMIT_BURST_S 10 // seconds' worth that may come in one go

struct rd_rate_limit {
	int64_t at_ms;  // when spent was so much
	uint64_t spent; // thousandths of one; falls by per_s a millisecond
	uint64_t held;
	int64_t held_ms; // the first of held
};

// Whether one more may pass at now_ms (monotonic) when per_s may in a second; 0: any number. The
// others are held.
[[nodiscard]] bool rd_rate_limit_pass(struct rd_rate_limit *limit, int64_t now_ms, unsigned per_s);

// How many are held, once the first has been for a second, and holds none from then on; else 0.
uint64_t rd_rate_limit_held(struct rd_rate_limit *limit, int64_t now_ms);
