// Token bucket: per_s events a second, burst of RD_RATE_LIMIT_BURST_S seconds. Events that do not
// pass are held: counted, until rd_rate_limit_held reports them. Pure.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define RD_RATE_LIMIT_BURST_S 10 // a full bucket holds the events of so many seconds

// All zero: a full bucket.
struct rd_rate_limit {
	uint64_t spent; // thousandths of an event that the bucket lacks at at_ms
	int64_t at_ms;
	uint64_t held;
	int64_t held_ms; // when the first of held came
};

// Whether an event passes at now_ms (monotonic); per_s 0: always.
[[nodiscard]] bool rd_rate_limit_pass(struct rd_rate_limit *limit, int64_t now_ms, unsigned per_s);

// Returns the number of held events and forgets them, once the first of them is a second old; else
// 0.
uint64_t rd_rate_limit_held(struct rd_rate_limit *limit, int64_t now_ms);
