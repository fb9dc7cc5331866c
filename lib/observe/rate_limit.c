#include "observe/rate_limit.h"

#define ONE UINT64_C(1000)

bool rd_rate_limit_pass(struct rd_rate_limit *limit, int64_t now_ms, unsigned per_s)
{
	const uint64_t back = (uint64_t)(now_ms - limit->at_ms) * per_s;

	limit->at_ms = now_ms;
	limit->spent -= back < limit->spent ? back : limit->spent;
	if (limit->spent < ONE * RD_RATE_LIMIT_BURST_S * per_s || per_s == 0) {
		limit->spent += per_s ? ONE : 0;
		return true;
	}
	if (limit->held++ == 0)
		limit->held_ms = now_ms;
	return false;
}

uint64_t rd_rate_limit_held(struct rd_rate_limit *limit, int64_t now_ms)
{
	const uint64_t held = now_ms - limit->held_ms >= 1000 ? limit->held : 0;

	limit->held -= held;
	return held;
}
