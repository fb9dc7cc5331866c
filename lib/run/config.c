#include "run/config.h"
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "run/log.h"
#include "run/option.h"
#include "run/tcp_address.h"

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
	if (line[1 + len] == ']' && strncmp(name, "client ", 7) == 0)
		(void)!rd_client_set(in->config, name + 7, NULL, NULL, in->why);
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
	if (strncmp(section, "client ", 7) == 0)
		return rd_client_set(in->config, section + 7, name, value, in->why);
	option = *section ? NULL : rd_option_find(name, strlen(name));
	if (option)
		return rd_option_set(in->config, option, value, in->why);
	rd_put_str(in->why, *section ? "unknown section: " : "unknown key: ");
	rd_put_str(in->why, *section ? section : name);
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
		if (!option && strncmp(name, "CONFIG=", 7) != 0)
			rd_log(RD_LOG_WARN, "config.unknown", "no such option: %.*s",
			       (int)(value - *e), *e);
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
	}
	*argc = kept;
	return true;
}

// One of two words. *second: whether it is the second one.
static bool either(const char *name, const char *value, const char *const words[static 2],
		   bool *second, struct rd_buf *why)
{
	*second = strcmp(value, words[1]) == 0;
	if (*second || strcmp(value, words[0]) == 0)
		return true;
	rd_put_str(why, name);
	rd_put_lit(why, ": wants ");
	rd_put_str(why, words[0]);
	rd_put_lit(why, " or ");
	rd_put_str(why, words[1]);
	return false;
}

// Whoever reaches the socket chooses route, client and address of the user himself, so a port that
// others reach is wanted twice.
static bool tcp_wanted(const struct rd_config *config, const char *name, const char *address,
		       struct rd_buf *why)
{
	struct rd_tcp_address tcp;
	const char *wrong = NULL;

	if (!rd_is_tcp(address))
		return true;
	if (!rd_tcp_address(address, &tcp))
		wrong = ": wants tcp:ADDRESS:PORT, an IPv6 address in brackets";
	else if (!tcp.loopback && !config->tcp_open)
		wrong = ": other machines reach this address and could ask as anybody; where they "
			"cannot, say so too by listen_insecure_tcp = on";
	if (!wrong)
		return true;
	rd_put_str(why, name);
	rd_put_str(why, wrong);
	return false;
}

static bool finish(struct rd_config *config, struct rd_buf *why)
{
	if (!rd_alg_read(config->access_alg, &config->alg, &config->alg_name)) {
		rd_put_str(why, "access_alg: wants EdDSA, HS256 or Ed25519");
		return false;
	}
	if (config->alg_name)
		memcpy(config->access_alg, "EdDSA", sizeof "EdDSA");
	if (!either("durability", config->durability, (const char *const[]){"async", "replica"},
		    &config->durable, why) ||
	    !either("cookie_csrf", config->cookie_csrf, (const char *const[]){"origin", "token"},
		    &config->csrf_token, why) ||
	    !either("listen_insecure_tcp", config->listen_insecure_tcp,
		    (const char *const[]){"off", "on"}, &config->tcp_open, why) ||
	    !tcp_wanted(config, "listen", config->listen, why) ||
	    !tcp_wanted(config, "login_listen", config->login_listen, why))
		return false;
	if (!*config->audience)
		memcpy(config->audience, config->issuer, sizeof config->issuer);
	if (!rd_clients_finish(config, why))
		return false;
	if (config->access_jitter_s == RD_UNSET) // after the clients, for whom unset means theirs
		config->access_jitter_s = config->access_ttl_s / 10;
	if (config->access_jitter_s < config->access_ttl_s)
		return true;
	rd_put_str(why, "access_jitter_s: wants to be less than access_ttl_s");
	return false;
}

bool rd_config_load(struct rd_config *config, const char *path, int *argc, char **argv,
		    struct rd_buf *why)
{
	memset(config, 0, sizeof *config);
	rd_option_defaults(config);
	return (!path || read_file(config, path, why)) && read_environ(config, why) &&
	       read_flags(config, argc, argv, why) && finish(config, why);
}
