// The record of a session, as it lies in Redis: one packed STRING, versioned, big-endian. All times
// are of Redis' clock. The key ends with the sid, so Redis never learns the family.
#pragma once
#include <stdint.h>
#include "base/buf.h"
#include "token/jwt.h"
#include "token/refresh.h"

#define RD_RECORD_VERSION 1

#define RD_USER_MAX  255
#define RD_SCOPE_MAX 512
#define RD_IP_MAX    45
#define RD_AGENT_MAX 128 // a longer user agent is cut

// The layout, for record.c and, by expand.awk, for the scripts. First fields of one size: name,
// offset, bytes, I (a number) or c (plain bytes), as Lua's struct calls them. rotate.lua and
// revoke.lua write no byte behind the fingerprint, issue.lua writes the whole.
// clang-format off
#define RD_RECORD_FIELDS(X) \
	X(version,      0,  1, I) /* RD_RECORD_VERSION */ \
	X(revoked,      1,  1, I) /* not 0: this is a tombstone */ \
	X(kid,          2,  1, I) /* of the key that made the head's token */ \
	X(reason,       3,  1, I) /* of the revocation, enum rd_reason */ \
	X(generation,   4,  4, I) /* of the head */ \
	X(rotated,      8,  6, I) /* last rotation, ms; 0: never */ \
	X(seen,        14,  6, I) /* last use, ms: made, rotated, late, kept or (tombstone) revoked */ \
	X(late,        20,  1, I) /* bit i: generation g - i was given to a late retry */ \
	X(fingerprint, 21,  5, c) /* of the sender that rotated last; 0: none */ \
	X(expires,     26,  6, I) /* absolute expiry, ms */ \
	X(created,     32,  6, I) /* ms */ \
	X(auth_time,   38,  6, I) /* ms */ \
	X(seed,        44, 16, c) /* constant for the session's life */

// Then texts, each behind its length: name, bytes of the length, limit.
#define RD_RECORD_TEXTS(X) \
	X(user,   1, RD_USER_MAX) \
	X(client, 1, RD_CLIENT_MAX) \
	X(ip,     1, RD_IP_MAX) \
	X(scope,  2, RD_SCOPE_MAX) \
	X(claims, 2, RD_CLAIMS_MAX) \
	X(agent,  2, RD_AGENT_MAX)
// clang-format on

// Version 2, planned. The layout changes this once and no more; version 1 is read for ever and
// becomes version 2 with the session's next rotation. A release that reads version 2 comes before
// the first one that writes it, so that workers of both can run side by side.
// - A byte of flags in place of `revoked` (which a reason other than 0 says too): begun without
//   "remember me"; the head was presented by another sender since, which closes late retry, if the
//   protocol's model bears it; and one for each part below that is there.
// - created, expires and auth_time in seconds, 5 bytes each: 3 bytes less.
// - scope and claims only where a flag says so, the agent's length in 1 byte: 5 bytes less without
//   scope and claims. A session with a browser's agent has 114 bytes today, and up to 108 would be
//   one allocator class less: at most 260 bytes of memory with its key, where it is 273.
// - Behind the texts, where a flag says so: the version of the user's claims (4 bytes), claims
//   merged at a refresh (behind a length of 2 bytes), and the thumbprint of a device-bound
//   session's key (SHA-256, 32 bytes, RFC 7638).

// The fields of one size as they lie there.
struct rd_record_head {
#define RD_RECORD_BYTES(field, offset, bytes, kind) uint8_t field[bytes];
	RD_RECORD_FIELDS(RD_RECORD_BYTES)
#undef RD_RECORD_BYTES
};

#define RD_RECORD_HEAD sizeof(struct rd_record_head)

#define RD_RECORD_TEXT_MAX(text, length_bytes, max) +(length_bytes) + (max)
enum { RD_RECORD_VAR_MAX = 0 RD_RECORD_TEXTS(RD_RECORD_TEXT_MAX) };
#undef RD_RECORD_TEXT_MAX

struct rd_record {
	bool revoked;
	uint8_t kid, reason, late;
	uint32_t generation;
	int64_t rotated_ms, seen_ms, expires_ms, created_ms, auth_time_ms;
	uint8_t seed[RD_SEED_LEN];
	struct rd_span user, client, ip, scope, claims, agent; // borrowed
};

// Takes a big-endian number off the front of *rest, which has that many bytes (asserted): records
// and the scripts' answers are packed alike.
uint64_t rd_take_int(struct rd_span *rest, size_t bytes);

// Reads bytes into *out, which borrows from them. False: not a whole record of this version, or
// with a text longer than its limit.
[[nodiscard]] bool rd_record_read(struct rd_span bytes, struct rd_record *out);

// Appends the texts, which issue.lua puts behind the head. agent is cut to RD_AGENT_MAX; the other
// texts' limits are the caller's to keep (asserted).
void rd_record_put_var(struct rd_buf *buf, const struct rd_record *record);
