// The refresh token: `rt1_` and base64url of 70 bytes, opaque to clients.
//
//   version 1 | kid 1 | slot 8 | family 16 | generation 4 (big-endian) | secret 24 | tag 16
//
// secret = BLAKE2b-192(key of the kid that made it, version | family | generation | client | seed)
// tag    = BLAKE2b-128(tag key of the kid, all bytes before it | client)
// Only the client id varies in length, so neither input is ambiguous.
#pragma once
#include <stdint.h>
#include "base/outcomes.h"
#include "base/span.h"
#include "token/keys.h"

#define RD_TOKEN_PREFIX   "rt1_" // no access token begins so
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

// text: borrowed. out: caller's; holds a secret, so wipe it. Returns RD_OK, or RD_MALFORMED
// (length, prefix, alphabet, version) with *out all zero. Says nothing about the tag. Pure.
[[nodiscard]] enum rd_result rd_token_parse(struct rd_span text, struct rd_token *out);

// Whether the tag is ours for this client. Constant time. False too for a kid the ring does not
// hold.
[[nodiscard]] bool rd_token_authentic(const struct rd_token *token, const struct rd_keys *keys,
				      struct rd_span client);

// Whether the secret is the one derived from seed. Constant time. For an authentic token it only
// fails when the tag key has leaked.
[[nodiscard]] bool rd_token_lineage(const struct rd_token *token, const struct rd_keys *keys,
				    struct rd_span client, const uint8_t seed[static RD_SEED_LEN]);

// Fills secret and tag from version, kid, slot, family, generation; kid must be in the ring
// (asserted).
void rd_token_seal(struct rd_token *token, const struct rd_keys *keys, struct rd_span client,
		   const uint8_t seed[static RD_SEED_LEN]);

// out: RD_TOKEN_TEXT_LEN bytes and a NUL; holds a secret.
void rd_token_print(const struct rd_token *token, char out[static RD_TOKEN_TEXT_LEN + 1]);

// The slot of a user (first half of BLAKE2b-128 keyed by the slot key) and the public session id of
// a family (BLAKE2b-128 keyed by the sid key, base64url, NUL-terminated).
void rd_slot_of(uint8_t slot[static RD_SLOT_LEN], const struct rd_keys *keys, struct rd_span user);
// What a sender looks like, RD_FINGERPRINT_LEN bytes, other for each family, so that records cannot
// be matched by it.
#define RD_FINGERPRINT_LEN 5
void rd_fingerprint_of(uint8_t fingerprint[static RD_FINGERPRINT_LEN], const struct rd_keys *keys,
		       const uint8_t family[static RD_FAMILY_LEN], struct rd_span net,
		       struct rd_span agent);
void rd_sid_of(char sid[static RD_SID_TEXT_LEN + 1], const struct rd_keys *keys,
	       const uint8_t family[static RD_FAMILY_LEN]);
// What a page shows to prove that it could read our cookies: for a family always the same, and of
// no use for another one. NUL-terminated.
void rd_csrf_of(char csrf[static RD_CSRF_TEXT_LEN + 1], const struct rd_keys *keys,
		const uint8_t family[static RD_FAMILY_LEN]);
