// Sections of clients.
#include <assert.h>
#include <stddef.h>
#include "base/nearest.h"
#include "config/option.h"

#define ID_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

// clang-format off
static const struct {
	const char *name;
	size_t at;              // in struct rd_client
	bool inherited;
	enum rd_option_id like; // inherited: the service's option
	struct rd_option own;   // others: all but name and place
} rows[] = {
#define WORD(name, field, def, words_, help_) \
	{#name, offsetof(struct rd_client, field), \
	 .own = {.kind = RD_KIND_WORD, .text = def, .words = words_, .help = help_}},
#define SCOPES(name, field, longest, help_) \
	{#name, offsetof(struct rd_client, field), \
	 .own = {.kind = RD_KIND_SCOPES, .most = longest, .help = help_}},
#define SECRET(name, field, help_) \
	{#name, offsetof(struct rd_client, field), .own = {.kind = RD_KIND_SECRET, .help = help_}},
#define INHERITED(name, field) \
	{#name, offsetof(struct rd_client, field), .inherited = true, .like = RD_OPTION_##name},
#define ROW(kind, ...) kind(__VA_ARGS__)
	RD_CLIENT_OPTIONS(ROW)
};
// clang-format on

static_assert(sizeof rows / sizeof *rows == RD_CLIENT_OPTION_COUNT);

struct rd_option rd_client_option(enum rd_client_option_id id)
{
	struct rd_option option = rows[id].inherited ? *rd_option_at(rows[id].like) : rows[id].own;

	option.name = rows[id].name;
	option.at = rows[id].at;
	return option;
}

const struct rd_client *rd_config_client(const struct rd_config *config, struct rd_span id)
{
	for (size_t i = 0; i < config->client_count; i++)
		if (rd_span_is(rd_span(config->clients[i].id), id))
			return &config->clients[i];
	return NULL;
}

// The client with that id, made if there is none. NULL with why when there can be none.
static struct rd_client *find_or_add(struct rd_config *config, const char *id, struct rd_buf *why)
{
	const struct rd_client *known = rd_config_client(config, rd_span(id));
	struct rd_client *client;

	if (known)
		return &config->clients[known - config->clients];
	if (!*id || strlen(id) >= sizeof client->id || strspn(id, ID_CHARS) != strlen(id)) {
		rd_put_lit(why, "client id must be 1 to 64 of A-Z a-z 0-9 . _ -: ");
		rd_put_str(why, id);
		return NULL;
	}
	if (config->client_count == RD_CLIENTS_MAX) {
		rd_put_lit(why, "too many clients at ");
		rd_put_str(why, id);
		return NULL;
	}
	client = &config->clients[config->client_count++];
	memset(client, 0, sizeof *client);
	memcpy(client->id, id, strlen(id) + 1);
	for (enum rd_client_option_id i = 0; i < RD_CLIENT_OPTION_COUNT; i++) {
		const struct rd_option option = rd_client_option(i);

		rd_option_default(client, &option);
	}
	return client;
}

// RD_CLIENT_OPTION_COUNT when no section has such a key.
static enum rd_client_option_id find_option(const char *name)
{
	enum rd_client_option_id i = 0;

	while (i < RD_CLIENT_OPTION_COUNT && strcmp(rows[i].name, name) != 0)
		i++;
	return i;
}

bool rd_client_has(const char *name)
{
	return find_option(name) < RD_CLIENT_OPTION_COUNT;
}

static void put_unknown(const char *name, struct rd_buf *why)
{
	struct rd_nearest nearest = rd_nearest_to(rd_span(name));

	rd_put_lit(why, "unknown key in a client section: ");
	rd_put_str(why, name);
	if (rd_option_find(name, strlen(name))) {
		rd_put_lit(why, "; it belongs above the first section");
		return;
	}
	for (size_t i = 0; i < RD_CLIENT_OPTION_COUNT; i++)
		rd_nearest_try(&nearest, rows[i].name);
	rd_put_nearest(why, &nearest);
}

bool rd_client_set(struct rd_config *config, const struct rd_client_line *line, struct rd_buf *why)
{
	struct rd_client *client = find_or_add(config, line->id, why);
	enum rd_client_option_id id;
	struct rd_option option;

	if (!client)
		return false;
	if (!line->name) {
		client->line = line->number;
		return true;
	}
	id = find_option(line->name);
	if (id == RD_CLIENT_OPTION_COUNT) {
		put_unknown(line->name, why);
		return false;
	}
	client->key_line[id] = line->number;
	option = rd_client_option(id);
	return rd_option_set(client, &option, line->value, why);
}

// An empty audience is none of its own.
static bool is_given(const struct rd_client *client, enum rd_client_option_id id)
{
	return client->key_line[id] && (id != RD_CLIENT_OPTION_audience || *client->audience);
}

static void inherit(struct rd_client *client, const struct rd_config *config)
{
	static_assert(sizeof config->audience == sizeof client->audience);

	for (enum rd_client_option_id i = 0; i < RD_CLIENT_OPTION_COUNT; i++) {
		const struct rd_option *service = rd_option_at(rows[i].like);

		if (rows[i].inherited && !is_given(client, i))
			memcpy((char *)client + rows[i].at, (const char *)config + service->at,
			       rd_option_size(service));
	}
	rd_alg_of(client->alg_word, &client->access_alg, &client->alg_name);
	// The service's jitter may be unset too, or too long for a shorter lifetime.
	client->access_jitter_s = config->access_jitter_s;
	if (client->access_jitter_s >= client->access_ttl_s)
		client->access_jitter_s = client->access_ttl_s / 10;
}

// Returns what is wrong with a client, or NULL.
static const char *find_contradiction(const struct rd_client *client)
{
	const bool has_secret = client->key_line[RD_CLIENT_OPTION_secret_sha256] != 0;

	if (has_secret && !client->confidential)
		return "a public client has no secret_sha256: client ";
	if (client->confidential && !has_secret)
		return "secret_sha256 is missing: client ";
	if (client->issue && !client->confidential)
		return "issue = on requires kind = confidential: client ";
	if (client->introspect && !client->confidential)
		return "introspect = on requires kind = confidential: client ";
	return NULL;
}

static bool check_client(const struct rd_config *config, const struct rd_client *client,
			 struct rd_buf *why)
{
	const char *reason = find_contradiction(client);

	if (!reason)
		return true;
	rd_put_line(why, config->path, client->line); // only a client of the file can have one
	rd_put_lit(why, ": ");
	rd_put_str(why, reason);
	rd_put_str(why, client->id);
	return false;
}

static bool add_default_client(struct rd_config *config, struct rd_buf *why)
{
	char reason[200];
	struct rd_buf inner = RD_BUF(reason);

	if (find_or_add(config, config->default_client, &inner))
		return true;
	rd_config_blame(config, RD_OPTION_default_client, why);
	rd_put_lit(why, "default_client: ");
	rd_put_span(why, rd_buf_span(&inner));
	return false;
}

bool rd_clients_finish(struct rd_config *config, struct rd_buf *why)
{
	if (!add_default_client(config, why))
		return false;
	for (size_t i = 0; i < config->client_count; i++) {
		if (!check_client(config, &config->clients[i], why))
			return false;
		inherit(&config->clients[i], config);
	}
	return true;
}

bool rd_config_signs(const struct rd_config *config, const struct rd_keys *keys, struct rd_buf *why)
{
	if (!rd_keys_signer(keys, config->alg)) {
		rd_put_lit(why, "no active access key for ");
		rd_put_str(why, rd_alg_names[config->alg]);
		return false;
	}
	for (size_t i = 0; i < config->client_count; i++) {
		const struct rd_client *client = &config->clients[i];

		if (rd_keys_signer(keys, client->access_alg))
			continue;
		rd_put_lit(why, "no active access key for ");
		rd_put_str(why, rd_alg_names[client->access_alg]);
		rd_put_lit(why, ", which signs for client ");
		rd_put_str(why, client->id);
		return false;
	}
	return true;
}
