// The keys of a ring as their operator sees them: named, without secrets, and from when on what may
// be done with them. Pure; the verbs `refreshd key …` stand on it.
#pragma once
#include "token/keys.h"

#define RD_KID_PREFIX_MIN 6 // characters of a thumbprint that may stand for the whole

struct rd_key_entry {
	bool refresh;    // or else access
	enum rd_alg alg; // access only
	unsigned line;   // of the file, from 1
	int64_t since_s; // 0: long ago
	enum rd_key_state state;
	char kid[RD_KID_LEN + 1]; // refresh: the number, access: the thumbprint
};

struct rd_key_list {
	struct rd_key_entry entry[2 * RD_KEYS_MAX]; // refresh keys by number, then access keys
	size_t count;
};

// How long others hold on to a key, from the configuration.
struct rd_key_lives {
	uint32_t jwks_s;    // clients keep the JWKS
	uint32_t access_s;  // an access token is good
	uint32_t refresh_s; // a session may last, with any client
};

void rd_keys_list(const struct rd_keys *keys, struct rd_key_list *out);

// name: a refresh key's number, or a thumbprint's first characters. Returns how many keys it may
// mean and the first of them in found (NULL for none).
[[nodiscard]] size_t rd_key_find(const struct rd_key_list *list, struct rd_span name,
				 const struct rd_key_entry **found);

// The active key of this key's kind and algorithm, or NULL.
const struct rd_key_entry *rd_key_active(const struct rd_key_list *list,
					 const struct rd_key_entry *like);

// Unix seconds from which on a key may become active; 0: at any time, INT64_MAX: it is. A new key
// whose public half others fetch must be in the JWKS for as long as they may keep an older one.
int64_t rd_key_activate_from(const struct rd_key_entry *key, const struct rd_key_lives *lives);

// Unix seconds from which on no token made with a key can be alive; 0: it made none, INT64_MAX: it
// is active.
int64_t rd_key_remove_from(const struct rd_key_entry *key, const struct rd_key_lives *lives);

// The number for a new refresh key: past the highest, so that a number which tokens may still carry
// does not come back; past 255 the lowest free one.
uint8_t rd_keys_new_kid(const struct rd_keys *keys);
