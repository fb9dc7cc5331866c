// Password hashing: Argon2id (RFC 9106) by libsodium.
#pragma once
#include <sodium.h>
#include "base/span.h"

#define RD_PASSWORD_MAX      1024 // bytes; a longer one is refused before any hashing
#define RD_PASSWORD_HASH_MAX crypto_pwhash_argon2id_STRBYTES

struct rd_argon2 {
	unsigned long long ops; // passes over the memory
	size_t mem_kib;
};

// out: the encoded hash, NUL-terminated. False when memory is short or the password is too long.
[[nodiscard]] bool rd_password_hash(char out[static RD_PASSWORD_HASH_MAX], struct rd_span password,
				    const struct rd_argon2 *cost);
// hash: encoded, NUL-terminated, or NULL for a user who does not exist: then the same work is done
// on a dummy hash of this cost, and the result is false. False also for a password that is too
// long.
[[nodiscard]] bool rd_password_verify(const char *hash, struct rd_span password,
				      const struct rd_argon2 *cost);
// Whether an encoded hash was made at less than this cost, and so should be made again. Pure.
[[nodiscard]] bool rd_password_outdated(const char *hash, const struct rd_argon2 *cost);
