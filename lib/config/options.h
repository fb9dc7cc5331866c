// The option tables. A row gives the option's name, which is its key in the file, its flag
// (--grace-s) and its variable (REFRESHD_GRACE_S), and all that is known about it:
//   NUMBER  name, group, change, default, least, most, help
//   TEXT    name, group, change, default, longest in bytes, help
//   WORD    name, group, change, field, default, words divided by |, help
// A NUMBER is a uint32_t and a TEXT an array of char, both named as the option; a WORD is a uint8_t
// with the word's index, under a name that says what a value other than 0 means. For off|on, true,
// yes and 1 are read as on, and false, no and 0 as off, in any case.
//
// change: what SIGHUP does. LIVE: requests that begin afterwards have the new value, so it must be
// read through the newest snapshot, never from the configuration that the service was started with
// (tests/lint/reload). RESTART: processes, sockets, connections or data in Redis depend on it, so
// the value stays until the service restarts.
#pragma once

#define RD_CLIENT_TEXT_MAX 255        // bytes of a client's scopes, and of its audience
#define RD_UNSET           UINT32_MAX // of a number: out of every range

// clang-format off
// In the order of `refreshd help`, and so are the rows.
#define RD_OPTION_GROUPS(X) \
	X(PROCESSES, "Processes and sockets") \
	X(REDIS,     "Redis") \
	X(TOKENS,    "Access tokens and keys") \
	X(SESSIONS,  "Sessions and refresh tokens") \
	X(LOGINS,    "Logins") \
	X(HTTP,      "HTTP and metadata") \
	X(LOGS,      "Logs")

