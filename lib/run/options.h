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
	X(body_max,            16384,    256, 65536,   "bytes of a request body; more is refused with 413") \
	X(access_ttl_s,        900,      1, 86400,     "life of an access token") \
	X(access_jitter_s,     RD_UNSET, 0, 86400,     "each access token lives up to this much shorter; unset: a tenth of access_ttl_s") \
	X(fresh_ttl_s,         300,      0, 86400,     "for how long after a login its token counts as fresh") \
	X(grace_s,             10,       0, 300,       "seconds in which a spent token is answered with its successor; 0: strict single use") \
	X(refresh_idle_ttl_s,  2592000,  1, 315360000, "a session unused for this long ends") \
	X(refresh_max_ttl_s,   15552000, 1, 315360000, "a session this old ends, used or not") \
	X(argon2_ops,          2,        1, 64,        "Argon2id passes over the memory") \
	X(argon2_mem_kib,      19456,    8, 4194304,   "Argon2id memory of one hash")

#define RD_TEXT_OPTIONS(X) \
	X(listen,              "unix:/run/refreshd/refreshd.sock", 112, "FastCGI socket, unix:/path (mode 0660)") \
	X(login_listen,        "unix:/run/refreshd/login.sock", 112, "FastCGI socket for logins") \
	X(redis,               "unix:/run/redis/redis-server.sock", 300, "unix:/path or redis://host:port/db") \
	X(redis_prefix,        "rd:",       32,  "begins every key, so that deployments can share one Redis") \
	X(redis_user,          "",          64,  "Redis ACL user") \
	X(redis_password_file, "",          255, "file that holds the Redis password") \
	X(key_file,            "/etc/refreshd/keys", 255, "keys; nobody but its owner may have access") \
	X(issuer,              "http://127.0.0.1:8080", 255, "iss of access tokens") \
	X(audience,            "",          255, "aud of access tokens; empty: the issuer") \
	X(access_alg,          "EdDSA",     16,  "signs access tokens: EdDSA, HS256 or Ed25519 (EdDSA by its RFC 9864 name)") \
	X(default_client,      "web",       64,  "the client of locations and requests that name none")
// clang-format on

#define RD_UNSET UINT32_MAX
