#include <assert.h>
#include <sodium.h>
#include "base/nearest.h"
#include "base/scope.h"
#include "config/option.h"

#define ALG_UNSET (-1) // of alg_name

static bool on_off(const char *value, bool *out)
{
	if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return false;
	*out = value[1] == 'n';
	return true;
}

static bool set_kind(struct rd_client *c, const char *value)
{
	c->confidential = strcmp(value, "confidential") == 0;
	return c->confidential || strcmp(value, "public") == 0;
}

static bool set_rotation(struct rd_client *c, const char *value)
{
	return on_off(value, &c->rotation);
}

static bool set_issue(struct rd_client *c, const char *value)
{
	return on_off(value, &c->issue);
}

static bool set_introspect(struct rd_client *c, const char *value)
{
	return on_off(value, &c->introspect);
}

static bool set_secret(struct rd_client *c, const char *value)
{
	size_t len = 0;

	c->has_secret = sodium_hex2bin(c->secret_sha256, sizeof c->secret_sha256, value,
				       strlen(value), NULL, &len, NULL) == 0 &&
			len == sizeof c->secret_sha256 && strlen(value) == 2 * len;
	return c->has_secret;
}

static bool set_grace(struct rd_client *c, const char *value)
{
	return rd_number(value, 0, 300, &c->grace_s);
}

static bool set_idle(struct rd_client *c, const char *value)
{
	return rd_number(value, 1, 315360000, &c->idle_ttl_s);
}

static bool set_max(struct rd_client *c, const char *value)
{
	return rd_number(value, 1, 315360000, &c->max_ttl_s);
}

static bool set_access_ttl(struct rd_client *c, const char *value)
{
	return rd_number(value, 1, 86400, &c->access_ttl_s);
}

static bool set_alg(struct rd_client *c, const char *value)
{
	return rd_alg_read(value, &c->access_alg, &c->alg_name);
}

static bool set_text(char text[static RD_CLIENT_TEXT_MAX + 1], const char *value)
{
	if (strlen(value) > RD_CLIENT_TEXT_MAX)
		return false;
	memcpy(text, value, strlen(value) + 1);
	return true;
}

static bool set_scopes(struct rd_client *c, const char *value)
{
	return rd_scope_valid(rd_span(value)) && set_text(c->scopes, value);
}

static bool set_audience(struct rd_client *c, const char *value)
{
	return set_text(c->audience, value);
}

enum shown { KIND, ON_OFF, SECRET, TEXT, ALG, NUMBER };
#define AT(field) offsetof(struct rd_client, field)

static const struct {
	const char *name, *wants;
	bool (*set)(struct rd_client *client, const char *value);
	enum shown as;
	size_t at; // in struct rd_client
} settings[] = {
    {"kind", "public or confidential", set_kind, KIND, AT(confidential)},
    {"rotation", "on or off", set_rotation, ON_OFF, AT(rotation)},
    {"issue", "on or off", set_issue, ON_OFF, AT(issue)},
    {"introspect", "on or off", set_introspect, ON_OFF, AT(introspect)},
    {"secret_sha256", "64 hexadecimal digits", set_secret, SECRET, AT(has_secret)},
    {"scopes", "words divided by single blanks, at most 255 bytes", set_scopes, TEXT, AT(scopes)},
    {"audience", "at most 255 bytes", set_audience, TEXT, AT(audience)},
    {"access_alg", "EdDSA, HS256 or Ed25519", set_alg, ALG, AT(access_alg)},
    {"access_ttl_s", "1 to 86400", set_access_ttl, NUMBER, AT(access_ttl_s)},
    {"grace_s", "0 to 300", set_grace, NUMBER, AT(grace_s)},
    {"refresh_idle_ttl_s", "1 to 315360000", set_idle, NUMBER, AT(idle_ttl_s)},
    {"refresh_max_ttl_s", "1 to 315360000", set_max, NUMBER, AT(max_ttl_s)},
};

#define SETTINGS (sizeof settings / sizeof *settings)
static_assert(SETTINGS <= RD_CLIENT_KEYS_MAX);

static bool fail(struct rd_buf *why, const char *what, const char *more)
{
	rd_put_str(why, what);
	rd_put_str(why, more);
	return false;
}

const struct rd_client *rd_config_client(const struct rd_config *config, struct rd_span id)
{
	for (size_t i = 0; i < config->client_count; i++)
		if (rd_span_is(rd_span(config->clients[i].id), id))
			return &config->clients[i];
	return NULL;
}

static struct rd_client *client_at(struct rd_config *config, const char *id, struct rd_buf *why)
{
	const struct rd_client *known = rd_config_client(config, rd_span(id));
	struct rd_client *c;

	if (known)
		return &config->clients[known - config->clients];
	if (!*id || strlen(id) >= sizeof c->id ||
	    strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") !=
		strlen(id)) {
		(void)fail(why, "client id wants 1 to 64 of A-Z a-z 0-9 . _ -: ", id);
		return NULL;
	}
	if (config->client_count == RD_CLIENTS_MAX) {
		(void)fail(why, "too many clients at ", id);
		return NULL;
	}
	c = &config->clients[config->client_count++];
	*c = (struct rd_client){.rotation = true,
				.alg_name = ALG_UNSET,
				.grace_s = RD_UNSET,
				.idle_ttl_s = RD_UNSET,
				.max_ttl_s = RD_UNSET,
				.access_ttl_s = RD_UNSET};
	memcpy(c->id, id, strlen(id) + 1);
	return c;
}

