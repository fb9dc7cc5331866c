// The configuration for people: what the options are, and what they are now.
#include <stdio.h>
#include <stdlib.h>
#include "base/utf8.h"
#include "config/config.h"
#include "config/option.h"

#define LINE_MAX_LEN 198 // of inih, see config.h
#define COLUMNS      100

// Fills *text with what the file would say, and gives where it came from.
static void put_value(const struct rd_config *config, const struct rd_option *o, struct rd_buf *out)
{
	const char *at = (const char *)config + o->at;

	if (o->number)
		rd_put_u64(out, *(const uint32_t *)(const void *)at);
	else if (o->id == RD_OPTION_access_alg && config->alg_name)
		rd_put_lit(out, "Ed25519");
	else
		rd_put_str(out, at);
}

static bool is_printable(struct rd_span text)
{
	size_t skip;

	return rd_utf8_printable((const uint8_t *)text.ptr, text.len, &skip) == text.len;
}

// Replaces in a text that does not print, such as a path, all but ASCII.
static void make_printable(struct rd_buf *text)
{
	const bool printable = is_printable(rd_buf_span(text));

	for (size_t i = 0; !printable && i < text->len; i++)
		if (text->ptr[i] < 0x20 || text->ptr[i] >= 0x7f)
			text->ptr[i] = '?';
}

static void put_origin(const struct rd_config *config, const struct rd_option *o,
		       struct rd_buf *out)
{
	const struct rd_origin *origin = &config->origin[o->id];

	if (origin->from == RD_FROM_DEFAULT)
		rd_put_lit(out, "default");
	else if (origin->from == RD_FROM_FILE)
		rd_put_line(out, config->path, origin->line);
	else
		rd_option_spell(out, o->name,
				origin->from == RD_FROM_FLAG ? RD_SPELLED_FLAG
							     : RD_SPELLED_VARIABLE);
	make_printable(out);
}

// inih would cut it or take some of it for a comment.
static bool fits_a_file(struct rd_span value)
{
	for (size_t i = 0; i < value.len; i++) {
		const char c = value.ptr[i];
		const bool edge = i == 0 || i + 1 == value.len;

		if ((unsigned char)c < 0x20 || (edge && c == ' ') ||
		    (c == ';' && (i == 0 || value.ptr[i - 1] == ' ')))
			return false;
	}
	return is_printable(value);
}

// As comments, which are lines too.
static void print_unfit(const char *name, struct rd_span value, struct rd_span origin)
{
	printf("; no line of a file can hold this, from %.*s:\n; %-20s = ", (int)origin.len,
	       origin.ptr, name);
	for (size_t i = 0; i < value.len; i++) {
		if (i && i % 160 == 0)
			printf("\n; ... ");
		putchar(value.ptr[i] < 0x20 || value.ptr[i] >= 0x7f ? '?' : value.ptr[i]);
	}
	putchar('\n');
}

// off: as a comment.
static void print_line(bool off, const char *name, struct rd_span value, struct rd_span origin)
{
	const int v = (int)value.len, o = (int)origin.len, width = off ? 20 : 22;
	const size_t len = 25 + (value.len > 20 ? value.len : 20);

	if (len > LINE_MAX_LEN || !fits_a_file(value))
		print_unfit(name, value, origin);
	else if (len + 3 + origin.len > LINE_MAX_LEN)
		printf("; %.*s\n%s%-*s = %.*s\n", o, origin.ptr, off ? "; " : "", width, name, v,
		       value.ptr);
	else
		printf("%s%-*s = %-20.*s ; %.*s\n", off ? "; " : "", width, name, v, value.ptr, o,
		       origin.ptr);
}

// What follows from other options would stay as it is now when they are changed in the file.
static bool follows(const struct rd_config *config, enum rd_option_id id)
{
	return config->origin[id].from == RD_FROM_DEFAULT &&
	       (id == RD_OPTION_access_jitter_s || id == RD_OPTION_audience);
}

static void show_client(const struct rd_config *config, const struct rd_client *client)
{
	const char *name;
	char begun_text[300];
	struct rd_buf begun = RD_BUF(begun_text);

	if (client->line)
		rd_put_line(&begun, config->path, client->line);
	else
		rd_put_lit(&begun, "default_client");
	make_printable(&begun);
	printf("\n[client %s] ; %.*s\n", client->id, (int)begun.len, begun.ptr);
	for (size_t i = 0; (name = rd_client_key(i)); i++) {
		char value_text[300], origin_text[300];
		struct rd_buf value = RD_BUF(value_text), origin = RD_BUF(origin_text);

		rd_client_value(client, i, &value);
		if (client->key_line[i])
			rd_put_line(&origin, config->path, client->key_line[i]);
		else
			rd_put_lit(&origin, "default, or as above");
		make_printable(&origin);
		if (value.len)
			print_line(false, name, rd_buf_span(&value), rd_buf_span(&origin));
	}
}

