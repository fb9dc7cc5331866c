#include <assert.h>
#include "base/address.h"
#include "store/redis/connection.h"

#define REDIS_PORT 6379
#define DB_MAX     65535

static bool refuse(struct rd_buf *why, const char *reason)
{
	rd_put_str(why, reason);
	return false;
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
	return read_db(rest, &out->db) || refuse(why, "must be redis://host:port/db");
}

bool rd_redis_address(struct rd_span text, struct rd_redis_address *out, struct rd_buf *why)
{
	const struct rd_span scheme = RD_SPAN("redis://"), path = RD_SPAN("unix:");

	*out = (struct rd_redis_address){.port = REDIS_PORT};
	if (text.len > path.len && rd_span_begins(text, path))
		return read_path(text, out, why);
	if (!rd_span_begins(text, scheme))
		return refuse(why, "must be unix:/path or redis://host:port/db");
	(void)rd_span_take(&text, scheme.len);
	return read_host(text, out, why);
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