// Nothing but what it should have been, for a key that no section of a client has.
static bool unknown(const char *name, struct rd_buf *why)
{
	struct rd_nearest nearest = rd_nearest_to(rd_span(name));

	(void)fail(why, "unknown key in a client section: ", name);
	if (rd_option_find(name, strlen(name)))
		return fail(why, "; it belongs above the first section", "");
	for (size_t i = 0; i < SETTINGS; i++)
		rd_nearest_try(&nearest, settings[i].name);
	rd_put_nearest(why, &nearest);
	return false;
}

const char *rd_client_key(size_t i)
{
	return i < SETTINGS ? settings[i].name : NULL;
}

void rd_client_value(const struct rd_client *client, size_t i, struct rd_buf *out)
{
	const void *at = (const char *)client + settings[i].at;
	const bool *yes = at;

	switch (settings[i].as) {
	case KIND:
		rd_put_str(out, *yes ? "confidential" : "public");
		break;
	case ON_OFF:
		rd_put_str(out, *yes ? "on" : "off");
		break;
	case SECRET:
		rd_put_str(out, *yes ? "***" : "");
		break;
	case TEXT:
		rd_put_str(out, at);
		break;
	case ALG:
		rd_put_str(out, client->alg_name ? "Ed25519" : rd_alg_names[client->access_alg]);
		break;
	case NUMBER:
		rd_put_u64(out, *(const uint32_t *)at);
		break;
	}
}

bool rd_client_has(const char *name)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].name, name) == 0)
			return true;
	return false;
}

bool rd_client_set(struct rd_config *config, const struct rd_client_line *line, struct rd_buf *why)
{
	struct rd_client *client = client_at(config, line->id, why);

	if (client && !line->name)
		client->line = line->number;
	if (!client || !line->name)
		return client;
	for (size_t i = 0; i < SETTINGS; i++) {
		if (strcmp(settings[i].name, line->name) != 0)
			continue;
		client->key_line[i] = line->number;
		if (settings[i].set(client, line->value))
			return true;
		rd_put_str(why, line->name);
		return fail(why, ": wants ", settings[i].wants);
	}
	return unknown(line->name, why);
}

static void take_default(uint32_t *number, uint32_t ours)
{
	if (*number == RD_UNSET)
		*number = ours;
}

// What the section leaves open is the service's.
static void inherit(struct rd_client *c, const struct rd_config *config)
{
	take_default(&c->grace_s, config->grace_s);
	take_default(&c->idle_ttl_s, config->refresh_idle_ttl_s);
	take_default(&c->max_ttl_s, config->refresh_max_ttl_s);
	take_default(&c->access_ttl_s, config->access_ttl_s);
	// The service's own may be unset too, or be too long for tokens that live shorter than its.
	c->access_jitter_s = config->access_jitter_s;
	if (c->access_jitter_s >= c->access_ttl_s)
		c->access_jitter_s = c->access_ttl_s / 10;
	if (c->alg_name == ALG_UNSET) {
		c->access_alg = config->alg;
		c->alg_name = config->alg_name;
	}
	if (!*c->audience)
		memcpy(c->audience, config->audience, sizeof c->audience);
}

// NULL, or what is wrong with a client.
static const char *unsound(const struct rd_client *c)
{
	if (c->has_secret && !c->confidential)
		return "a public client has no secret_sha256: client ";
	if (c->confidential && !c->has_secret)
		return "secret_sha256 is missing: client ";
	if (c->issue && !c->confidential)
		return "issue = on wants kind = confidential: client ";
	if (c->introspect && !c->confidential)
		return "introspect = on wants kind = confidential: client ";
	return NULL;
}

static bool sound(const struct rd_config *config, const struct rd_client *c, struct rd_buf *why)
{
	const char *reason = unsound(c);

	if (!reason)
		return true;
	rd_put_line(why, config->path, c->line); // no client but of a file can be so
	rd_put_lit(why, ": ");
	return fail(why, reason, c->id);
}

bool rd_clients_finish(struct rd_config *config, struct rd_buf *why)
{
	static_assert(sizeof config->audience == RD_CLIENT_TEXT_MAX + 1);
	char reason[200];
	struct rd_buf inner = RD_BUF(reason);

	if (!rd_config_client(config, rd_span(config->default_client)) &&
	    !client_at(config, config->default_client, &inner)) {
		rd_config_blame(config, RD_OPTION_default_client, why);
		rd_put_lit(why, "default_client: ");
		rd_put_span(why, rd_buf_span(&inner));
		return false;
	}
	for (size_t i = 0; i < config->client_count; i++) {
		if (!sound(config, &config->clients[i], why))
			return false;
		inherit(&config->clients[i], config);
	}
	return true;
}

bool rd_config_signs(const struct rd_config *config, const struct rd_keys *keys, struct rd_buf *why)
{
	rd_put_lit(why, "no active access key for ");
	if (!rd_keys_signer(keys, config->alg))
		return fail(why, config->access_alg, "");
	for (size_t i = 0; i < config->client_count; i++) {
		const struct rd_client *c = &config->clients[i];

		if (rd_keys_signer(keys, c->access_alg))
			continue;
		rd_put_str(why, rd_alg_names[c->access_alg]);
		return fail(why, ", which signs for client ", c->id);
	}
	why->len = 0;
	return true;
}
