// The key ring: the keys that sign access tokens and make refresh tokens. Pure; lib/config/keyfile
// reads the file.
//
// The key file is text with one key a line, its fields divided by one blank:
//
//   deployment <secret>                             one line; for slots and sids, never changes
//   refresh <kid 1..255> <state> <secret> [since]   for refresh tokens
//   access <EdDSA|HS256> <state> <secret> [since]   for access tokens; EdDSA: the Ed25519 seed
//
// <secret> is 32 bytes in base64url; all zero, or the same on two lines, is refused. <state> is
// next (published and accepted, makes no token yet), active (makes tokens) or retired (only
// accepted). [since] is when the key got its state, in unix seconds; without it, long ago. Exactly
// one refresh key is active, and at most one access key of each algorithm. Empty lines and lines
// that begin with
// `#` are skipped.
#pragma once
#include <sodium.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/span.h"

#define RD_KEYS_MAX       16 // of each kind
#define RD_KID_LEN        43 // RFC 7638 thumbprint, SHA-256 in base64url
#define RD_JWT_HEADER_MAX 128
#define RD_SINCE_MAX      INT64_C(253402300799) // the last second of the year 9999

enum rd_alg { RD_ALG_EDDSA, RD_ALG_HS256, RD_ALG_COUNT };
enum rd_key_state { RD_KEY_NEXT, RD_KEY_ACTIVE, RD_KEY_RETIRED, RD_KEY_STATE_COUNT };

struct rd_refresh_key {
	uint8_t kid; // 0: no such key
	enum rd_key_state state;
	unsigned line;   // of the file, from 1
	int64_t since_s; // in this state; 0: not given
	// crypto_kdf of the master, context "refreshd", ids 1 and 2
	uint8_t tag_key[32], secret_key[32];
};

struct rd_access_key {
	enum rd_alg alg;
	enum rd_key_state state;
	unsigned line;   // of the file, from 1
	int64_t since_s; // in this state; 0: not given
	char kid[RD_KID_LEN + 1];
	uint8_t secret[crypto_sign_SECRETKEYBYTES]; // Ed25519 secret key, or 32 bytes for HS256
	uint8_t public[crypto_sign_PUBLICKEYBYTES]; // Ed25519 only
	crypto_auth_hmacsha256_state hmac;          // HS256: key and header are hashed already
	// The only JWS headers that this key writes, in base64url; [1] has the alg "Ed25519" of RFC
	// 9864 (empty for HS256). A token's key is found by comparing its header with these, so no
	// header is ever parsed, and the algorithm always comes from the key.
	char header[2][RD_JWT_HEADER_MAX];
	size_t header_len[2];
};

struct rd_keys {
	uint8_t slot_key[32], sid_key[32];  // crypto_kdf of the deployment key, ids 1 and 2
	struct rd_refresh_key refresh[256]; // by kid
	uint8_t refresh_active;             // kid
	struct rd_access_key access[RD_KEYS_MAX];
	size_t access_count;
};

// text: the whole key file. keys: the caller's, to be given to rd_keys_wipe. On false *keys is all
// zero, and why says the reason with its line number, but never a secret.
[[nodiscard]] bool rd_keys_parse(struct rd_span text, struct rd_keys *keys, struct rd_buf *why);
void rd_keys_wipe(struct rd_keys *keys);

// Returns the active access key of an algorithm, or NULL.
const struct rd_access_key *rd_keys_signer(const struct rd_keys *keys, enum rd_alg alg);

extern const char *const rd_alg_names[RD_ALG_COUNT];             // "EdDSA", "HS256"
extern const char *const rd_key_state_names[RD_KEY_STATE_COUNT]; // "next", "active", "retired"
