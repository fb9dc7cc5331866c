// The two clocks. Wall time is for stamps that others read (iat, exp) and for verifying them;
// deadlines use the monotonic one. Whether a refresh token still stands is decided by Redis' clock.
#pragma once
#include <stdint.h>

int64_t rd_wall_ms(void);
int64_t rd_mono_ms(void);
int64_t rd_mono_us(void);
