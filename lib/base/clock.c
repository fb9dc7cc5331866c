#include <time.h>
#include "base/clock.h"

static int64_t us_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t); // cannot fail for these two clocks
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t rd_wall_ms(void)
{
	return us_of(CLOCK_REALTIME) / 1000;
}

int64_t rd_mono_ms(void)
{
	return us_of(CLOCK_MONOTONIC) / 1000;
}

int64_t rd_mono_us(void)
{
	return us_of(CLOCK_MONOTONIC);
}
