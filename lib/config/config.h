// Configuration: flags over REFRESHD_* variables over the file (INI, by inih) over defaults, all
// from the one table in options.h. Clients are sections of the file, [client NAME].
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "observe/log.h"
#include "config/options.h"
#include "token/keys.h"

#define RD_CLIENTS_MAX     64
#define RD_CLIENT_TEXT_MAX 255 // bytes of a client's scopes, and of its audience
#define RD_CLIENT_KEYS_MAX 16  // keys that a [client NAME] section knows

enum rd_from { RD_FROM_DEFAULT, RD_FROM_FILE, RD_FROM_ENVIRONMENT, RD_FROM_FLAG };

struct rd_origin {
	enum rd_from from;
	uint32_t line; // RD_FROM_FILE
};

struct rd_client {
	char id[65];
	bool confidential; // kind: public (default) or confidential (has secret_sha256)
	bool rotation;   // rotation = on (default) or off: one refresh token for the session's life
	bool issue;      // issue = on: may call /internal/issue; confidential only
	bool introspect; // introspect = on: may ask about all clients' tokens; confidential only
	uint8_t secret_sha256[32];
	bool has_secret;
	char scopes[RD_CLIENT_TEXT_MAX + 1]; // what its sessions may have; empty: anything
	// Default: the service's.
	char audience[RD_CLIENT_TEXT_MAX + 1];
	enum rd_alg access_alg;
	int alg_name; // as in struct rd_config
	uint32_t grace_s, idle_ttl_s, max_ttl_s, access_ttl_s;
	uint32_t access_jitter_s; // less than access_ttl_s
	// In the file: where the section began, where each of its keys was set last. 0: nowhere.
	uint32_t line, key_line[RD_CLIENT_KEYS_MAX];
};

struct rd_config {
#define RD_NUMBER_FIELD(field, def, least, most, help) uint32_t field;
	RD_NUMBER_OPTIONS(RD_NUMBER_FIELD)
#undef RD_NUMBER_FIELD
#define RD_TEXT_FIELD(field, def, longest, help) char field[(longest) + 1];
	RD_TEXT_OPTIONS(RD_TEXT_FIELD)
#undef RD_TEXT_FIELD
	struct rd_client clients[RD_CLIENTS_MAX];
	size_t client_count;
	enum rd_alg alg;               // of access_alg
	int alg_name;                  // 1: EdDSA is written as Ed25519
	bool durable;                  // durability = replica
	bool csrf_token;               // cookie_csrf = token
	bool tcp_open;                 // listen_insecure_tcp = on
	bool each_request;             // log_requests = on
	enum rd_log_level least_level; // of log_level
	// For reading it again: the file (NULL: none), and the flags with what else was on the
	// command line, which whoever loads it may set. Borrowed.
	const char *path;
	int argc;
	char **argv;
	struct rd_origin origin[RD_OPTION_COUNT];
};

// Reads path (NULL: no file), then environ, then flags: `--grace-s 10` or
// `--grace-s=10`; what is not a flag stays in argv, argc is set to what is left. False with one
// line in why, "path:line: what" where a file is to blame, and with the nearest name for one
// that is unknown. An unknown REFRESHD_* variable only warns. path is borrowed.
//
// Debian's inih sets two limits: a line has at most 198 bytes, so that is what a value in the file
// can have (a variable or a flag can have more), and a section's name 48, so a client id there 41.
[[nodiscard]] bool rd_config_load(struct rd_config *config, const char *path, int *argc,
				  char **argv, struct rd_buf *why);

// Reads now's file, environment and flags once more into *fresh. False with why.
[[nodiscard]] bool rd_config_again(struct rd_config *fresh, const struct rd_config *now,
				   struct rd_buf *why);
// Gives fresh the values of now for what a running service cannot change, and puts the names of
// those that differed, divided by commas.
void rd_config_keep_fixed(struct rd_config *fresh, const struct rd_config *now,
			  struct rd_buf *ignored);
// Puts the names of options that differ, and "clients".
void rd_config_changes(const struct rd_config *fresh, const struct rd_config *now,
		       struct rd_buf *names);

// Puts "path:line: " when the option's value came from the file.
void rd_config_blame(const struct rd_config *config, enum rd_option_id option, struct rd_buf *why);
// For what argv has left: puts "; did you mean --FLAG?" when it looks like an option's.
void rd_config_flag_hint(const char *arg, struct rd_buf *out);

// NULL when there is none.
const struct rd_client *rd_config_client(const struct rd_config *config, struct rd_span id);

// Whether keys can sign for the service and for every client. False and what is missing in why.
[[nodiscard]] bool rd_config_signs(const struct rd_config *config, const struct rd_keys *keys,
				   struct rd_buf *why);

void rd_config_help(void); // the table as text on stdout
// All values on stdout as a file that can be read again, but for the secrets.
void rd_config_show(const struct rd_config *config);
// left and, from column indent on, text, wrapped at 100 columns.
void rd_help_line(const char *left, int indent, const char *text);
