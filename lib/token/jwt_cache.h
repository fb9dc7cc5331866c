// Access tokens that were verified before, so that a hot one costs a hash instead of a signature.
// One worker's own; not for several threads.
//
// A token is known by the keyed BLAKE2b-256 of its whole text, under a random key that never leaves
// the process: no other text has this id, nor can anybody aim at a place in the cache. Only tokens
// found good are ever put in, so forgeries push nobody out. An id is made for a token whose header
// is that of a key in the ring, and such a header holds the key's thumbprint: once the key has left
// the ring, its tokens are not found any more, and nobody needs to empty the cache on a reload.
#pragma once
#include "token/jwt.h"

#define RD_JWT_CACHE_ID   32
#define RD_JWT_CACHE_TEXT 432 // bytes of all texts of an access token; one with more is not kept

struct rd_jwt_cache;

// Room for this many tokens, 512 bytes each, taken from the system as they come. NULL for none, or
// without memory. The caller's: rd_jwt_cache_free, which wipes it and takes NULL too.
struct rd_jwt_cache *rd_jwt_cache_new(size_t tokens);
void rd_jwt_cache_free(struct rd_jwt_cache *cache);

// False for what cannot be in the cache: no key of the ring has this header, or too long.
[[nodiscard]] bool rd_jwt_cache_id(const struct rd_jwt_cache *cache, struct rd_span token,
				   const struct rd_keys *keys, uint8_t id[static RD_JWT_CACHE_ID]);

// What rd_jwt_verify said of this token for the same iss and aud, while exp > now. True fills *out,
// which borrows from text. No memory is taken and nothing is parsed.
[[nodiscard]] bool rd_jwt_cache_get(struct rd_jwt_cache *cache,
				    const uint8_t id[static RD_JWT_CACHE_ID],
				    const struct rd_jwt_wants *wants,
				    char text[static RD_JWT_CACHE_TEXT], struct rd_access *out);

// Keeps what rd_jwt_verify gave. Where there is no room, the token that has not been asked for the
// longest goes.
void rd_jwt_cache_put(struct rd_jwt_cache *cache, const uint8_t id[static RD_JWT_CACHE_ID],
		      const struct rd_access *access, int64_t now_s);
