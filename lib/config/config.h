// Configuration: flags take precedence over REFRESHD_* variables, these over the file (INI, by
// inih), the file over the defaults; all from the table in options.h. Clients are sections of the
// file, [client NAME].
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "observe/log.h"
#include "config/options.h"
#include "token/keys.h"

#define RD_CLIENTS_MAX 64
// Read where it exists and no other file is named.
#define RD_CONFIG_DEFAULT "/etc/refreshd/refreshd.conf"

enum rd_from { RD_FROM_DEFAULT, RD_FROM_FILE, RD_FROM_ENVIRONMENT, RD_FROM_FLAG };

struct rd_origin {
	enum rd_from from;
	uint32_t line; // RD_FROM_FILE
};

struct rd_client {
	char id[65];
	// Its own options; the words are as in options.h.
	bool confidential, rotation, issue, introspect;
	uint8_t secret_sha256[32]; // of a confidential client
	char scopes[RD_CLIENT_TEXT_MAX + 1];
	// What it inherits from the service, unless its section says otherwise.
	char audience[RD_CLIENT_TEXT_MAX + 1];
	uint8_t alg_word;
	uint32_t grace_s, idle_ttl_s, max_ttl_s, access_ttl_s;
	// Follow from these.
	uint32_t access_jitter_s; // less than access_ttl_s
	enum rd_alg access_alg;
	int alg_name; // as in struct rd_config
	// In the file: where the section begins, and where each of its keys was set last. 0:
	// nowhere.
	uint32_t line, key_line[RD_CLIENT_OPTION_COUNT];
};

struct rd_config {
#define RD_FIELD_NUMBER(name, ...)                             uint32_t name;
#define RD_FIELD_TEXT(name, group, change, def, longest, help) char name[(longest) + 1];
#define RD_FIELD_WORD(name, group, change, field, ...)         uint8_t field;
#define RD_FIELD(kind, ...)                                    RD_FIELD_##kind(__VA_ARGS__)
	RD_OPTIONS(RD_FIELD)
#undef RD_FIELD
#undef RD_FIELD_WORD
#undef RD_FIELD_TEXT
#undef RD_FIELD_NUMBER
	struct rd_client clients[RD_CLIENTS_MAX];
	size_t client_count;
	enum rd_alg alg; // of access_alg
	int alg_name;    // 1: EdDSA is written as Ed25519
	// For reading it again: the file (NULL: none), and the flags with whatever else is on the
	// command line, which the caller of rd_config_load may set. Borrowed.
	const char *path;
	int argc;
	char **argv;
	struct rd_origin origin[RD_OPTION_COUNT];
};

// Reads path (NULL: no file), then environ, then flags: `--grace-s 10` or `--grace-s=10`. What is
// not a flag stays in argv, and argc becomes the number of those. False with one line in why:
// "path:line: reason" for a mistake in the file, with the nearest name for an unknown one. An
// unknown REFRESHD_* variable is only a warning in the log. path is borrowed.
//
// Debian's inih sets two limits: a line of the file has at most 198 bytes (the value of a variable
// or a flag can be longer), and a section's name 48, so a client id in the file 41.
[[nodiscard]] bool rd_config_load(struct rd_config *config, const char *path, int *argc,
				  char **argv, struct rd_buf *why);

// Reads the file, environment and flags of now again, into *fresh. False with why.
[[nodiscard]] bool rd_config_again(struct rd_config *fresh, const struct rd_config *now,
				   struct rd_buf *why);
// Takes the options that only a restart changes over from now into fresh, and puts the names of
// those that differed, divided by commas.
void rd_config_keep_fixed(struct rd_config *fresh, const struct rd_config *now,
			  struct rd_buf *ignored);
// Puts the names of the options that differ, and "clients" when any client does.
void rd_config_changes(const struct rd_config *fresh, const struct rd_config *now,
		       struct rd_buf *names);

// Puts "path:line: " when the option's value came from the file.
void rd_config_blame(const struct rd_config *config, enum rd_option_id option, struct rd_buf *why);
// arg: left in argv by rd_config_load. Puts "; did you mean --FLAG?" when it looks like a flag.
void rd_config_flag_hint(const char *arg, struct rd_buf *out);

// Returns the client with that id, or NULL.
const struct rd_client *rd_config_client(const struct rd_config *config, struct rd_span id);

// Whether keys can sign for the service and for every client. False and what is missing in why.
[[nodiscard]] bool rd_config_signs(const struct rd_config *config, const struct rd_keys *keys,
				   struct rd_buf *why);

// Prints the tables of options as text. names: only the service's options of these names, divided
// by blanks; NULL: all, and those of clients.
void rd_config_help(const char *names);
// Prints all values as a file that can be read again, except for the secrets.
void rd_config_show(const struct rd_config *config);
// Prints left and, from column indent on, text, wrapped at 100 columns.
void rd_help_line(const char *left, int indent, const char *text);
