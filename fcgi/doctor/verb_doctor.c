// refreshd doctor: finds mistakes in the setup, or with --nginx FILE in an nginx configuration.
#include <sys/stat.h>
#include "base/address.h"
#include "base/clock.h"
#include "fcgi/doctor/nginx_checks.h"
#include "fcgi/doctor/nginx_workers.h"
#include "fcgi/verbs.h"
#include "config/keyfile.h"
#include "store/redis/check.h"
#include "store/redis/blocking.h"
#include "token/keys.h"

#define REDIS_TIMEOUT_MS 5000 // a person is waiting for the result
#define SKEW_MAX_MS      2000

const char rd_doctor_usage[] = "usage: refreshd doctor [--nginx FILE ...]\n"
			       "FILE: nginx.conf, or - for the output of nginx -T on stdin";

// Each check returns whether its part of the setup is right; false with what is wrong in why.

static bool check_keys(const struct rd_config *config, struct rd_buf *why)
{
	RD_WIPE(rd_keys_wipe) struct rd_keys keys = {0};

	return rd_keyfile_load(config->key_file, rd_socket_groups(config), &keys, why) &&
	       rd_config_signs(config, &keys, why);
}

// Whether other users of this machine can read the option redis.
static bool is_seen_by_others(const struct rd_config *config)
{
	const enum rd_from from = config->origin[RD_OPTION_redis].from;
	struct stat st;

	return from == RD_FROM_FLAG ||
	       (from == RD_FROM_FILE && stat(config->path, &st) == 0 && st.st_mode & S_IROTH);
}

static bool check_password_file(const struct rd_config *config, struct rd_buf *why)
{
	RD_REDIS_LOGIN login;
	const char *advice = rd_redis_password_advice(config);

	if (advice && is_seen_by_others(config)) {
		rd_put_str(why, "redis: ");
		rd_put_str(why, advice);
		return false;
	}
	return !*config->redis_password_file ||
	       rd_secret_load(config->redis_password_file, rd_socket_groups(config), login.password,
			      sizeof login.password, why);
}

// Over plain HTTP, browsers accept a __Host- cookie from their own machine at most.
static bool check_issuer(const struct rd_config *config, struct rd_buf *why)
{
	static const char *const fine[] = {"https://", "http://127.0.0.1", "http://localhost",
					   "http://[::1]"};

	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
		if (strncmp(config->issuer, fine[i], strlen(fine[i])) == 0)
			return true;
	rd_put_str(why, config->issuer);
	rd_put_lit(why, " is not an https:// URL: tokens travel unencrypted, and browsers drop the "
			"cookies of the cookie dialect");
	return false;
}

static bool check_socket(const char *address, struct rd_buf *why)
{
	struct rd_address at;
	struct stat st;

	rd_put_str(why, address);
	if (rd_address_is_tcp(rd_span(address))) {
		if (rd_address_read(rd_span(address), &at) && at.local)
			return true;
		rd_put_lit(
		    why,
		    " can be reached from other machines: make sure, by a firewall or a network "
		    "of its own, that only nginx can connect");
		return false;
	}
	if (!rd_address_read(rd_span(address), &at) || stat(at.un.sun_path, &st) != 0)
		return true; // not there yet
	if (S_ISSOCK(st.st_mode) && !(st.st_mode & S_IWOTH)) {
		rd_put_lit(why, ": ");
		return rd_nginx_workers_reach(at.un.sun_path, why);
	}
	rd_put_lit(
	    why, " is not a socket, or one that everybody may write to (socket_mode): any user of "
		 "this machine can ask as anybody");
	return false;
}

static bool check_listen(const struct rd_config *config, struct rd_buf *why)
{
	return check_socket(config->listen, why);
}

static bool check_login_listen(const struct rd_config *config, struct rd_buf *why)
{
	return check_socket(config->login_listen, why);
}

static void note_finding(struct rd_redis_check *check, enum rd_fit fit, const char *text)
{
	struct rd_buf *why = check->user;

	if (fit == RD_FIT_OK)
		return;
	rd_put_str(why, why->len ? "; " : "");
	rd_put_str(why, text);
}

// Tokens are stamped by the clock of Redis and verified by this machine's.
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
		rd_put_lit(why, " this machine's, so new tokens seem expired or not yet valid: "
				"synchronise both by NTP");
	}
}

