// Secrets wipe themselves: declare them RD_WIPE(fn), and fn runs on every way out of the scope.
#pragma once
#include <sodium.h>

#define RD_WIPE(fn) [[gnu::cleanup(fn)]]

static inline void rd_wipe(void *secret, size_t len)
{
	sodium_memzero(secret, len);
}

// Declares `uint8_t name[len]`, of 16, 24 or 32 bytes, that is wiped when it goes out of scope.
#define RD_SECRET_BYTES(name, len) RD_WIPE(rd_wipe_##len) uint8_t name[len]
static inline void rd_wipe_16(uint8_t (*p)[16])
{
	rd_wipe(*p, sizeof *p);
}
static inline void rd_wipe_24(uint8_t (*p)[24])
{
	rd_wipe(*p, sizeof *p);
}
static inline void rd_wipe_32(uint8_t (*p)[32])
{
	rd_wipe(*p, sizeof *p);
}
