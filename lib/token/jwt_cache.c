#include "token/jwt_cache.h"
#include <assert.h>
#include <stdlib.h>
#include "base/rand.h"
#include "base/secret.h"

#define WAYS 4 // places for a token, by its id

// iss and aud first: rd_jwt_cache_get compares them in place.
#define TEXTS_OF(a) \
	&(a)->iss, &(a)->aud, &(a)->sub, &(a)->client_id, &(a)->scope, &(a)->sid, &(a)->jti
#define TEXTS 7

struct entry {
	uint8_t id[RD_JWT_CACHE_ID];
	uint64_t used; // turn of the last use; 0: empty
	int64_t exp_s, iat_s, auth_time_s;
	uint16_t len[TEXTS];
	bool fresh;
	char text[RD_JWT_CACHE_TEXT];
};
static_assert(sizeof(struct entry) == 512);

struct rd_jwt_cache {
	uint8_t key[crypto_generichash_KEYBYTES];
	uint64_t turn;
	size_t sets, ways;
	struct entry *entries; // sets * ways
};

struct rd_jwt_cache *rd_jwt_cache_new(size_t tokens)
{
	struct rd_jwt_cache *cache = tokens ? calloc(1, sizeof *cache) : NULL;

	if (!cache)
		return NULL;
	cache->ways = tokens < WAYS ? tokens : WAYS;
	cache->sets = tokens / cache->ways;
	cache->entries = calloc(cache->sets * cache->ways, sizeof *cache->entries);
	if (!cache->entries) {
		free(cache);
		return NULL;
	}
	rd_rand(cache->key, sizeof cache->key);
	return cache;
}

void rd_jwt_cache_free(struct rd_jwt_cache *cache)
{
	if (!cache)
		return;
	rd_wipe(cache->entries, cache->sets * cache->ways * sizeof *cache->entries);
	free(cache->entries);
	rd_wipe(cache, sizeof *cache);
	free(cache);
}

bool rd_jwt_cache_id(const struct rd_jwt_cache *cache, struct rd_span token,
		     const struct rd_keys *keys, uint8_t id[static RD_JWT_CACHE_ID])
{
	if (token.len > RD_JWT_MAX || !rd_jwt_key(token, keys))
		return false;
	crypto_generichash(id, RD_JWT_CACHE_ID, (const uint8_t *)token.ptr, token.len, cache->key,
			   sizeof cache->key);
	return true;
}

static struct entry *set_of(const struct rd_jwt_cache *cache, const uint8_t *id)
{
	uint64_t n;

	memcpy(&n, id, sizeof n);
	return cache->entries + n % cache->sets * cache->ways;
}

static struct rd_span text_of(const struct entry *e, int i)
{
	struct rd_span text = {e->text, e->len[i]};

	while (i-- > 0)
		text.ptr += e->len[i];
	return text;
}

// One token may have several entries, one per audience.
static struct entry *find_entry(const struct rd_jwt_cache *cache, const uint8_t *id,
				struct rd_span iss, struct rd_span aud)
{
	struct entry *e = set_of(cache, id);

	for (size_t i = 0; i < cache->ways; i++, e++)
		if (e->used && memcmp(e->id, id, sizeof e->id) == 0 &&
		    rd_span_is(text_of(e, 0), iss) && rd_span_is(text_of(e, 1), aud))
			return e;
	return NULL;
}

bool rd_jwt_cache_get(struct rd_jwt_cache *cache, const uint8_t id[static RD_JWT_CACHE_ID],
		      const struct rd_jwt_wants *wants, char text[static RD_JWT_CACHE_TEXT],
		      struct rd_access *out)
{
	struct rd_span *const texts[TEXTS] = {TEXTS_OF(out)};
	struct entry *e = find_entry(cache, id, wants->iss, wants->aud);
	size_t used = 0;

	if (!e || e->exp_s <= wants->now_s)
		return false;
	e->used = ++cache->turn;
	*out = (struct rd_access){
	    .exp_s = e->exp_s, .iat_s = e->iat_s, .auth_time_s = e->auth_time_s, .fresh = e->fresh};
	for (int i = 0; i < TEXTS; i++) {
		*texts[i] = (struct rd_span){text + used, e->len[i]};
		used += e->len[i];
	}
	memcpy(text, e->text, used);
	return true;
}

// An empty place, else an expired one, else the one not used for the longest.
static struct entry *make_room(const struct rd_jwt_cache *cache, const uint8_t *id, int64_t now_s)
{
	struct entry *e = set_of(cache, id), *oldest = e;

	for (size_t i = 0; i < cache->ways; i++, e++) {
		if (!e->used || e->exp_s <= now_s)
			return e;
		if (e->used < oldest->used)
			oldest = e;
	}
	return oldest;
}

void rd_jwt_cache_put(struct rd_jwt_cache *cache, const uint8_t id[static RD_JWT_CACHE_ID],
		      const struct rd_access *access, int64_t now_s)
{
	const struct rd_span *const texts[TEXTS] = {TEXTS_OF(access)};
	struct entry *e = find_entry(cache, id, access->iss, access->aud);
	struct rd_buf text;
	size_t len = 0;

	assert(access->extra.len == 0);
	for (int i = 0; i < TEXTS; i++)
		len += texts[i]->len;
	if (len > RD_JWT_CACHE_TEXT)
		return;
	if (!e)
		e = make_room(cache, id, now_s);
	memcpy(e->id, id, sizeof e->id);
	e->used = ++cache->turn;
	e->exp_s = access->exp_s;
	e->iat_s = access->iat_s;
	e->auth_time_s = access->auth_time_s;
	e->fresh = access->fresh;
	text = RD_BUF(e->text);
	for (int i = 0; i < TEXTS; i++) {
		e->len[i] = (uint16_t)texts[i]->len;
		rd_put_span(&text, *texts[i]);
	}
}
