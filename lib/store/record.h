// The record of a family, as it lies in Redis: one packed STRING, versioned, big-endian.
//
//   offset  bytes  field
//        0      1  version, 1
//        1      1  1: revoked, this is a tombstone
//        2      1  kid that made the head's generation
//        3      1  reason of the revocation (enum rd_reason)
//        4      4  generation of the head
//        8      6  time of the last rotation, ms; 0: never
//       14      6  last seen, ms: made, rotated, late, kept or (tombstone) revoked
//       20      1  bit i: generation g - i was given to a late retry
//       21      5  fingerprint of the request that rotated last; 0: none
//       26      6  absolute expiry, ms
//       32      6  created, ms
//       38      6  auth_time, ms
//       44     16  seed, constant for the family's life
//       60         user, client, ip (1 byte of length each), scope, claims, user agent (2 bytes
//       each)
//
// rotate.lua and revoke.lua write bytes 1..25 only; issue.lua writes the whole. All times are
// Redis' clock. The key ends with the sid, so Redis never learns the family.
#pragma once
#include <stdint.h>
#include "base/buf.h"
#include "token/jwt.h"
#include "token/refresh.h"

#define RD_RECORD_HEAD 60
#define RD_USER_MAX    255
#define RD_SCOPE_MAX   512
#define RD_IP_MAX      45
#define RD_AGENT_MAX   128 // a longer user agent is cut
#define RD_RECORD_VAR_MAX \
	(RD_USER_MAX + RD_CLIENT_MAX + RD_IP_MAX + RD_SCOPE_MAX + RD_CLAIMS_MAX + RD_AGENT_MAX + 9)

struct rd_record {
	bool revoked;
	uint8_t kid, reason, late;
	uint32_t generation;
	int64_t rotated_ms, seen_ms, expires_ms, created_ms, auth_time_ms;
	uint8_t seed[RD_SEED_LEN];
	struct rd_span user, client, ip, scope, claims, agent; // borrowed
};

// Reads bytes into *out, which borrows from them. False: not a whole record of this version, or
// with a text longer than its limit.
[[nodiscard]] bool rd_record_read(struct rd_span bytes, struct rd_record *out);

// Appends the variable part, which issue.lua puts behind the head. agent is cut to RD_AGENT_MAX;
// the other fields' limits are the caller's to keep (asserted).
void rd_record_put_var(struct rd_buf *buf, const struct rd_record *record);
