// A fixed key ring. The refresh masters are the bytes 32..63 and 64..95, the deployment key 0..31,
// the HS256 key 96..127, the first EdDSA key that of RFC 8037 appendix A, the retired one 128..159.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include "token/keys.h"

#define RING_DEPLOYMENT    "deployment AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
#define RING_REFRESH_OLD   "refresh 1 retired ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8\n"
#define RING_REFRESH       "refresh 7 active QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8\n"
#define RING_EDDSA         "access EdDSA active nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\n"
#define RING_HS256         "access HS256 active YGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn8\n"
#define RING_EDDSA_RETIRED "access EdDSA retired gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8\n"

#define RING RING_DEPLOYMENT RING_REFRESH_OLD RING_REFRESH RING_EDDSA RING_HS256 RING_EDDSA_RETIRED

static inline const struct rd_keys *ring(void)
{
	static struct rd_keys keys;
	char text[100];
	struct rd_buf why = RD_BUF(text);

	if (keys.refresh_active == 0 && !rd_keys_parse(RD_SPAN(RING), &keys, &why)) {
		fprintf(stderr, "ring: %.*s\n", (int)why.len, why.ptr);
		abort();
	}
	return &keys;
}
