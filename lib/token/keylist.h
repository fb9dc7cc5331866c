// The keys of a ring as the verbs `refreshd key …` show them: named, without secrets, with the
// times from which on they may be activated or removed. Pure.
#pragma once
#include "token/keys.h"

#define RD_KID_PREFIX_MIN 6 // the first characters of a thumbprint that name its key

struct rd_key_entry {
	bool refresh;    // else access
	enum rd_alg alg; // access only
	unsigned line;   // of the file, from 1
	int64_t since_s; // in this state, unix seconds; 0: long ago
	enum rd_key_state state;
	char kid[RD_KID_LEN + 1]; // refresh: the number, access: the thumbprint
};

struct rd_key_list {
	struct rd_key_entry entry[2 * RD_KEYS_MAX]; // refresh keys by number, then access keys
	size_t count;
};

// How long a key stays in use elsewhere, by the configuration.
struct rd_key_lives {
	uint32_t jwks_s;    // a copy of the JWKS
	uint32_t access_s;  // an access token
	uint32_t refresh_s; // a session, of the client whose sessions last longest
};

void rd_keys_list(const struct rd_keys *keys, struct rd_key_list *out);

// name: the number of a refresh key, or the first characters of a thumbprint. Returns how many keys
// have that name; *found is the first of them, or NULL.
[[nodiscard]] size_t rd_key_find(const struct rd_key_list *list, struct rd_span name,
				 const struct rd_key_entry **found);

// The active key of this key's kind and algorithm, or NULL.
const struct rd_key_entry *rd_key_active(const struct rd_key_list *list,
					 const struct rd_key_entry *like);

// Unix seconds from which on a key may be activated; 0: at any time, INT64_MAX: it is active. A new
// key whose public half is in the JWKS must have been there for as long as an older copy is kept.
int64_t rd_key_activate_from(const struct rd_key_entry *key, const struct rd_key_lives *lives);

// Unix seconds from which on all tokens made with a key have expired; 0: it has made none,
// INT64_MAX: it is active.
int64_t rd_key_remove_from(const struct rd_key_entry *key, const struct rd_key_lives *lives);

// Returns the number for a new refresh key: one above the highest, so that none comes back while
// old tokens still carry it; where that is 255, the lowest free one.
uint8_t rd_keys_new_kid(const struct rd_keys *keys);
