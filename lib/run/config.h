// Configuration: flags over REFRESHD_* variables over the file (INI, by inih) over defaults, all
// from the one table in options.h. Clients are sections of the file, [client NAME].
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "run/options.h"
#include "token/keys.h"

#define RD_CLIENTS_MAX     64
#define RD_CLIENT_TEXT_MAX 255 // bytes of a client's scopes, and of its audience

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
	enum rd_alg alg; // of access_alg
	int alg_name;    // 1: EdDSA is written as Ed25519
	bool durable;    // durability = replica
	bool csrf_token; // cookie_csrf = token
	bool tcp_open;   // listen_insecure_tcp = on
};

// Reads path (NULL: no file), then environ, then flags: `--grace-s 10` or
// `--grace-s=10`; what is not a flag stays in argv, argc is set to what is left. False with one
// line in why, "path:line: what" where a file is to blame. An unknown REFRESHD_* variable only
// warns.
[[nodiscard]] bool rd_config_load(struct rd_config *config, const char *path, int *argc,
				  char **argv, struct rd_buf *why);

// NULL when there is none.
const struct rd_client *rd_config_client(const struct rd_config *config, struct rd_span id);

// Whether keys can sign for the service and for every client. False and what is missing in why.
[[nodiscard]] bool rd_config_signs(const struct rd_config *config, const struct rd_keys *keys,
				   struct rd_buf *why);

void rd_config_help(void); // the table as text on stdout
