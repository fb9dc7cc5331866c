// A cache of verified access tokens: a hit costs a hash instead of a signature. One per worker; not
// for several threads.
//
// The id of a token is the keyed BLAKE2b-256 of its whole text. The key is random and never leaves
// the process, so no other text has the same id and nobody can choose a place in the cache. Only
// valid tokens are put in, so forged ones displace none. Only a token whose header is that of a key
// in the ring gets an id, and that header has the key's thumbprint: once a key has left the ring,
// its tokens are no longer found, and a reload need not empty the cache.
#pragma once
#include "token/jwt.h"

#define RD_JWT_CACHE_ID   32
#define RD_JWT_CACHE_TEXT 432 // bytes of all texts of an access token; longer ones are not kept

struct rd_jwt_cache;

// Room for this many tokens of 512 bytes each; the system provides the pages as they are used. NULL
// for 0 tokens or when memory is short. The caller's to rd_jwt_cache_free, which wipes it; NULL is
// fine.
struct rd_jwt_cache *rd_jwt_cache_new(size_t tokens);
void rd_jwt_cache_free(struct rd_jwt_cache *cache);

// False for what cannot be in the cache: no key of the ring has this header, or it is too long.
[[nodiscard]] bool rd_jwt_cache_id(const struct rd_jwt_cache *cache, struct rd_span token,
				   const struct rd_keys *keys, uint8_t id[static RD_JWT_CACHE_ID]);

// Looks up what rd_jwt_verify said of this token for the same iss and aud. False when it is not
// there or has expired. True fills *out, which borrows from text. Nothing is allocated or parsed.
[[nodiscard]] bool rd_jwt_cache_get(struct rd_jwt_cache *cache,
				    const uint8_t id[static RD_JWT_CACHE_ID],
				    const struct rd_jwt_wants *wants,
				    char text[static RD_JWT_CACHE_TEXT], struct rd_access *out);

// Keeps what rd_jwt_verify has returned. Where there is no room, an expired token or the least
// recently used one makes way.
void rd_jwt_cache_put(struct rd_jwt_cache *cache, const uint8_t id[static RD_JWT_CACHE_ID],
		      const struct rd_access *access, int64_t now_s);
