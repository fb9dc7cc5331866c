// Configuration: flags over REFRESHD_* variables over the file (INI, by inih) over defaults, all
// from the one table in options.h. Clients are sections of the file, [client NAME].
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "run/options.h"

#define RD_CLIENTS_MAX 64

struct rd_client {
	char id[65];
	bool confidential; // kind: public (default) or confidential (has secret_sha256)
	bool rotation; // rotation = on (default) or off: one refresh token for the session's life
	bool issue;    // issue = on: may call /internal/issue; confidential only
	uint8_t secret_sha256[32];
	uint32_t grace_s, idle_ttl_s, max_ttl_s; // default: the service's
	bool has_secret;
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
	int alg_name;    // 1: EdDSA is written as Ed25519
	bool durable;    // durability = replica
	bool csrf_token; // cookie_csrf = token
};

// Reads path (NULL: no file), then environ, then flags: `--grace-s 10` or
// `--grace-s=10`; what is not a flag stays in argv, argc is set to what is left. False with one
// line in why, "path:line: what" where a file is to blame. An unknown REFRESHD_* variable only
// warns.
[[nodiscard]] bool rd_config_load(struct rd_config *config, const char *path, int *argc,
				  char **argv, struct rd_buf *why);

// NULL when there is none.
const struct rd_client *rd_config_client(const struct rd_config *config, struct rd_span id);

void rd_config_help(void); // the table as text on stdout
