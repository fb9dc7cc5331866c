#include "fcgi/reload.h"
#include <sodium.h>
#include "run/keyfile.h"

static bool refuse(const struct rd_config *config, struct rd_buf *why, struct rd_span reason)
{
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

	if (!rd_keyfile_load(config->key_file, keys, why))
		return false;
	if (!rd_config_signs(config, keys, &inner))
		return refuse(config, why, rd_buf_span(&inner));
	// With another one no account would be found, and no session of a user.
	if (!sodium_is_zero(before->slot_key, sizeof before->slot_key) &&
	    sodium_memcmp(before->slot_key, keys->slot_key, sizeof keys->slot_key) != 0)
		return refuse(config, why, rd_span("another deployment key than the one in use"));
	return true;
}

bool rd_reload(const struct rd_config *config, struct rd_published *published, struct rd_buf *why)
{
	struct rd_keys *keys = sodium_malloc(sizeof *keys);
	bool fine;

	if (!keys)
		return refuse(config, why, rd_span("out of memory"));
	fine = ask_keys(config, rd_published_keys(published), keys, why);
	if (fine)
		rd_publish(published, keys);
	sodium_free(keys); // wipes them
	return fine;
}
