// refreshd setup: makes on this machine what the service needs: user, folders, keys, a first
// configuration, nginx' right to connect. In C rather than in a shell script: options, keys, the
// check of Redis and nginx' locations are functions here already, and only accounts and units need
// another program. Whatever is there is left alone, so that it is safe to repeat.
#include <unistd.h>
#include "fcgi/admin/admin.h"
#include "fcgi/admin/setup_parts.h"
#include "store/redis/check.h"

#define TIMEOUT_MS 2000 // of one reply of Redis

static const char usage[] =
    "usage: refreshd setup [--issuer URL] [--redis ADDRESS] [--nginx-group GROUP] [--enable]\n"
    "                      [--prefix PATH --dialect NAME [--internal ADDRESS:PORT]] [--dry-run]\n"
    "Any other option, as --durability replica, goes into a configuration that is made.";

// Where distributions have it.
static const char *const redis_guesses[] = {"redis://127.0.0.1:6379/0",
					    "unix:/run/redis/redis-server.sock",
					    "unix:/run/valkey/valkey-server.sock"};

static bool is_set(const struct rd_config *config, enum rd_option_id id)
{
	return config->origin[id].from != RD_FROM_DEFAULT;
}

// On a terminal alone. out: keeps what it has when nothing is typed, or more than fits. Returns
// whether it asked.
static bool ask_for(const char *what, char *out, size_t max)
{
	char line[400];

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return false;
	printf("%s [%s]: ", what, out);
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		return false;
	line[strcspn(line, "\n")] = 0;
	if (*line && strlen(line) < max)
		memcpy(out, line, strlen(line) + 1);
	return true;
}

struct redis_answer {
	bool away;
	bool told; // findings are said, not only counted
};

static void note_finding(struct rd_redis_check *check, enum rd_fit fit, const char *text)
{
	struct redis_answer *answer = check->user;

	answer->away |= fit == RD_FIT_AWAY;
	if (answer->told && fit != RD_FIT_OK)
		rd_setup_todo("redis: %s", text);
}

// Whether Redis answers there. told: says what is wrong with it.
static bool redis_answers(const struct rd_config *config, const char *address, bool told)
{
	static struct rd_config at;
	RD_REDIS_LOGIN login;
	char reason[512];
	struct rd_buf why = RD_BUF(reason);
	struct redis_answer answer = {.told = told};
	struct rd_redis_config redis;
	struct rd_redis_check check = {.config = &redis,
				       .prefix = rd_span(config->redis_prefix),
				       .durable = config->durable,
				       .timeout_ms = TIMEOUT_MS,
				       .found = note_finding,
				       .user = &answer};

	at = *config;
	snprintf(at.redis, sizeof at.redis, "%s", address);
	if (!rd_redis_read(&at, &login, &redis, &why)) {
		if (told)
			rd_setup_todo("%.*s", (int)why.len, why.ptr);
		return false;
	}
	rd_redis_check(&check);
	return !answer.away;
}

static void find_redis(struct rd_setup_wishes *w)
{
	const bool known = is_set(w->config, RD_OPTION_redis);

	snprintf(w->redis, sizeof w->redis, "%s", known ? w->config->redis : redis_guesses[0]);
	for (size_t i = 0; !known && i < sizeof redis_guesses / sizeof *redis_guesses; i++)
		if (redis_answers(w->config, redis_guesses[i], false)) {
			snprintf(w->redis, sizeof w->redis, "%s", redis_guesses[i]);
			return;
		}
	if (!known)
		(void)ask_for("No Redis answers where it usually is. Its address", w->redis,
			      sizeof w->redis);
}

// False after a complaint.
static bool find_issuer(struct rd_setup_wishes *w)
{
	snprintf(w->issuer, sizeof w->issuer, "%s", w->config->issuer);
	if (is_set(w->config, RD_OPTION_issuer) || rd_setup_configured(w->config))
		return true;
	if (ask_for("The site's address, which tokens name as their issuer", w->issuer,
		    sizeof w->issuer))
		return true;
	rd_complain_usage(usage);
	rd_complain(RD_EXIT_USAGE, "setup: --issuer is missing: the site's address, as "
				   "https://app.example");
	return false;
}

static void enable(struct rd_setup *s, bool wanted)
{
	static const char *const argv[] = {"systemctl", "enable", "--now", "refreshd", NULL};

	if (!s->systemd)
		rd_setup_todo("start it under a supervisor: refreshd serve, as the user %s; "
			      "reload: kill -HUP $(cat /run/refreshd/refreshd.pid)",
			      RD_SETUP_USER);
	else if (!wanted)
		rd_setup_todo("systemctl enable --now refreshd");
	else if (rd_setup_making(s, "refreshd start, now and at each boot"))
		(void)rd_setup_run(s, argv);
}

static int set_up(struct rd_setup_wishes *w, bool dry_run)
{
	struct rd_setup s = {.dry_run = dry_run,
			     .systemd = access("/run/systemd/system", F_OK) == 0};
	bool answers;

	if (!find_issuer(w))
		return RD_EXIT_USAGE;
	find_redis(w);
	if (!*w->nginx_group)
		rd_setup_find_nginx_group(w->nginx_group, sizeof w->nginx_group);
	rd_setup_user(&s);
	rd_setup_folder(&s, "/etc/refreshd", 0750, 0, s.group);
	rd_setup_keys(&s, w->config->key_file);
	rd_setup_run_folder(&s);
	rd_setup_config(&s, w);
	answers = redis_answers(w->config, w->redis, true);
	rd_setup_let_nginx_in(&s, w->nginx_group);
	rd_setup_nginx(&s, w);
	if (!s.failed)
		enable(&s, w->enable);
	if (s.failed)
		return 1;
	return answers ? 0 : RD_EXIT_STORE;
}

// False after a complaint.
static bool read_nginx(struct rd_setup_wishes *w, int *argc, char **argv, char *prefix)
{
	const char *given = rd_take_value(argc, argv, "--prefix");

	w->nginx = (struct rd_nginx_wanted){.dialect = rd_take_value(argc, argv, "--dialect"),
					    .login = true,
					    .well_known = true,
					    .errors = true};
	w->internal = rd_take_value(argc, argv, "--internal");
	if (!given && !w->nginx.dialect && !w->internal)
		return true;
	if (!given || !w->nginx.dialect) {
		rd_complain_usage(usage);
		return false;
	}
	if (!rd_nginx_wanted_check(given, w->nginx.dialect, w->internal, prefix))
		return false;
	w->nginx.prefix = prefix;
	return true;
}

int rd_verb_setup(const struct rd_config *config, int argc, char **argv)
{
	const bool dry_run = rd_take_flag(&argc, argv, "--dry-run");
	const char *group = rd_take_value(&argc, argv, "--nginx-group");
	char prefix[RD_NGINX_PREFIX_MAX + 1];
	struct rd_setup_wishes wishes = {.config = config,
					 .enable = rd_take_flag(&argc, argv, "--enable")};

	if (!read_nginx(&wishes, &argc, argv, prefix))
		return RD_EXIT_USAGE;
	if (argc)
		return rd_complain_argument("setup", argv[0]);
	if (geteuid() != 0 && !dry_run)
		return rd_complain(1, "setup: takes root: sudo refreshd setup; --dry-run only says "
				      "what it would do");
	snprintf(wishes.nginx_group, sizeof wishes.nginx_group, "%s", group ? group : "");
	return set_up(&wishes, dry_run);
}
