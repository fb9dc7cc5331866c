#include <string.h>
#include "base/rand.h"
#include "base/secret.h"

static struct {
	uint8_t bytes[512];
	size_t left; // the last `left` bytes are not given out yet, the others are zero
} pool;

void rd_rand(void *out, size_t len)
{
	uint8_t *from;

	if (len > sizeof pool.bytes) {
		randombytes_buf(out, len);
		return;
	}
	if (len > pool.left) {
		randombytes_buf(pool.bytes, sizeof pool.bytes); // aborts without entropy
		pool.left = sizeof pool.bytes;
	}
	from = pool.bytes + sizeof pool.bytes - pool.left;
	memcpy(out, from, len);
	rd_wipe(from, len);
	pool.left -= len;
}

uint32_t rd_rand_upto(uint32_t max)
{
	uint32_t n = max + 1; // 0: the whole range
	uint32_t r, unfair = n ? -n % n : 0;

	do
		rd_rand(&r, sizeof r);
	while (r < unfair);
	return n ? r % n : r;
}

void rd_rand_forked(void)
{
	rd_wipe(&pool, sizeof pool);
}
