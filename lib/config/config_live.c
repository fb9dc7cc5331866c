// Reading the configuration again while serving.
#include <stdlib.h>
#include "config/config.h"
#include "config/option.h"

// clang-format off
static const bool fixed[RD_OPTION_COUNT] = {
#define FIXED(field) [RD_OPTION_##field] = true,
	RD_FIXED_OPTIONS(FIXED)
#undef FIXED
};
// clang-format on

bool rd_option_fixed(enum rd_option_id id)
{
	return fixed[id];
}

bool rd_config_again(struct rd_config *fresh, const struct rd_config *now, struct rd_buf *why)
{
	int argc = now->argc;
	char **argv = calloc((size_t)argc + 1, sizeof *argv);
	bool fine;

	if (!argv) {
		rd_put_lit(why, "out of memory");
		return false;
	}
	for (int i = 0; i < argc; i++)
		argv[i] = now->argv[i];
	fine = rd_config_load(fresh, now->path, &argc, argv, why);
	free(argv);
	fresh->argc = now->argc;
	fresh->argv = now->argv;
	return fine;
}

static void put_name(struct rd_buf *names, const char *name)
{
	if (names->len)
		rd_put_lit(names, ", ");
	rd_put_str(names, name);
}

static bool same(const struct rd_config *a, const struct rd_config *b, const struct rd_option *o)
{
	const char *x = (const char *)a + o->at, *y = (const char *)b + o->at;

	return o->number ? memcmp(x, y, sizeof(uint32_t)) == 0 : strcmp(x, y) == 0;
}

void rd_config_keep_fixed(struct rd_config *fresh, const struct rd_config *now,
			  struct rd_buf *ignored)
{
	for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++) {
		const struct rd_option *o = rd_option_at(id);

		if (!fixed[id] || same(fresh, now, o))
			continue;
		put_name(ignored, o->name);
		memcpy((char *)fresh + o->at, (const char *)now + o->at,
		       o->number ? sizeof(uint32_t) : o->most + 1);
		fresh->origin[id] = now->origin[id];
	}
	fresh->durable = now->durable; // of durability
}

// But for where they stand in the file.
static bool same_client(const struct rd_client *a, const struct rd_client *b)
{
	if (strcmp(a->id, b->id) != 0 || a->access_jitter_s != b->access_jitter_s ||
	    memcmp(a->secret_sha256, b->secret_sha256, sizeof a->secret_sha256) != 0)
		return false;
	for (size_t i = 0; rd_client_key(i); i++) {
		char x_text[300], y_text[300];
		struct rd_buf x = RD_BUF(x_text), y = RD_BUF(y_text);

		rd_client_value(a, i, &x);
		rd_client_value(b, i, &y);
		if (!rd_span_is(rd_buf_span(&x), rd_buf_span(&y)))
			return false;
	}
	return true;
}

void rd_config_changes(const struct rd_config *fresh, const struct rd_config *now,
		       struct rd_buf *names)
{
	bool clients = fresh->client_count == now->client_count;

	for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++)
		if (!same(fresh, now, rd_option_at(id)))
			put_name(names, rd_option_name(id));
	for (size_t i = 0; clients && i < now->client_count; i++)
		clients = same_client(&fresh->clients[i], &now->clients[i]);
	if (!clients)
		put_name(names, "clients");
}
