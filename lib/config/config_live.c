// Reading the configuration again while serving.
#include <stdlib.h>
#include "config/config.h"
#include "config/option.h"

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

void rd_config_keep_fixed(struct rd_config *fresh, const struct rd_config *now,
			  struct rd_buf *ignored)
{
	for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++) {
		const struct rd_option *option = rd_option_at(id);

		if (option->change == RD_CHANGE_LIVE || rd_option_same(fresh, now, option))
			continue;
		put_name(ignored, option->name);
		memcpy((char *)fresh + option->at, (const char *)now + option->at,
		       rd_option_size(option));
		fresh->origin[id] = now->origin[id];
	}
}

// Where they stand in the file does not count.
static bool same_client(const struct rd_client *a, const struct rd_client *b)
{
	if (strcmp(a->id, b->id) != 0 || a->access_jitter_s != b->access_jitter_s)
		return false;
	for (enum rd_client_option_id id = 0; id < RD_CLIENT_OPTION_COUNT; id++) {
		const struct rd_option option = rd_client_option(id);

		if (!rd_option_same(a, b, &option))
			return false;
	}
	return true;
}

void rd_config_changes(const struct rd_config *fresh, const struct rd_config *now,
		       struct rd_buf *names)
{
	bool same_clients = fresh->client_count == now->client_count;

	for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++)
		if (!rd_option_same(fresh, now, rd_option_at(id)))
			put_name(names, rd_option_at(id)->name);
	for (size_t i = 0; same_clients && i < now->client_count; i++)
		same_clients = same_client(&fresh->clients[i], &now->clients[i]);
	if (!same_clients)
		put_name(names, "clients");
}