void rd_config_show(const struct rd_config *config)
{
	for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++) {
		const struct rd_option *o = rd_option_at(id);
		char value_text[400], origin_text[300];
		struct rd_buf value = RD_BUF(value_text), origin = RD_BUF(origin_text);

		put_value(config, o, &value);
		put_origin(config, o, &origin);
		print_line(follows(config, id), o->name, rd_buf_span(&value), rd_buf_span(&origin));
	}
	for (size_t i = 0; i < config->client_count; i++)
		show_client(config, &config->clients[i]);
}

void rd_help_line(const char *left, int indent, const char *text)
{
	int at = printf("  %-*s", indent - 2, left);

	if (strlen(left) + 2 >= (size_t)indent) {
		putchar('\n');
		at = printf("%*s", indent, "");
	}
	while (*text) {
		const int word = (int)strcspn(text, *text == '[' ? "]" : " ") + (*text == '[');
		const bool first = at <= indent;

		if (!first && at + 1 + word > COLUMNS)
			at = printf("\n%*s", indent, "") - 1;
		else if (!first)
			at += printf(" ");
		at += printf("%.*s", word, text);
		text += word;
		text += strspn(text, " ");
	}
	putchar('\n');
}

enum group { MORE, PROCESSES, REDIS, TOKENS, SESSIONS, LOGINS, HTTP, GROUPS };

static const char *const titles[GROUPS] = {
    [MORE] = "More",
    [PROCESSES] = "Processes and sockets",
    [REDIS] = "Redis",
    [TOKENS] = "Access tokens and keys",
    [SESSIONS] = "Sessions and refresh tokens",
    [LOGINS] = "Logins",
    [HTTP] = "HTTP and metadata",
};

// An option that is not here is shown as one of more.
static const enum group groups[RD_OPTION_COUNT] = {
    [RD_OPTION_workers] = PROCESSES,
    [RD_OPTION_login_workers] = PROCESSES,
    [RD_OPTION_login_queue] = PROCESSES,
    [RD_OPTION_read_timeout_ms] = PROCESSES,
    [RD_OPTION_drain_timeout_ms] = PROCESSES,
    [RD_OPTION_verify_cache] = PROCESSES,
    [RD_OPTION_listen] = PROCESSES,
    [RD_OPTION_login_listen] = PROCESSES,
    [RD_OPTION_redis] = REDIS,
    [RD_OPTION_redis_prefix] = REDIS,
    [RD_OPTION_redis_user] = REDIS,
    [RD_OPTION_redis_password_file] = REDIS,
    [RD_OPTION_redis_timeout_ms] = REDIS,
    [RD_OPTION_durability] = REDIS,
    [RD_OPTION_heal_window_s] = REDIS,
    [RD_OPTION_key_file] = TOKENS,
    [RD_OPTION_issuer] = TOKENS,
    [RD_OPTION_audience] = TOKENS,
    [RD_OPTION_access_alg] = TOKENS,
    [RD_OPTION_access_ttl_s] = TOKENS,
    [RD_OPTION_access_jitter_s] = TOKENS,
    [RD_OPTION_fresh_ttl_s] = TOKENS,
    [RD_OPTION_jwks_max_age_s] = TOKENS,
    [RD_OPTION_grace_s] = SESSIONS,
    [RD_OPTION_late_retry_s] = SESSIONS,
    [RD_OPTION_refresh_idle_ttl_s] = SESSIONS,
    [RD_OPTION_refresh_max_ttl_s] = SESSIONS,
    [RD_OPTION_sessions_max] = SESSIONS,
    [RD_OPTION_default_client] = SESSIONS,
    [RD_OPTION_login_tries] = LOGINS,
    [RD_OPTION_login_wait_max_s] = LOGINS,
    [RD_OPTION_argon2_ops] = LOGINS,
    [RD_OPTION_argon2_mem_kib] = LOGINS,
    [RD_OPTION_body_max] = HTTP,
    [RD_OPTION_cookie_csrf] = HTTP,
    [RD_OPTION_token_endpoint] = HTTP,
    [RD_OPTION_revocation_endpoint] = HTTP,
    [RD_OPTION_introspection_endpoint] = HTTP,
    [RD_OPTION_jwks_uri] = HTTP,
};

static void help_option(const struct rd_option *o)
{
	char text[400];
	size_t len = (size_t)snprintf(text, sizeof text, "%s", o->help);

	if (o->number && o->def != RD_UNSET)
		len += (size_t)snprintf(text + len, sizeof text - len, " [%u; %u..%u]", o->def,
					o->least, o->most);
	else if (!o->number && *o->text)
		len += (size_t)snprintf(text + len, sizeof text - len, " [%s]", o->text);
	if (rd_option_fixed(o->id))
		snprintf(text + len, sizeof text - len, " (restart)");
	rd_help_line(o->name, 26, text);
}

void rd_config_help(void)
{
	for (unsigned g = 1; g <= GROUPS; g++) {
		bool titled = false;

		for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++) {
			if (groups[id] != g % GROUPS) // MORE comes last
				continue;
			if (!titled)
				printf("\n%s:\n", titles[g % GROUPS]);
			titled = true;
			help_option(rd_option_at(id));
		}
	}
}
