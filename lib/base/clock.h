// The two clocks. Wall time is for stamps that others read (iat, exp) and for verifying them;
// deadlines use the monotonic one. Whether a refresh token still stands is decided by Redis' clock.
#pragma once
#include <stdint.h>

int64_t rd_wall_ms(void);
int64_t rd_mono_ms(void);
int64_t rd_mono_us(void);

// The sooner of two waits in ms, for poll and epoll: -1 is no wish, and nothing to wait for.
static inline int rd_sooner(int a_ms, int b_ms)
{
	return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

// The ms until at_ms, 0 when that is over; never more than fits.
static inline int rd_ms_until(int64_t at_ms, int64_t now_ms)
{
	const int64_t left_ms = at_ms - now_ms;

	return left_ms < 0 ? 0 : left_ms < INT32_MAX ? (int)left_ms : INT32_MAX;
}
