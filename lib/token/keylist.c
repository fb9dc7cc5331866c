#include "token/keylist.h"
#include <assert.h>

#define SKEW_S 60 // by which the clock of a resource server may be behind

static void add_refresh(struct rd_key_list *out, const struct rd_refresh_key *key)
{
	struct rd_key_entry *entry = &out->entry[out->count++];
	struct rd_buf kid = RD_BUF(entry->kid);

	*entry = (struct rd_key_entry){
	    .refresh = true, .state = key->state, .line = key->line, .since_s = key->since_s};
	rd_put_u64(&kid, key->kid);
}

static void add_access(struct rd_key_list *out, const struct rd_access_key *key)
{
	struct rd_key_entry *entry = &out->entry[out->count++];

	*entry = (struct rd_key_entry){
	    .alg = key->alg, .state = key->state, .line = key->line, .since_s = key->since_s};
	memcpy(entry->kid, key->kid, sizeof entry->kid);
}

void rd_keys_list(const struct rd_keys *keys, struct rd_key_list *out)
{
	out->count = 0;
	for (int kid = 1; kid <= UINT8_MAX; kid++)
		if (keys->refresh[kid].kid != 0)
			add_refresh(out, &keys->refresh[kid]);
	for (size_t i = 0; i < keys->access_count; i++)
		add_access(out, &keys->access[i]);
}

static bool has_name(struct rd_span name, const struct rd_key_entry *key)
{
	if (key->refresh)
		return rd_span_is(name, rd_span(key->kid));
	return name.len >= RD_KID_PREFIX_MIN && name.len <= RD_KID_LEN &&
	       memcmp(name.ptr, key->kid, name.len) == 0;
}

size_t rd_key_find(const struct rd_key_list *list, struct rd_span name,
		   const struct rd_key_entry **found)
{
	size_t count = 0;

	*found = NULL;
	for (size_t i = 0; i < list->count; i++)
		if (has_name(name, &list->entry[i]) && count++ == 0)
			*found = &list->entry[i];
	return count;
}

const struct rd_key_entry *rd_key_active(const struct rd_key_list *list,
					 const struct rd_key_entry *like)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct rd_key_entry *key = &list->entry[i];

		if (key->refresh == like->refresh && key->alg == like->alg &&
		    key->state == RD_KEY_ACTIVE)
			return key;
	}
	return NULL;
}

int64_t rd_key_activate_from(const struct rd_key_entry *key, const struct rd_key_lives *lives)
{
	if (key->state == RD_KEY_ACTIVE)
		return INT64_MAX;
	if (key->refresh || key->alg != RD_ALG_EDDSA || key->state != RD_KEY_NEXT)
		return 0;
	return key->since_s + lives->jwks_s;
}

int64_t rd_key_remove_from(const struct rd_key_entry *key, const struct rd_key_lives *lives)
{
	if (key->state == RD_KEY_ACTIVE)
		return INT64_MAX;
	if (key->state == RD_KEY_NEXT)
		return 0;
	return key->since_s + (key->refresh ? lives->refresh_s : lives->access_s + SKEW_S);
}

uint8_t rd_keys_new_kid(const struct rd_keys *keys)
{
	unsigned kid = UINT8_MAX;

	while (kid > 0 && keys->refresh[kid].kid == 0)
		kid--;
	if (kid < UINT8_MAX)
		return (uint8_t)(kid + 1);
	for (kid = 1; keys->refresh[kid].kid != 0; kid++)
		assert(kid < UINT8_MAX); // a ring has RD_KEYS_MAX of them
	return (uint8_t)kid;
}
