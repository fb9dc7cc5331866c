// Argon2id (RFC 9106) by libsodium.
#pragma once
#include <sodium.h>
#include "base/span.h"

#define RD_PASSWORD_MAX      1024 // bytes; a longer one is refused before any hashing
#define RD_PASSWORD_HASH_MAX crypto_pwhash_argon2id_STRBYTES

struct rd_argon2 {
	unsigned long long ops;
	size_t mem_kib;
};

// out: a NUL-terminated encoded hash. False when memory is short.
[[nodiscard]] bool rd_password_hash(char out[static RD_PASSWORD_HASH_MAX], struct rd_span password,
				    const struct rd_argon2 *cost);
// hash: encoded, NUL-terminated, or NULL for a user who does not exist: then the same work is done
// against a throw-away hash of the same cost, and the answer is false.
[[nodiscard]] bool rd_password_verify(const char *hash, struct rd_span password,
				      const struct rd_argon2 *cost);
// Whether hash, encoded, was made at less than this cost and should be made again. Pure.
[[nodiscard]] bool rd_password_outdated(const char *hash, const struct rd_argon2 *cost);
