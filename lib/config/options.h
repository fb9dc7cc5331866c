// The option table. A row gives the config field, the key in the file, the flag (--grace-s), the
// variable (REFRESHD_GRACE_S), the default, the range and the help. Numbers: field, default, least,
// most, help. Texts: field, default, longest, help.
#pragma once

// clang-format off
#define RD_NUMBER_OPTIONS(X) \
	X(workers,             2,        1, 256,       "worker processes") \
	X(login_workers,       1,        1, 64,        "processes that check passwords") \
	X(login_queue,         16,       1, 1024,      "logins that one of them holds at a time; the rest are told to come back") \
	X(redis_timeout_ms,    500,      10, 60000,    "longest wait for one answer of Redis") \
	X(read_timeout_ms,     10000,    100, 600000,  "longest wait for the rest of a half-sent request") \
	X(drain_timeout_ms,    10000,    100, 600000,  "longest wait for requests in flight at shutdown") \
	X(watchdog_s,          10,       0, 3600,      "a worker that gives no sign for so long is killed and replaced; 0: never") \
	X(max_requests,        0,        0, 1000000000, "a worker that has served about so many is replaced by a fresh one; 0: never") \
	X(body_max,            16384,    256, 65536,   "bytes of a request body; more is refused with 413") \
	X(access_ttl_s,        900,      1, 86400,     "life of an access token") \
	X(access_jitter_s,     RD_UNSET, 0, 86400,     "each access token lives up to this much shorter; unset: a tenth of access_ttl_s") \
	X(fresh_ttl_s,         300,      0, 86400,     "for how long after a login its token counts as fresh") \
	X(grace_s,             10,       0, 300,       "seconds in which a spent token is answered with its successor; 0: strict single use") \
	X(late_retry_s,        120,      0, 3600,      "seconds in which a client whose answer was lost may ask again, once in a while; 0: off") \
	X(heal_window_s,       600,      0, 86400,     "for how long after a restart or failover of Redis tokens newer than its data are believed; 0: never") \
	X(refresh_idle_ttl_s,  2592000,  1, 315360000, "a session unused for this long ends") \
	X(refresh_max_ttl_s,   15552000, 1, 315360000, "a session this old ends, used or not") \
	X(sessions_max,        100,      1, 10000,     "sessions of one user; one more ends the oldest") \
	X(verify_cache,        4096,     0, 1048576,   "access tokens that a worker need not verify again; 0: none") \
	X(login_tries,         5,        1, 1000,      "failed logins in a row before an account has to wait") \
	X(login_wait_max_s,    60,       0, 86400,     "longest wait of an account after failed logins; 0: none") \
	X(jwks_max_age_s,      300,      0, 86400,     "for how long clients may keep the JWKS; a new key must be published for that long before it signs") \
	X(argon2_ops,          2,        1, 64,        "Argon2id passes over the memory") \
	X(argon2_mem_kib,      19456,    8, 4194304,   "Argon2id memory of one hash")

#define RD_TEXT_OPTIONS(X) \
	X(listen,              "unix:/run/refreshd/refreshd.sock", 112, "FastCGI socket, unix:/path (mode 0660), tcp:ADDRESS:PORT or fd:NUMBER; one that is handed in comes first") \
	X(login_listen,        "unix:/run/refreshd/login.sock", 112, "FastCGI socket for logins") \
	X(listen_insecure_tcp, "off",       16,  "on: these sockets may be tcp ones that other machines reach; who reaches them can ask as anybody") \
	X(redis,               "unix:/run/redis/redis-server.sock", 300, "unix:/path or redis://host:port/db") \
	X(redis_prefix,        "rd:",       32,  "begins every key, so that deployments can share one Redis") \
	X(redis_user,          "",          64,  "Redis ACL user") \
	X(redis_password_file, "",          255, "file that holds the Redis password") \
	X(key_file,            "/etc/refreshd/keys", 255, "keys; nobody but its owner may have access") \
	X(issuer,              "http://127.0.0.1:8080", 255, "iss of access tokens") \
	X(audience,            "",          255, "aud of access tokens; empty: the issuer") \
	X(access_alg,          "EdDSA",     16,  "signs access tokens: EdDSA, HS256 or Ed25519 (EdDSA by its RFC 9864 name)") \
	X(durability,          "async",     16,  "async, or replica: a session counts as ended when a replica knows it too") \
	X(cookie_csrf,         "origin",    16,  "cookie dialect, of requests that name no origin: origin takes JSON ones, token wants X-CSRF-Token too") \
	X(token_endpoint,      "",          255, "in the metadata; empty: the issuer and /oauth2/token") \
	X(revocation_endpoint, "",          255, "the same for /oauth2/revoke") \
	X(introspection_endpoint, "",       255, "the same for /oauth2/introspect") \
	X(jwks_uri,            "",          255, "the same for /.well-known/jwks.json") \
	X(default_client,      "web",       64,  "the client of locations and requests that name none") \
	X(log_file,            "",          255, "where log lines go; SIGUSR1 opens it again; empty: stderr") \
	X(log_level,           "info",      8,   "least that is logged: error, warning, info or debug, which has a line for each refresh") \
	X(log_requests,        "off",       3,   "on: a log line for each request")

// What SIGHUP cannot change, because processes, sockets, connections or what Redis holds hang on it.
// All others are taken up by requests that begin afterwards: they must be read through the
// request's snapshot, never from the configuration that the worker was started with.
#define RD_FIXED_OPTIONS(X) \
	X(workers) X(login_workers) X(listen) X(login_listen) X(listen_insecure_tcp) X(verify_cache) X(key_file) \
	X(redis) X(redis_prefix) X(redis_user) X(redis_password_file) X(redis_timeout_ms) X(durability) \
	X(log_file) X(log_level)
// clang-format on

#define RD_UNSET UINT32_MAX

enum rd_option_id {
#define RD_OPTION_ID(field, ...) RD_OPTION_##field,
	RD_NUMBER_OPTIONS(RD_OPTION_ID) RD_TEXT_OPTIONS(RD_OPTION_ID)
#undef RD_OPTION_ID
	    RD_OPTION_COUNT
};
