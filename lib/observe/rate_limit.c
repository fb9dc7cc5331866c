#include "observe/rate_limit.h"

#define EVENT UINT64_C(1000) // so that per_s flow back in a millisecond

bool rd_rate_limit_pass(struct rd_rate_limit *limit, int64_t now_ms, unsigned per_s)
{
	const uint64_t refill = (uint64_t)(now_ms - limit->at_ms) * per_s;

	if (per_s == 0)
		return true;
	limit->at_ms = now_ms;
	limit->spent -= refill < limit->spent ? refill : limit->spent;
	if (limit->spent < EVENT * RD_RATE_LIMIT_BURST_S * per_s) {
		limit->spent += EVENT;
		return true;
	}
	if (limit->held++ == 0)
		limit->held_ms = now_ms;
	return false;
}

uint64_t rd_rate_limit_held(struct rd_rate_limit *limit, int64_t now_ms)
{
	const uint64_t held = limit->held;

	if (now_ms - limit->held_ms < 1000)
		return 0;
	limit->held = 0;
	return held;
}