#define RD_OPTIONS(X) \
	X(NUMBER, workers,             PROCESSES, RESTART, 2, 1, 256, "worker processes") \
	X(NUMBER, login_workers,       PROCESSES, RESTART, 1, 1, 64, "worker processes for logins, which hash passwords") \
	X(TEXT,   listen,              PROCESSES, RESTART, "unix:/run/refreshd/refreshd.sock", 112, "FastCGI socket: unix:/path, tcp:ADDRESS:PORT or fd:NUMBER; a socket that is handed in takes precedence") \
	X(TEXT,   login_listen,        PROCESSES, RESTART, "unix:/run/refreshd/login.sock", 112, "FastCGI socket for logins") \
	X(TEXT,   socket_group,        PROCESSES, RESTART, "", 64, "group of the unix sockets, by name or number, as nginx' workers are in: www-data, nginx; empty: the group of the process") \
	X(TEXT,   socket_mode,         PROCESSES, RESTART, "0660", 4, "mode of the unix sockets in octal; others than owner and group must not write") \
	X(WORD,   listen_insecure_tcp, PROCESSES, RESTART, tcp_open, "off", "off|on", "on: these sockets may be TCP ones that other machines reach; whoever reaches them can act as any user") \
	X(TEXT,   pid_file,            PROCESSES, RESTART, "", 255, "file with the number of the master process, for kill -HUP; removed at the end; empty: none, as systemd needs none") \
	X(NUMBER, login_queue,         PROCESSES, LIVE,    16, 1, 1024, "logins that one login worker holds at a time; more are answered 503 with Retry-After") \
	X(NUMBER, read_timeout_ms,     PROCESSES, LIVE,    10000, 100, 600000, "longest wait for the rest of a request") \
	X(NUMBER, drain_timeout_ms,    PROCESSES, LIVE,    10000, 100, 600000, "longest wait for requests in flight at shutdown") \
	X(NUMBER, watchdog_s,          PROCESSES, LIVE,    10, 0, 3600, "seconds without a heartbeat after which a worker is killed and replaced; 0: never") \
	X(NUMBER, max_requests,        PROCESSES, LIVE,    0, 0, 1000000000, "requests after which a worker is replaced, or up to a quarter fewer; 0: never") \
	X(NUMBER, verify_cache,        PROCESSES, RESTART, 4096, 0, 1048576, "verified access tokens that each worker remembers, so as not to verify them again; 0: none") \
	X(TEXT,   redis,               REDIS,     RESTART, "unix:/run/redis/redis-server.sock", 300, "unix:/path or redis://host:port/db, an IPv6 host in brackets; user:password@ before the host is read too, but redis_password_file is safer") \
	X(TEXT,   redis_prefix,        REDIS,     RESTART, "rd:", 32, "prefix of every key, so that deployments can share one Redis") \
	X(TEXT,   redis_user,          REDIS,     RESTART, "", 64, "Redis ACL user") \
	X(TEXT,   redis_password_file, REDIS,     RESTART, "", 255, "file with the Redis password; as key_file") \
	X(NUMBER, redis_timeout_ms,    REDIS,     RESTART, 500, 10, 60000, "longest wait for one reply from Redis") \
	X(WORD,   durability,          REDIS,     RESTART, durable, "async", "async|replica", "replica: a session counts as ended only when a replica has confirmed it") \
	X(NUMBER, heal_window_s,       REDIS,     LIVE,    600, 0, 86400, "seconds after a restart or failover of Redis in which tokens newer than its data are accepted; 0: never") \
	X(TEXT,   key_file,            TOKENS,    RESTART, "/etc/refreshd/keys", 255, "file with the keys, for its owner alone; of root's file the group may read, unless it is the sockets'") \
	X(TEXT,   issuer,              TOKENS,    LIVE,    "http://127.0.0.1:8080", 255, "the claim iss of access tokens") \
	X(TEXT,   audience,            TOKENS,    LIVE,    "", 255, "the claim aud of access tokens; empty: the issuer") \
	X(WORD,   access_alg,          TOKENS,    LIVE,    alg_word, "EdDSA", "EdDSA|HS256|Ed25519", "signs access tokens; Ed25519 is EdDSA by its RFC 9864 name") \
	X(NUMBER, access_ttl_s,        TOKENS,    LIVE,    900, 1, 86400, "lifetime of an access token in seconds") \
	X(NUMBER, access_jitter_s,     TOKENS,    LIVE,    RD_UNSET, 0, 86400, "each access token lives up to this many seconds less; unset: a tenth of access_ttl_s") \
	X(NUMBER, fresh_ttl_s,         TOKENS,    LIVE,    300, 0, 86400, "seconds after a login in which its access token counts as fresh") \
	X(NUMBER, jwks_max_age_s,      TOKENS,    LIVE,    300, 0, 86400, "seconds for which clients may cache the JWKS; a new key must be published for as long before it signs") \
	X(NUMBER, grace_s,             SESSIONS,  LIVE,    10, 0, 300, "seconds in which a spent token is answered with its successor; 0: strict single use") \
	X(NUMBER, late_retry_s,        SESSIONS,  LIVE,    120, 0, 3600, "seconds in which a client that lost the answer may retry, at most twice in eight refreshes; 0: off") \
	X(NUMBER, refresh_idle_ttl_s,  SESSIONS,  LIVE,    2592000, 1, 315360000, "seconds without a refresh after which a session ends") \
	X(NUMBER, refresh_max_ttl_s,   SESSIONS,  LIVE,    15552000, 1, 315360000, "seconds after which a session ends, used or not") \
	X(NUMBER, sessions_max,        SESSIONS,  LIVE,    100, 1, 10000, "sessions of one user; a further login ends the oldest") \
	X(TEXT,   default_client,      SESSIONS,  LIVE,    "web", 64, "client of locations and requests that name none") \
	X(NUMBER, login_tries,         LOGINS,    LIVE,    5, 1, 1000, "failed logins in a row after which an account has to wait") \
	X(NUMBER, login_wait_max_s,    LOGINS,    LIVE,    60, 0, 86400, "longest wait of an account after failed logins, in seconds; 0: none") \
	X(NUMBER, argon2_ops,          LOGINS,    LIVE,    2, 1, 64, "Argon2id passes over the memory") \
	X(NUMBER, argon2_mem_kib,      LOGINS,    LIVE,    19456, 8, 4194304, "KiB of memory of one Argon2id hash") \
	X(NUMBER, body_max,            HTTP,      LIVE,    16384, 256, 65536, "bytes of a request body; more is refused with 413") \
	X(WORD,   cookie_csrf,         HTTP,      LIVE,    csrf_token, "origin", "origin|token", "cookie dialect, requests without Origin and Sec-Fetch-Site: origin accepts them as JSON, token requires X-CSRF-Token too") \
	X(TEXT,   token_endpoint,      HTTP,      LIVE,    "", 255, "token_endpoint of the metadata; empty: the issuer and /oauth2/token") \
	X(TEXT,   revocation_endpoint, HTTP,      LIVE,    "", 255, "revocation_endpoint of the metadata; empty: the issuer and /oauth2/revoke") \
	X(TEXT,   introspection_endpoint, HTTP,   LIVE,    "", 255, "introspection_endpoint of the metadata; empty: the issuer and /oauth2/introspect") \
	X(TEXT,   jwks_uri,            HTTP,      LIVE,    "", 255, "jwks_uri of the metadata; empty: the issuer and /.well-known/jwks.json") \
	X(TEXT,   log_file,            LOGS,      RESTART, "", 255, "file for log lines, opened again on SIGUSR1; empty: stderr") \
	X(WORD,   log_level,           LOGS,      RESTART, least_level, "info", "debug|info|warning|error", "least severe lines that are logged; debug has a line for each refresh") \
	X(WORD,   log_requests,        LOGS,      LIVE,    each_request, "off", "off|on", "on: a log line for each request")

