#include "config/config.h"
#include <errno.h>
#include <ini.h>
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

// A section alone is a client too, but inih says nothing of it.
static void begin_section(struct reading *in, const char *line)
{
	char name[SECTION_MAX + 1];
	const size_t len = strcspn(line + 1, "]");

	if (len > SECTION_MAX) {
		rd_put_str(in->why, "section name longer than 48 bytes");
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
	rd_put_str(in->why, "unknown section: ");
	rd_put_str(in->why, name);
	rd_put_str(in->why, "; did you mean client NAME?");
}

// inih's fgets. The rest of a long line would be taken for a line of its own, and an indented line
// for more of the one above it.
static char *next_line(char *line, int max, void *stream)
{
	struct reading *in = stream;
	size_t blanks;

	if (in->why->len || !fgets(line, max, in->file))
		return NULL;
	in->line++;
	if (!strchr(line, '\n') && !feof(in->file)) {
		rd_put_str(in->why, "not text, or longer in bytes than ");
		rd_put_u64(in->why, (uint64_t)max - 2);
	}
	blanks = strspn(line, " \t");
	memmove(line, line + blanks, strlen(line + blanks) + 1);
	if (!in->why->len && *line == '[')
		begin_section(in, line);
	return in->why->len ? NULL : line;
}

// inih: 1 to go on, 0 for an error in this line.
static int file_line(void *user, const char *section, const char *name, const char *value)
{
	struct reading *in = user;
	const struct rd_option *option;

	if (!name)
		return 1; // a section alone, where inih is built to tell
	if (*section) {   // of a client: next_line lets no other pass
		const struct rd_client_line line = {section + strlen("client "), name, value,
						    (uint32_t)in->line};

		return rd_client_set(in->config, &line, in->why);
	}
	option = rd_option_find(name, strlen(name));
	if (option) {
		in->config->origin[option->id] =
		    (struct rd_origin){RD_FROM_FILE, (uint32_t)in->line};
		return rd_option_set(in->config, option, value, in->why);
	}
	rd_put_str(in->why, "unknown key: ");
	rd_put_str(in->why, name);
	if (rd_client_has(name))
		rd_put_str(in->why, "; it belongs in a [client NAME] section");
	else
		rd_option_nearest(name, strlen(name), RD_SPELLED_KEY, in->why);
	return 0;
}

static bool read_file(struct rd_config *config, const char *path, struct rd_buf *why)
{
	char reason[256];
	struct rd_buf inner = RD_BUF(reason);
	struct reading in = {config, &inner, fopen(path, "re"), 0};
	int line = in.file ? ini_parse_stream(next_line, &in, file_line, &in) : 0;
	const char *failed = !in.file || ferror(in.file) ? strerror(errno) : NULL;

	if (in.file)
		fclose(in.file);
	if (!failed && line == 0 && inner.len == 0)
		return true;
	rd_put_str(why, path);
	rd_put_str(why, ":");
	if (failed || line < 0) {
		rd_put_str(why, " ");
		rd_put_str(why, failed ? failed : "cannot be read");
		return false;
	}
	if (line == 0)
		line = in.line;
	else if (line < in.line)
		inner.len = 0; // inih goes on after a line it cannot divide: this is a later line's
	rd_put_u64(why, (uint64_t)line);
	rd_put_str(why, ": ");
	if (inner.len)
		rd_put(why, inner.ptr, inner.len);
	else
		rd_put_str(why, "neither `name = value` nor `[section]`");
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

static bool read_environ(struct rd_config *config, struct rd_buf *why)
{
	for (char **e = environ; *e; e++) {
		const char *name = *e + strlen("REFRESHD_"), *value = strchr(*e, '=');
		const struct rd_option *option;

		if (strncmp(*e, "REFRESHD_", strlen("REFRESHD_")) != 0 || !value || value < name)
			continue;
		option = rd_option_find(name, (size_t)(value - name));
		if (option && !rd_option_set(config, option, value + 1, why)) {
			rd_put_str(why, " (from the environment)");
			return false;
		}
		if (option)
			config->origin[option->id] = (struct rd_origin){RD_FROM_ENVIRONMENT, 0};
		else if (strncmp(name, "CONFIG=", 7) != 0)
			warn_unknown(*e, (size_t)(value - *e));
	}
	return true;
}

// Takes the flags out of argv, leaves the rest in order.
static bool read_flags(struct rd_config *config, int *argc, char **argv, struct rd_buf *why)
{
	int kept = 0;

	for (int i = 0; i < *argc; i++) {
		const char *name = argv[i] + 2, *value = strchr(argv[i], '=');
		size_t len = value ? (size_t)(value - name) : strlen(argv[i]) - 2;
		const struct rd_option *option;

		if (strncmp(argv[i], "--", 2) != 0 || !(option = rd_option_find(name, len))) {
			argv[kept++] = argv[i];
			continue;
		}
		if (!value && i + 1 == *argc) {
			rd_put_str(why, argv[i]);
			rd_put_str(why, ": wants a value");
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

static bool refuse(const struct rd_config *config, enum rd_option_id option, const char *reason,
		   struct rd_buf *why)
{
	rd_config_blame(config, option, why);
	rd_put_str(why, reason);
	return false;
}

// One of two words. *second: whether it is the second one.
static bool either(const struct rd_config *config, enum rd_option_id option,
		   const char *const words[static 2], bool *second, struct rd_buf *why)
{
	const char *value = rd_option_text(config, option);

	*second = strcmp(value, words[1]) == 0;
	if (*second || strcmp(value, words[0]) == 0)
		return true;
	rd_config_blame(config, option, why);
	rd_put_str(why, rd_option_name(option));
	rd_put_lit(why, ": wants ");
	rd_put_str(why, words[0]);
	rd_put_lit(why, " or ");
	rd_put_str(why, words[1]);
	return false;
}

// What is critical is always written, so it is no choice.
static bool read_level(struct rd_config *config, struct rd_buf *why)
{
	static const char *const names[] = {"debug", "info", "warning", "error"};

	for (int i = RD_LOG_DEBUG; i <= RD_LOG_ERROR; i++)
		if (strcmp(config->log_level, names[i]) == 0) {
			config->least_level = (enum rd_log_level)i;
			return true;
		}
	return refuse(config, RD_OPTION_log_level, "log_level: wants error, warning, info or debug",
		      why);
}

#define TCP_WANTS ": wants tcp:ADDRESS:PORT, an IPv6 address in brackets"
#define TCP_OPEN                                                                                   \
	": other machines reach this address and could ask as anybody; where they cannot, say so " \
	"too by listen_insecure_tcp = on"

// Whoever reaches the socket chooses route, client and address of the user himself, so a port that
// others reach is wanted twice.
static bool tcp_wanted(const struct rd_config *config, enum rd_option_id option,
		       const char *address, struct rd_buf *why)
{
	const bool logins = option == RD_OPTION_login_listen;
	struct rd_address tcp;

	if (!rd_address_is_tcp(rd_span(address)))
		return true;
	if (!rd_address_read(rd_span(address), &tcp))
		return refuse(config, option,
			      logins ? "login_listen" TCP_WANTS : "listen" TCP_WANTS, why);
	if (tcp.local || config->tcp_open)
		return true;
	return refuse(config, option, logins ? "login_listen" TCP_OPEN : "listen" TCP_OPEN, why);
}

static bool finish(struct rd_config *config, struct rd_buf *why)
{
	if (!rd_alg_read(config->access_alg, &config->alg, &config->alg_name))
		return refuse(config, RD_OPTION_access_alg,
			      "access_alg: wants EdDSA, HS256 or Ed25519", why);
	if (config->alg_name)
		memcpy(config->access_alg, "EdDSA", sizeof "EdDSA");
	if (!either(config, RD_OPTION_durability, (const char *const[]){"async", "replica"},
		    &config->durable, why) ||
	    !either(config, RD_OPTION_cookie_csrf, (const char *const[]){"origin", "token"},
		    &config->csrf_token, why) ||
	    !either(config, RD_OPTION_log_requests, (const char *const[]){"off", "on"},
		    &config->each_request, why) ||
	    !either(config, RD_OPTION_listen_insecure_tcp, (const char *const[]){"off", "on"},
		    &config->tcp_open, why) ||
	    !tcp_wanted(config, RD_OPTION_listen, config->listen, why) ||
	    !tcp_wanted(config, RD_OPTION_login_listen, config->login_listen, why) ||
	    !read_level(config, why))
		return false;
	if (!*config->audience)
		memcpy(config->audience, config->issuer, sizeof config->issuer);
	if (!rd_clients_finish(config, why))
		return false;
	if (config->access_jitter_s == RD_UNSET) // after the clients, for whom unset means theirs
		config->access_jitter_s = config->access_ttl_s / 10;
	return config->access_jitter_s < config->access_ttl_s ||
	       refuse(config, RD_OPTION_access_jitter_s,
		      "access_jitter_s: wants to be less than access_ttl_s", why);
}

bool rd_config_load(struct rd_config *config, const char *path, int *argc, char **argv,
		    struct rd_buf *why)
{
	memset(config, 0, sizeof *config);
	rd_option_defaults(config);
	config->path = path;
	return (!path || read_file(config, path, why)) && read_environ(config, why) &&
	       read_flags(config, argc, argv, why) && finish(config, why);
}
