// Where Redis is, and who logs in there: the option redis.
#pragma once
#include "base/buf.h"
#include "base/secret.h"

struct rd_redis_address {
	char unix_path[108]; // empty: TCP
	char host[256];
	int port, db;
};

#define RD_REDIS_USER_MAX     65 // both with their NUL
#define RD_REDIS_PASSWORD_MAX 512
struct rd_redis_login {
	char user[RD_REDIS_USER_MAX];
	char password[RD_REDIS_PASSWORD_MAX]; // empty: there is none, and no user either
};
static inline void rd_redis_login_wipe(struct rd_redis_login *login)
{
	rd_wipe(login, sizeof *login);
}
#define RD_REDIS_LOGIN RD_WIPE(rd_redis_login_wipe) struct rd_redis_login

// text: unix:/path or redis://[[user]:password@]host[:port][/db], user and password
// percent-encoded (RFC 3986 section 2.1) and no others. False with a reason in why, which never
// quotes what may be a password; then *login is all zero.
[[nodiscard]] bool rd_redis_address(struct rd_span text, struct rd_redis_address *out,
				    struct rd_redis_login *login, struct rd_buf *why);

// Puts the path, or host:port, as messages name it; without credentials.
void rd_redis_address_put(struct rd_buf *out, const struct rd_redis_address *address);
