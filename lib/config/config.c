#include "config/config.h"
#include <errno.h>
#include <ini.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "observe/log.h"
#include "config/option.h"
#include "base/address.h"

#define SECTION_MAX 48 // inih keeps no more of a section's name

struct reading {
	struct rd_config *config;
	struct rd_buf *why; // what is wrong in line, when that is not empty
	FILE *file;
	int line;
};

// inih tells nothing of a section without keys, which makes a client too.
static void begin_section(struct reading *in, const char *line)
{
	char name[SECTION_MAX + 1];
	const size_t len = strcspn(line + 1, "]");

	if (len > SECTION_MAX) {
		rd_put_lit(in->why, "section name longer than 48 bytes");
		return;
	}
	memcpy(name, line + 1, len);
	name[len] = 0;
	if (line[1 + len] != ']')
		return; // inih complains
	if (strncmp(name, "client ", 7) == 0) {
		const struct rd_client_line begin = {name + 7, NULL, NULL, (uint32_t)in->line};

		(void)!rd_client_set(in->config, &begin, in->why);
		return;
	}
	rd_put_lit(in->why, "unknown section: ");
	rd_put_str(in->why, name);
	rd_put_lit(in->why, "; did you mean client NAME?");
}

// For inih in the place of fgets. inih would take the rest of a long line for another line, and an
// indented line for a continuation of the one above.
static char *next_line(char *line, int max, void *stream)
{
	struct reading *in = stream;
	size_t blanks;

	if (in->why->len || !fgets(line, max, in->file))
		return NULL;
	in->line++;
	if (!strchr(line, '\n') && !feof(in->file)) {
		rd_put_lit(in->why, "not text, or longer in bytes than ");
		rd_put_u64(in->why, (uint64_t)max - 2);
	}
	blanks = strspn(line, " \t");
	memmove(line, line + blanks, strlen(line + blanks) + 1);
	if (!in->why->len && *line == '[')
		begin_section(in, line);
	return in->why->len ? NULL : line;
}

static bool set_option(struct reading *in, const char *name, const char *value)
{
	const struct rd_option *option = rd_option_find(name, strlen(name));

	if (option) {
		in->config->origin[option->id] =
		    (struct rd_origin){RD_FROM_FILE, (uint32_t)in->line};
		return rd_option_set(in->config, option, value, in->why);
	}
	rd_put_lit(in->why, "unknown key: ");
	rd_put_str(in->why, name);
	if (rd_client_has(name))
		rd_put_lit(in->why, "; it belongs in a [client NAME] section");
	else
		rd_option_nearest(name, strlen(name), RD_SPELLED_KEY, in->why);
	return false;
}

// For inih: returns 1 to go on, 0 for an error in this line.
static int take_line(void *user, const char *section, const char *name, const char *value)
{
	struct reading *in = user;

	if (!name)
		return 1; // a section alone, where inih is built to tell
	if (*section) {   // of a client: next_line lets no other pass
		const struct rd_client_line line = {section + strlen("client "), name, value,
						    (uint32_t)in->line};

		return rd_client_set(in->config, &line, in->why);
	}
	return set_option(in, name, value);
}

static bool refuse_file(const char *path, const char *reason, struct rd_buf *why)
{
	rd_put_str(why, path);
	rd_put_lit(why, ": ");
	rd_put_str(why, reason);
	return false;
}

static bool read_file(struct rd_config *config, const char *path, struct rd_buf *why)
{
	char reason[256];
	struct rd_buf inner = RD_BUF(reason);
	struct reading in = {config, &inner, fopen(path, "re"), 0};
	int line, error;

	if (!in.file)
		return refuse_file(path, strerror(errno), why);
	line = ini_parse_stream(next_line, &in, take_line, &in);
	error = ferror(in.file) ? errno : 0;
	fclose(in.file);
	if (error)
		return refuse_file(path, strerror(error), why);
	if (line < 0)
		return refuse_file(path, "cannot be read", why);
	if (line == 0 && inner.len == 0)
		return true;
	if (line == 0)
		line = in.line;
	else if (line < in.line)
		inner.len = 0; // of a later line: inih goes on after one that it cannot divide
	rd_put_line(why, path, (uint32_t)line);
	rd_put_lit(why, ": ");
	if (inner.len)
		rd_put_span(why, rd_buf_span(&inner));
	else
		rd_put_lit(why, "neither `name = value` nor `[section]`");
	return false;
}

static void warn_unknown(const char *variable, size_t len)
{
	const size_t prefix = strlen("REFRESHD_");
	char text[100];
	struct rd_buf hint = RD_BUF(text);

	rd_option_nearest(variable + prefix, len - prefix, RD_SPELLED_VARIABLE, &hint);
	rd_log(RD_LOG_WARN, "config.unknown", "no such option: %.*s%.*s", (int)len, variable,
	       (int)hint.len, hint.ptr);
}

// Kubernetes gives each container variables for each Service of its namespace, and for one that is
// called refreshd, or refreshd-login, they begin as ours do.
static bool is_of_service(const char *variable)
{
	static const char pattern[] =
	    "^REFRESHD_([A-Z0-9_]+_)?(SERVICE_HOST=|SERVICE_PORT(_[A-Z0-9_]+)?=|PORT=[a-z]+://|"
	    "PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?=)";
	regex_t regex;
	bool matches;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	matches = regexec(&regex, variable, 0, NULL, 0) == 0;
	regfree(&regex);
	return matches;
}

