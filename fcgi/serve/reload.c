#include "fcgi/serve/reload.h"
#include <sodium.h>
#include <stdlib.h>
#include "config/keyfile.h"
#include "observe/log.h"
#include "store/redis/check.h"

// Of the whole service's standing still while Redis is asked.
#define REDIS_TIMEOUT_MAX_MS 1000

static bool refuse(const struct rd_config *config, struct rd_buf *why, struct rd_span reason)
{
	rd_config_blame(config, RD_OPTION_key_file, why);
	rd_put_str(why, config->key_file);
	rd_put_str(why, ": ");
	rd_put_span(why, reason);
	return false;
}

static bool ask_keys(const struct rd_config *config, const struct rd_keys *before,
		     struct rd_keys *keys, struct rd_buf *why)
{
	char reason[256];
	struct rd_buf inner = RD_BUF(reason);

	rd_config_blame(config, RD_OPTION_key_file, why);
	if (!rd_keyfile_load(config->key_file, rd_socket_groups(config), keys, why))
		return false;
	why->len = 0;
	if (!rd_config_signs(config, keys, &inner))
		return refuse(config, why, rd_buf_span(&inner));
	// With another one no account would be found, and no session of a user.
	if (!sodium_is_zero(before->slot_key, sizeof before->slot_key) &&
	    sodium_memcmp(before->slot_key, keys->slot_key, sizeof keys->slot_key) != 0)
		return refuse(config, why, rd_span("another deployment key than the one in use"));
	return true;
}

static void found(struct rd_redis_check *check, enum rd_fit fit, const char *text)
{
	struct rd_buf *refused = check->user;

	if (fit == RD_FIT_UNFIT)
		rd_log(RD_LOG_ERROR, "redis.unfit", "%s", text);
	if (fit != RD_FIT_REFUSED)
		return;
	rd_put_str(refused, refused->len ? "; " : "redis: ");
	rd_put_str(refused, text);
}

static bool ask_redis(const struct rd_worker_setup *setup, const struct rd_config *config,
		      struct rd_buf *why)
{
	const int timeout_ms = setup->redis.timeout_ms;
	struct rd_redis_check check = {
	    .config = &setup->redis,
	    .prefix = rd_span(config->redis_prefix),
	    .durable = config->durable,
	    .timeout_ms = timeout_ms < REDIS_TIMEOUT_MAX_MS ? timeout_ms : REDIS_TIMEOUT_MAX_MS,
	    .found = found,
	    .user = why};

	rd_redis_check(&check);
	return why->len == 0;
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

static bool ask_and_publish(const struct rd_worker_setup *setup, const struct rd_config *config,
			    struct rd_buf *why)
{
	struct rd_keys *keys = sodium_malloc(sizeof *keys);
	bool fine;

	if (!keys)
		return refuse(config, why, rd_span("out of memory"));
	fine = ask_keys(config, rd_published_keys(setup->published), keys, why) &&
	       ask_redis(setup, config, why);
	if (fine) {
		tell_activated(rd_published_keys(setup->published), keys);
		rd_publish(setup->published, config, keys);
	}
	sodium_free(keys); // wipes them
	return fine;
}

bool rd_reload_first(const struct rd_worker_setup *setup, struct rd_buf *why)
{
	return ask_and_publish(setup, setup->config, why);
}

bool rd_reload(const struct rd_worker_setup *setup, struct rd_buf *why)
{
	const struct rd_config *now = rd_published_config(setup->published);
	struct rd_config *fresh = calloc(1, sizeof *fresh);
	char ignored_text[480], changed_text[480];
	struct rd_buf ignored = RD_BUF(ignored_text), changed = RD_BUF(changed_text);
	bool fine;

	if (!fresh) {
		rd_put_lit(why, "out of memory");
		return false;
	}
	fine = rd_config_again(fresh, now, why);
	if (fine) {
		rd_config_keep_fixed(fresh, now, &ignored);
		rd_config_changes(fresh, now, &changed);
		fine = ask_and_publish(setup, fresh, why);
	}
	if (fine && ignored.len)
		rd_log(RD_LOG_WARN, "reload.ignored", "%.*s: as before until the service restarts",
		       (int)ignored.len, ignored.ptr);
	if (fine)
		rd_log(RD_LOG_INFO, "config.reloaded", "%s%.*s",
		       changed.len ? "changed: " : "nothing has changed", (int)changed.len,
		       changed.ptr);
	free(fresh);
	return fine;
}
