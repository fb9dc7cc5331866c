#include "fcgi/reload.h"
#include <sodium.h>
#include "run/keyfile.h"
#include "run/log.h"

static bool refuse(const struct rd_config *config, struct rd_buf *why, const char *reason)
{
	rd_put_str(why, config->key_file);
	rd_put_str(why, ": ");
	rd_put_str(why, reason);
	return false;
}

static bool ask_keys(const struct rd_config *config, const struct rd_keys *before,
		     struct rd_keys *keys, struct rd_buf *why)
{
	char reason[256];
	struct rd_buf inner = RD_BUF(reason);

	if (!rd_keyfile_load(config->key_file, keys, why))
		return false;
	if (!rd_config_signs(config, keys, &inner))
		return refuse(config, why, reason);
	// With another one no account would be found, and no session of a user.
	if (!sodium_is_zero(before->slot_key, sizeof before->slot_key) &&
	    sodium_memcmp(before->slot_key, keys->slot_key, sizeof keys->slot_key) != 0)
		return refuse(config, why, "another deployment key than the one in use");
	return true;
}

// Not at the start, when there was no key before.
static void tell_activated(const struct rd_keys *before, const struct rd_keys *after)
{
	if (before->refresh_active && before->refresh_active != after->refresh_active)
		rd_log(RD_LOG_INFO, "key.activated", "refresh key %u is active instead of %u",
		       after->refresh_active, before->refresh_active);
	for (enum rd_alg alg = 0; before->refresh_active && alg < RD_ALG_COUNT; alg++) {
		const struct rd_access_key *old = rd_keys_signer(before, alg);
		const struct rd_access_key *now = rd_keys_signer(after, alg);

		if (now && (!old || strcmp(old->kid, now->kid) != 0))
			rd_log(RD_LOG_INFO, "key.activated", "%s key %s is active",
			       rd_alg_names[alg], now->kid);
	}
}

bool rd_reload(const struct rd_config *config, struct rd_published *published, struct rd_buf *why)
{
	struct rd_keys *keys = sodium_malloc(sizeof *keys);
	bool fine;

	if (!keys)
		return refuse(config, why, "out of memory");
	fine = ask_keys(config, rd_published_keys(published), keys, why);
	if (fine) {
		tell_activated(rd_published_keys(published), keys);
		rd_publish(published, keys);
	}
	sodium_free(keys); // wipes them
	return fine;
}