// Options of a [client NAME] section, each with its field in struct rd_client.
//   WORD       name, field, default, words, help; the field is a bool: whether it is the second one
//   SCOPES     name, field, longest, help: a text of words divided by single spaces
//   SECRET     name, field, help: 32 bytes, given as hexadecimal digits and never shown
//   INHERITED  name, field: like the option of the service, whose value it has when it is not given
#define RD_CLIENT_OPTIONS(X) \
	X(WORD,      kind,               confidential, "public", "public|confidential", "a confidential client authenticates by its secret") \
	X(SECRET,    secret_sha256,      secret_sha256, "SHA-256 of the secret, as `printf %s \"$SECRET\" | sha256sum` prints it; confidential clients only") \
	X(WORD,      rotation,           rotation,     "on", "off|on", "off: one refresh token that never changes") \
	X(WORD,      issue,              issue,        "off", "off|on", "on: may obtain tokens for any user; confidential clients only") \
	X(WORD,      introspect,         introspect,   "off", "off|on", "on: may introspect the tokens of all clients; confidential clients only") \
	X(SCOPES,    scopes,             scopes,       RD_CLIENT_TEXT_MAX, "scopes that its sessions may have, divided by single spaces; empty: any") \
	X(INHERITED, audience,           audience) \
	X(INHERITED, access_alg,         alg_word) \
	X(INHERITED, access_ttl_s,       access_ttl_s) \
	X(INHERITED, grace_s,            grace_s) \
	X(INHERITED, refresh_idle_ttl_s, idle_ttl_s) \
	X(INHERITED, refresh_max_ttl_s,  max_ttl_s)
// clang-format on

enum rd_option_id {
#define RD_OPTION_ID(kind, name, ...) RD_OPTION_##name,
	RD_OPTIONS(RD_OPTION_ID)
#undef RD_OPTION_ID
	    RD_OPTION_COUNT
};

enum rd_client_option_id {
#define RD_CLIENT_OPTION_ID(kind, name, ...) RD_CLIENT_OPTION_##name,
	RD_CLIENT_OPTIONS(RD_CLIENT_OPTION_ID)
#undef RD_CLIENT_OPTION_ID
	    RD_CLIENT_OPTION_COUNT
};