static void log_services(unsigned count)
{
	if (count)
		rd_log(RD_LOG_INFO, "config.unknown",
		       "%u variables REFRESHD_... are those of a Kubernetes Service and were not "
		       "read; enableServiceLinks: false in the pod keeps them away",
		       count);
}

static bool read_environ(struct rd_config *config, struct rd_buf *why)
{
	unsigned services = 0;

	for (char **e = environ; *e; e++) {
		const char *name = *e + strlen("REFRESHD_"), *value = strchr(*e, '=');
		const struct rd_option *option;

		if (strncmp(*e, "REFRESHD_", strlen("REFRESHD_")) != 0 || !value || value < name)
			continue;
		option = rd_option_find(name, (size_t)(value - name));
		if (option && !rd_option_set(config, option, value + 1, why)) {
			rd_put_lit(why, " (from the environment)");
			return false;
		}
		if (option)
			config->origin[option->id] = (struct rd_origin){RD_FROM_ENVIRONMENT, 0};
		else if (is_of_service(*e))
			services++;
		else if (strncmp(name, "CONFIG=", 7) != 0)
			warn_unknown(*e, (size_t)(value - *e));
	}
	log_services(services);
	return true;
}

// Takes the flags out of argv and leaves the rest in order.
static bool read_flags(struct rd_config *config, int *argc, char **argv, struct rd_buf *why)
{
	int kept = 0;

	for (int i = 0; i < *argc; i++) {
		const char *name = argv[i] + 2, *value = strchr(argv[i], '=');
		size_t len = value ? (size_t)(value - name) : strlen(argv[i]) - 2;
		const struct rd_option *option = NULL;

		if (strncmp(argv[i], "--", 2) == 0)
			option = rd_option_find(name, len);
		if (!option) {
			argv[kept++] = argv[i];
			continue;
		}
		if (!value && i + 1 == *argc) {
			rd_put_str(why, argv[i]);
			rd_put_lit(why, ": must be followed by a value");
			return false;
		}
		if (!rd_option_set(config, option, value ? value + 1 : argv[++i], why))
			return false;
		config->origin[option->id] = (struct rd_origin){RD_FROM_FLAG, 0};
	}
	*argc = kept;
	return true;
}

void rd_config_flag_hint(const char *arg, struct rd_buf *out)
{
	if (strncmp(arg, "--", 2) == 0)
		rd_option_nearest(arg + 2, strcspn(arg + 2, "="), RD_SPELLED_FLAG, out);
}

void rd_config_blame(const struct rd_config *config, enum rd_option_id option, struct rd_buf *why)
{
	if (config->origin[option].from != RD_FROM_FILE)
		return;
	rd_put_line(why, config->path, config->origin[option].line);
	rd_put_lit(why, ": ");
}

void rd_put_line(struct rd_buf *out, const char *path, uint32_t line)
{
	rd_put_str(out, path);
	rd_put_lit(out, ":");
	rd_put_u64(out, line);
}

// reason: what follows the option's name.
static bool refuse_option(const struct rd_config *config, enum rd_option_id id, const char *reason,
			  struct rd_buf *why)
{
	rd_config_blame(config, id, why);
	rd_put_str(why, rd_option_at(id)->name);
	rd_put_str(why, reason);
	return false;
}

// Whoever reaches the socket chooses route, client and address of the user himself, so a port that
// other machines reach has to be asked for twice.
static bool check_tcp(const struct rd_config *config, enum rd_option_id id, const char *address,
		      struct rd_buf *why)
{
	struct rd_address tcp;

	if (!rd_address_is_tcp(rd_span(address)))
		return true;
	if (!rd_address_read(rd_span(address), &tcp))
		return refuse_option(
		    config, id, ": must be tcp:ADDRESS:PORT, an IPv6 address in brackets", why);
	if (tcp.local || config->tcp_open)
		return true;
	return refuse_option(config, id,
			     ": other machines reach this address and could act as any user; where "
			     "they cannot, confirm it by listen_insecure_tcp = on",
			     why);
}

// What follows from other options, and what they must agree on.
static bool finish(struct rd_config *config, struct rd_buf *why)
{
	if (!check_tcp(config, RD_OPTION_listen, config->listen, why) ||
	    !check_tcp(config, RD_OPTION_login_listen, config->login_listen, why))
		return false;
	rd_alg_of(config->alg_word, &config->alg, &config->alg_name);
	if (!*config->audience)
		memcpy(config->audience, config->issuer, sizeof config->issuer);
	if (!rd_clients_finish(config, why))
		return false;
	if (config->access_jitter_s == RD_UNSET) // after the clients, for whom unset means theirs
		config->access_jitter_s = config->access_ttl_s / 10;
	return config->access_jitter_s < config->access_ttl_s ||
	       refuse_option(config, RD_OPTION_access_jitter_s, ": must be less than access_ttl_s",
			     why);
}

bool rd_config_load(struct rd_config *config, const char *path, int *argc, char **argv,
		    struct rd_buf *why)
{
	memset(config, 0, sizeof *config);
	for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++)
		rd_option_default(config, rd_option_at(id));
	config->path = path;
	return (!path || read_file(config, path, why)) && read_environ(config, why) &&
	       read_flags(config, argc, argv, why) && finish(config, why);
}
