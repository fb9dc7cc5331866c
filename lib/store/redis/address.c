#include "store/redis/address.h"
#include <assert.h>
#include "base/address.h"

#define REDIS_PORT 6379
#define DB_MAX     65535
#define FORM       "must be unix:/path or redis://host:port/db"

static bool refuse(struct rd_buf *why, const char *reason)
{
	rd_put_str(why, reason);
	return false;
}

// Schemes of other clients, which name what refreshd cannot do.
static const struct {
	struct rd_span scheme;
	const char *reason;
} others[] = {
#define NO_TLS                                                                                 \
	"TLS to Redis is not supported yet: use redis:// over a private network, or a tunnel " \
	"such as stunnel"
#define NO_SENTINEL \
	"Redis Sentinel is not supported yet: name the primary, by an address that follows it"
#define NO_CLUSTER "Redis Cluster is not supported yet: name one Redis that has all keys"
    {RD_SPAN("rediss://"), NO_TLS},
    {RD_SPAN("valkeys://"), NO_TLS},
    {RD_SPAN("sentinel://"), NO_SENTINEL},
    {RD_SPAN("redis-sentinel://"), NO_SENTINEL},
    {RD_SPAN("redis+sentinel://"), NO_SENTINEL},
    {RD_SPAN("cluster://"), NO_CLUSTER},
    {RD_SPAN("redis-cluster://"), NO_CLUSTER},
    {RD_SPAN("redis+cluster://"), NO_CLUSTER},
    {RD_SPAN("valkey://"), "must be written redis://, for Valkey too"},
};

static bool refuse_scheme(struct rd_span text, struct rd_buf *why)
{
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (rd_span_begins(text, others[i].scheme))
			return refuse(why, others[i].reason);
	return refuse(why, FORM);
}

static bool read_path(struct rd_span text, struct rd_redis_address *out, struct rd_buf *why)
{
	struct rd_address path;

	if (!rd_address_read(text, &path))
		return refuse(why, "the socket's path is longer than 107 bytes");
	static_assert(sizeof out->unix_path == sizeof path.un.sun_path, "the same limit");
	memcpy(out->unix_path, path.un.sun_path, sizeof out->unix_path);
	return true;
}

// The /db behind the host; neither it nor its number need be there.
static bool read_db(struct rd_span rest, int *db)
{
	uint64_t n = 0;

	if (rest.len == 0)
		return true;
	if (!rd_span_begins(rest, RD_SPAN("/")))
		return false;
	(void)rd_span_take(&rest, 1);
	if (rest.len > 0 && !rd_span_number(rest, DB_MAX, &n))
		return false;
	*db = (int)n;
	return true;
}

static bool read_host(struct rd_span rest, struct rd_redis_address *out, struct rd_buf *why)
{
	struct rd_host host;

	if (!rd_host_take(&rest, &host)) {
		const bool missing = host.name.len == 0 && !host.ipv6;

		return refuse(why, missing ? "the host name is missing"
					   : "must be redis://host:port/db");
	}
	if (host.name.len >= sizeof out->host)
		return refuse(why, "the host name is longer than 255 bytes");
	memcpy(out->host, host.name.ptr, host.name.len);
	if (host.port)
		out->port = host.port;
	if (rd_span_begins(rest, RD_SPAN(",")))
		return refuse(why, "must be one address, not a list");
	return read_db(rest, &out->db) || refuse(why, "must be redis://host:port/db");
}

// Returns the byte that %XX stands for, -1 for anything else and for NUL.
static int escaped_byte(struct rd_span text)
{
	unsigned char byte;
	size_t len;

	if (text.len < 3 || sodium_hex2bin(&byte, 1, text.ptr + 1, 2, NULL, &len, NULL) || len != 1)
		return -1;
	return byte ? byte : -1;
}

// Decodes text into out, size bytes with its NUL. False with why, in which name stands for it.
static bool unescape(struct rd_span text, char *out, size_t size, const char *name,
		     struct rd_buf *why)
{
	size_t len = 0;

	while (text.len) {
		const bool escaped = *text.ptr == '%';
		const int c = escaped ? escaped_byte(text) : (unsigned char)*text.ptr;

		if (c < 0 || len + 1 == size) {
			rd_put_str(why, name);
			return refuse(why, c < 0
					       ? ": % must be followed by two hexadecimal digits, "
						 "and itself be written %25"
					       : " is too long");
		}
		out[len++] = (char)c;
		(void)rd_span_take(&text, escaped ? 3 : 1);
	}
	out[len] = 0;
	return true;
}

// text: what stands before the @.
static bool read_login(struct rd_span text, struct rd_redis_login *login, struct rd_buf *why)
{
	struct rd_span password = text;
	const struct rd_span user = rd_span_cut(&password, ':');

	// redis-cli takes a word alone for the password, other clients for the user.
	if (user.len == text.len || password.len == 0)
		return refuse(why, "the password is missing: must be redis://user:password@host "
				   "or redis://:password@host");
	if (rd_span_is(password, RD_SPAN("***")))
		return refuse(why, "the password is the *** that refreshd -T shows instead of one");
	return unescape(user, login->user, sizeof login->user, "the user", why) &&
	       unescape(password, login->password, sizeof login->password, "the password", why);
}

// Takes user and password off *rest, if they are there. The last @ is the one that ends them, as
// nothing behind it can have one.
static bool take_login(struct rd_span *rest, struct rd_redis_login *login, struct rd_buf *why)
{
	const char *at = memrchr(rest->ptr, '@', rest->len);
	struct rd_span text;

	if (!at)
		return true;
	text = rd_span_take(rest, (size_t)(at - rest->ptr));
	(void)rd_span_take(rest, 1);
	if (memchr(text.ptr, '/', text.len))
		return refuse(why, "a / in the user or password must be written %2F");
	return read_login(text, login, why);
}

bool rd_redis_address(struct rd_span text, struct rd_redis_address *out,
		      struct rd_redis_login *login, struct rd_buf *why)
{
	const struct rd_span scheme = RD_SPAN("redis://"), path = RD_SPAN("unix:");

	*out = (struct rd_redis_address){.port = REDIS_PORT};
	memset(login, 0, sizeof *login);
	if (text.len > path.len && rd_span_begins(text, path))
		return read_path(text, out, why);
	if (!rd_span_begins(text, scheme))
		return refuse_scheme(text, why);
	(void)rd_span_take(&text, scheme.len);
	if (take_login(&text, login, why) && read_host(text, out, why))
		return true;
	rd_redis_login_wipe(login);
	return false;
}

void rd_redis_address_put(struct rd_buf *out, const struct rd_redis_address *address)
{
	const bool ipv6 = strchr(address->host, ':');

	if (address->unix_path[0]) {
		rd_put_str(out, address->unix_path);
		return;
	}
	rd_put_str(out, ipv6 ? "[" : "");
	rd_put_str(out, address->host);
	rd_put_str(out, ipv6 ? "]:" : ":");
	rd_put_u64(out, (uint64_t)address->port);
}