static bool check_redis(const struct rd_config *config, struct rd_buf *why)
{
	RD_REDIS_LOGIN login;
	struct rd_redis_config to;
	struct rd_redis_check check = {.config = &to,
				       .prefix = rd_span(config->redis_prefix),
				       .durable = config->durable,
				       .timeout_ms = REDIS_TIMEOUT_MS,
				       .found = note_finding,
				       .user = why};

	if (!rd_redis_read(config, &login, &to, why))
		return false;
	rd_redis_check(&check);
	if (!why->len)
		compare_clocks(config, &to, why);
	return why->len == 0;
}

static const struct {
	const char *name;
	bool (*check)(const struct rd_config *config, struct rd_buf *why);
} parts[] = {
    {"key_file", check_keys},
    {"redis_password_file", check_password_file},
    {"issuer", check_issuer},
    {"listen", check_listen},
    {"login_listen", check_login_listen},
    {"redis", check_redis},
};

// Returns the number of mistakes.
static int check_setup(const struct rd_config *config)
{
	int wrong = 0;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		char reason[600];
		struct rd_buf why = RD_BUF(reason);

		if (parts[i].check(config, &why)) {
			printf("ok     %s\n", parts[i].name);
			continue;
		}
		rd_say("WRONG  %s: %.*s", parts[i].name, (int)why.len, why.ptr);
		wrong++;
	}
	return wrong;
}

static void print_mistake(const struct rd_mistake *m, void *user)
{
	(void)user;
	rd_say("%.*s:%u: %s%s: %s", (int)m->file.len, m->file.ptr, m->line, m->note ? "note: " : "",
	       m->check->name, m->check->advice);
}

// Whether a line is nginx' own about why it fails, on a terminal or in the form of its error log.
static bool is_complaint(struct rd_span line)
{
	static const struct rd_span levels[] = {RD_SPAN("[emerg]"), RD_SPAN("[alert]"),
						RD_SPAN("[crit]"), RD_SPAN("[error]")};

	if (!rd_span_begins(line, RD_SPAN("nginx: ")) && !rd_span_begins(line, RD_SPAN("20")))
		return false;
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (memmem(line.ptr, line.len, levels[i].ptr, levels[i].len))
			return true;
	return false;
}

// nginx -T prints a configuration only if it is good. Puts what stdin has instead; false when it is
// something else.
static bool explain_failed_dump(struct rd_span text, struct rd_buf *why)
{
	struct rd_span line = {0};

	if (memmem(text.ptr, text.len, "# configuration file ", 21))
		return false;
	if (!text.len) {
		why->len = 0;
		rd_put_lit(why, "stdin is empty: nginx -T has failed, and its message went to "
				"stderr; try `nginx -T 2>&1 | refreshd doctor --nginx -`, as root");
		return true;
	}
	while (text.len && !is_complaint(line))
		line = rd_span_cut(&text, '\n');
	if (!is_complaint(line))
		return false;
	why->len = 0;
	rd_put_lit(why, "nginx -T has failed, so there is nothing to check: ");
	rd_put_span(why, line);
	return true;
}

// Returns the number of mistakes, -1 after a complaint.
static int check_nginx(const struct rd_config *config, const char *path)
{
	static struct rd_nginx conf;
	char reason[1200];
	struct rd_buf why = RD_BUF(reason);
	int found = -1;
	const bool read = rd_nginx_read(&conf, path, &why);
	const bool whole = read && rd_nginx_child(&conf, 0, "http", 0);
	const bool no_dump = !whole && conf.helds && strcmp(path, "-") == 0 &&
			     explain_failed_dump(rd_span(conf.held[0]), &why);

	if (no_dump || !read)
		rd_complain(1, "%.*s", (int)why.len, why.ptr);
	else if (!whole)
		// a part alone cannot be judged: the blocks around it decide what it means
		rd_complain(1,
			    "%s: no http block, so this is only a part; name the nginx.conf that "
			    "includes it, or try `nginx -T | refreshd doctor --nginx -`",
			    path);
	else
		found = (int)rd_checks_run(&conf, config, print_mistake, NULL);
	rd_nginx_free(&conf);
	return found;
}

int rd_verb_doctor(const struct rd_config *config, int argc, char **argv)
{
	int wrong = 0, unread = 0;

	if (argc == 0)
		return check_setup(config) ? 1 : 0;
	if (argc < 2 || strcmp(argv[0], "--nginx") != 0)
		return rd_complain_usage(rd_doctor_usage);
	for (int i = 1; i < argc; i++) {
		int found = check_nginx(config, argv[i]);

		unread += found < 0;
		wrong += found > 0 ? found : 0;
	}
	if (!wrong && !unread)
		puts("no mistakes found");
	return wrong || unread;
}
