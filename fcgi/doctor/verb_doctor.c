// refreshd doctor: mistakes in the set-up, and with --nginx FILE in a configuration of nginx.
#include <stdio.h>
#include <sys/stat.h>
#include "base/address.h"
#include "base/clock.h"
#include "base/secret.h"
#include "fcgi/doctor/nginx_checks.h"
#include "fcgi/verbs.h"
#include "config/keyfile.h"
#include "store/redis/check.h"
#include "store/redis/blocking.h"
#include "token/keys.h"

#define USAGE "usage: refreshd doctor [--nginx FILE ...]   FILE: nginx.conf, or - for nginx -T"

#define REDIS_TIMEOUT_MS 5000 // somebody waits for the result
#define SKEW_MAX_MS      2000

// Each says what is wrong in why and gives false, or true.

static bool keys(const struct rd_config *config, struct rd_buf *why)
{
	RD_WIPE(rd_keys_wipe) struct rd_keys keys = {0};

	return rd_keyfile_load(config->key_file, &keys, why) && rd_config_signs(config, &keys, why);
}

static bool password(const struct rd_config *config, struct rd_buf *why)
{
	char text[RD_REDIS_PASSWORD_MAX];
	bool ok = !*config->redis_password_file ||
		  rd_secret_load(config->redis_password_file, text, sizeof text, why);

	rd_wipe(text, sizeof text);
	return ok;
}

// Browsers take a __Host- cookie over plain HTTP from their own machine at most.
static bool issuer(const struct rd_config *config, struct rd_buf *why)
{
	static const char *const fine[] = {"https://", "http://127.0.0.1", "http://localhost",
					   "http://[::1]"};

	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
		if (strncmp(config->issuer, fine[i], strlen(fine[i])) == 0)
			return true;
	rd_put_str(why, config->issuer);
	rd_put_lit(why, " is no https:// URL: tokens pass in the clear, and browsers drop the "
			"cookies of the cookie dialect");
	return false;
}

static bool socket_of(const char *address, struct rd_buf *why)
{
	struct rd_address at;
	struct stat st;

	rd_put_str(why, address);
	if (rd_address_is_tcp(rd_span(address))) {
		if (rd_address_read(rd_span(address), &at) && at.local)
			return true;
		rd_put_lit(why, " is open to other machines: let a network or a firewall of its "
				"own make sure that nginx alone reaches it");
		return false;
	}
	if (!rd_address_read(rd_span(address), &at) || stat(at.un.sun_path, &st) != 0)
		return true; // not there yet
	if (S_ISSOCK(st.st_mode) && !(st.st_mode & S_IRWXO))
		return true;
	rd_put_lit(why, " is no socket of mode 0660: any user of this machine can ask as anybody");
	return false;
}

static bool general_socket(const struct rd_config *config, struct rd_buf *why)
{
	return socket_of(config->listen, why);
}

static bool login_socket(const struct rd_config *config, struct rd_buf *why)
{
	return socket_of(config->login_listen, why);
}

static void found(struct rd_redis_check *check, enum rd_fit fit, const char *text)
{
	struct rd_buf *why = check->user;

	if (fit == RD_FIT_OK)
		return;
	rd_put_str(why, why->len ? "; " : "");
	rd_put_str(why, text);
}

// Tokens are stamped by Redis' clock and verified by this machine's.
static void compare_clocks(const struct rd_config *config, const struct rd_redis_config *redis,
			   struct rd_buf *why)
{
	struct rd_blocking line = {.config = redis};
	int64_t now_ms = rd_blocking_clock(&line, rd_span(config->redis_prefix), why), ahead_ms;

	rd_blocking_close(&line);
	if (now_ms < 0)
		return;
	ahead_ms = now_ms - rd_wall_ms();
	if (ahead_ms > SKEW_MAX_MS || ahead_ms < -SKEW_MAX_MS) {
		rd_put_lit(why, "its clock is ");
		rd_put_u64(why, (uint64_t)(ahead_ms < 0 ? -ahead_ms : ahead_ms));
		rd_put_str(why, ahead_ms < 0 ? " ms behind" : " ms ahead of");
		rd_put_lit(why, " this machine's, so new tokens look spent or of tomorrow: let "
				"both follow NTP");
	}
}

static bool redis(const struct rd_config *config, struct rd_buf *why)
{
	char text[RD_REDIS_PASSWORD_MAX];
	struct rd_redis_config to;
	struct rd_redis_check check = {.config = &to,
				       .prefix = rd_span(config->redis_prefix),
				       .durable = config->durable,
				       .timeout_ms = REDIS_TIMEOUT_MS,
				       .found = found,
				       .user = why};

	if (!rd_redis_read(config, text, &to, why))
		return false;
	rd_redis_check(&check);
	if (!why->len)
		compare_clocks(config, &to, why);
	rd_wipe(text, sizeof text);
	return why->len == 0;
}

static const struct {
	const char *name;
	bool (*right)(const struct rd_config *config, struct rd_buf *why);
} parts[] = {
    {"key_file", keys},         {"redis_password_file", password}, {"issuer", issuer},
    {"listen", general_socket}, {"login_listen", login_socket},    {"redis", redis},
};

static int set_up(const struct rd_config *config)
{
	int wrong = 0;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		char reason[600];
		struct rd_buf why = RD_BUF(reason);

		if (parts[i].right(config, &why)) {
			printf("ok     %s\n", parts[i].name);
			continue;
		}
		printf("WRONG  %s: %.*s\n", parts[i].name, (int)why.len, why.ptr);
		wrong++;
	}
	return wrong;
}

static void tell(const struct rd_mistake *m, void *more)
{
	(void)more;
	printf("%.*s:%u: %s: %s\n", (int)m->file.len, m->file.ptr, m->line, m->check->name,
	       m->check->advice);
}

// Returns the number of mistakes, -1 after a complaint.
static int nginx(const struct rd_config *config, const char *path)
{
	static struct rd_nginx conf;
	char reason[1200];
	struct rd_buf why = RD_BUF(reason);
	int found = -1;

	if (!rd_nginx_read(&conf, path, &why))
		rd_complain(1, "%.*s", (int)why.len, why.ptr);
	else if (!rd_nginx_child(&conf, 0, "http",
				 0)) // what surrounds a part decides what it means
		rd_complain(1,
			    "%s: no http block, so this is a part: give the nginx.conf that "
			    "includes it, or try `nginx -T | refreshd doctor --nginx -`",
			    path);
	else
		found = (int)rd_checks_run(&conf, config, tell, NULL);
	rd_nginx_free(&conf);
	return found;
}

int rd_verb_doctor(const struct rd_config *config, int argc, char **argv)
{
	int wrong = 0, unread = 0;

	if (argc == 0)
		return set_up(config) ? 1 : 0;
	if (argc < 2 || strcmp(argv[0], "--nginx") != 0)
		return rd_complain(RD_EXIT_USAGE, USAGE);
	for (int i = 1; i < argc; i++) {
		int found = nginx(config, argv[i]);

		unread += found < 0;
		wrong += found > 0 ? found : 0;
	}
	if (!wrong && !unread)
		puts("no mistake found");
	return wrong || unread;
}
