// refreshd key list: the keys, without their secrets, and what may be done with them from when on.
#include <time.h>
#include "base/clock.h"
#include "base/json_write.h"
#include "fcgi/admin/verb_key.h"
#include "config/keyfile.h"

#define MAY_MAX (RD_TIME_MAX + 32)

const char *rd_key_time(char out[static RD_TIME_MAX], int64_t unix_s)
{
	const time_t seconds = unix_s;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(out, RD_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm))
		*out = 0;
	return out;
}

struct rd_key_lives rd_key_lives_of(const struct rd_config *config)
{
	struct rd_key_lives lives = {.jwks_s = config->jwks_max_age_s,
				     .access_s = config->access_ttl_s,
				     .refresh_s = config->refresh_max_ttl_s};

	for (size_t i = 0; i < config->client_count; i++) {
		const struct rd_client *client = &config->clients[i];

		if (client->access_ttl_s > lives.access_s)
			lives.access_s = client->access_ttl_s;
		if (client->max_ttl_s > lives.refresh_s)
			lives.refresh_s = client->max_ttl_s;
	}
	return lives;
}

static const char *kind_of(const struct rd_key_entry *key)
{
	return key->refresh ? "refresh" : "access";
}

static void put_next_step(char out[static MAY_MAX], const struct rd_key_entry *key,
			  const struct rd_key_lives *lives, int64_t now_s)
{
	const bool next = key->state == RD_KEY_NEXT;
	const char *what = next ? "may become active" : "may be removed";
	const int64_t from =
	    next ? rd_key_activate_from(key, lives) : rd_key_remove_from(key, lives);
	char when[RD_TIME_MAX];

	if (key->state == RD_KEY_ACTIVE)
		snprintf(out, MAY_MAX, "-");
	else if (from > now_s)
		snprintf(out, MAY_MAX, "%s at %s", what, rd_key_time(when, from));
	else // a key that nobody fetches: workers only need to have read it
		snprintf(out, MAY_MAX, "%s %s", what, from ? "now" : "after a SIGHUP");
}

static void print_row(const struct rd_key_entry *key, const struct rd_key_lives *lives,
		      int64_t now_s)
{
	char since[RD_TIME_MAX] = "-", may[MAY_MAX];

	if (key->since_s)
		rd_key_time(since, key->since_s);
	put_next_step(may, key, lives, now_s);
	printf("%-7s  %-*s  %-5s  %-7s  %-20s  %s\n", kind_of(key), RD_KID_LEN, key->kid,
	       key->refresh ? "-" : rd_alg_names[key->alg], rd_key_state_names[key->state], since,
	       may);
}

// least_s: nothing may be done before it.
static void put_time(struct rd_buf *out, const char *name, int64_t unix_s, int64_t least_s)
{
	char time[RD_TIME_MAX];

	if (unix_s < least_s)
		unix_s = least_s;
	if (unix_s > 0 && unix_s < INT64_MAX)
		rd_json_put_text(out, name, rd_span(rd_key_time(time, unix_s)));
	else
		rd_json_put(out, name, "null");
}

static void put_json(struct rd_buf *out, const struct rd_key_entry *key,
		     const struct rd_key_lives *lives)
{
	rd_json_put(out, NULL, "{");
	rd_json_put_text(out, "kind", rd_span(kind_of(key)));
	rd_json_put_text(out, "kid", rd_span(key->kid));
	if (!key->refresh)
		rd_json_put_text(out, "alg", rd_span(rd_alg_names[key->alg]));
	rd_json_put_text(out, "state", rd_span(rd_key_state_names[key->state]));
	put_time(out, "since", key->since_s, 0);
	put_time(out, "may_activate_at", rd_key_activate_from(key, lives), key->since_s);
	put_time(out, "may_remove_at", rd_key_remove_from(key, lives), key->since_s);
	rd_put_lit(out, "}");
}

static void print_json(const struct rd_key_list *list, const struct rd_key_lives *lives)
{
	for (size_t i = 0; i < list->count; i++) {
		char text[512];
		struct rd_buf out = RD_BUF(text);

		put_json(&out, &list->entry[i], lives);
		printf("%s%.*s", i == 0 ? "[" : ",\n ", (int)out.len, out.ptr);
	}
	puts("]");
}

static void print_table(const struct rd_key_list *list, const struct rd_key_lives *lives)
{
	const int64_t now_s = rd_wall_ms() / 1000;

	printf("%-7s  %-*s  %-5s  %-7s  %-20s  %s\n", "KIND", RD_KID_LEN, "KID", "ALG", "STATE",
	       "SINCE", "NEXT STEP");
	for (size_t i = 0; i < list->count; i++)
		print_row(&list->entry[i], lives, now_s);
}

int rd_verb_key_list(const struct rd_config *config, int argc, char **argv)
{
	RD_WIPE(rd_keys_wipe) struct rd_keys keys = {0};
	const struct rd_key_lives lives = rd_key_lives_of(config);
	const bool json = argc == 1 && strcmp(argv[0], "--json") == 0;
	struct rd_key_list list;
	char reason[512];
	struct rd_buf why = RD_BUF(reason);

	if (argc != json)
		return rd_complain_usage("usage: refreshd key list [--json]");
	if (!rd_keyfile_load(config->key_file, rd_socket_groups(config), &keys, &why))
		return rd_complain(RD_EXIT_CONFIG, "%.*s", (int)why.len, why.ptr);
	rd_keys_list(&keys, &list);
	if (json)
		print_json(&list, &lives);
	else
		print_table(&list, &lives);
	return 0;
}
