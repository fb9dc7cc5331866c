// The refresh token: `rt1_` and 70 bytes in base64url, opaque to clients.
//
//   version 1 | kid 1 | slot 8 | family 16 | generation 4 (big-endian) | secret 24 | tag 16
//
// secret = BLAKE2b-192(secret key of the kid, version | family | generation | client | seed)
// tag    = BLAKE2b-128(tag key of the kid, all bytes before it | client)
// Only the client id varies in length, so neither input is ambiguous.
#pragma once
#include <stdint.h>
#include "base/outcomes.h"
#include "base/span.h"
#include "token/keys.h"

#define RD_TOKEN_PREFIX   "rt1_" // no access token begins like this
#define RD_TOKEN_VERSION  1
#define RD_TOKEN_BYTES    70
#define RD_TOKEN_TEXT_LEN 98
#define RD_SLOT_LEN       8
#define RD_FAMILY_LEN     16
#define RD_SECRET_LEN     24
#define RD_TAG_LEN        16
#define RD_SEED_LEN       16
#define RD_SID_TEXT_LEN   22
#define RD_CSRF_TEXT_LEN  32
#define RD_CLIENT_MAX     64 // bytes of a client id

struct rd_token {
	uint8_t version, kid;
	uint8_t slot[RD_SLOT_LEN];
	uint8_t family[RD_FAMILY_LEN];
	uint32_t generation;
	uint8_t secret[RD_SECRET_LEN];
	uint8_t tag[RD_TAG_LEN];
};

void rd_token_wipe(struct rd_token *token);

// text: borrowed. out: the caller's; holds a secret, so wipe it. RD_OK, or RD_MALFORMED (length,
// prefix, alphabet, version) with *out all zero. The tag is not checked. Pure.
[[nodiscard]] enum rd_result rd_token_parse(struct rd_span text, struct rd_token *out);

// Whether the tag is ours for this client. False too for a kid that the ring does not have.
// Constant time.
[[nodiscard]] bool rd_token_authentic(const struct rd_token *token, const struct rd_keys *keys,
				      struct rd_span client);

// Whether the secret is the one derived from seed. For an authentic token it is, unless the tag key
// has leaked. Constant time.
[[nodiscard]] bool rd_token_lineage(const struct rd_token *token, const struct rd_keys *keys,
				    struct rd_span client, const uint8_t seed[static RD_SEED_LEN]);

// Computes secret and tag from version, kid, slot, family and generation. The ring must have kid
// (asserted).
void rd_token_seal(struct rd_token *token, const struct rd_keys *keys, struct rd_span client,
		   const uint8_t seed[static RD_SEED_LEN]);

// out: RD_TOKEN_TEXT_LEN bytes and a NUL; holds a secret.
void rd_token_print(const struct rd_token *token, char out[static RD_TOKEN_TEXT_LEN + 1]);

// The slot of a user: the first half of BLAKE2b-128 under the slot key. Two users may share one.
void rd_slot_of(uint8_t slot[static RD_SLOT_LEN], const struct rd_keys *keys, struct rd_span user);

// The public session id of a family: BLAKE2b-128 under the sid key in base64url, NUL-terminated.
void rd_sid_of(char sid[static RD_SID_TEXT_LEN + 1], const struct rd_keys *keys,
	       const uint8_t family[static RD_FAMILY_LEN]);

// The value by which a page proves that it can read our cookies, NUL-terminated. It is the same for
// the family's whole life and good for no other.
void rd_csrf_of(char csrf[static RD_CSRF_TEXT_LEN + 1], const struct rd_keys *keys,
		const uint8_t family[static RD_FAMILY_LEN]);

// A fingerprint of the sender: its network (at most 255 bytes) and user agent, hashed together with
// the family, so that the records of one sender cannot be matched.
#define RD_FINGERPRINT_LEN 5
void rd_fingerprint_of(uint8_t fingerprint[static RD_FINGERPRINT_LEN], const struct rd_keys *keys,
		       const uint8_t family[static RD_FAMILY_LEN], struct rd_span net,
		       struct rd_span agent);
