#include <stdlib.h>
#include "store/redis/connection.h"

static bool fail(struct rd_buf *why, const char *reason)
{
	rd_put_str(why, reason);
	return false;
}

// Reads up to max decimal digits at *at; -1 when there is none or the number is over limit.
static int number(const char **at, const char *end, int limit)
{
	int n = -1;

	while (*at < end && **at >= '0' && **at <= '9' && n <= limit) {
		n = (n < 0 ? 0 : n * 10) + (**at - '0');
		(*at)++;
	}
	return n > limit ? -1 : n;
}

static bool tcp_address(struct rd_span text, struct rd_redis_address *out, struct rd_buf *why)
{
	const char *at = text.ptr, *end = text.ptr + text.len;
	size_t host = 0;

	while (at + host < end && at[host] != ':' && at[host] != '/')
		host++;
	if (host == 0 || host >= sizeof out->host)
		return fail(why, "host name missing or too long");
	memcpy(out->host, at, host);
	at += host;
	if (at < end && *at == ':') {
		at++;
		out->port = number(&at, end, 65535);
	}
	if (at < end && *at == '/') {
		at++;
		out->db = at == end ? 0 : number(&at, end, 65535);
	}
	if (at != end || out->port <= 0 || out->db < 0)
		return fail(why, "not redis://host:port/db");
	return true;
}

bool rd_redis_address(struct rd_span text, struct rd_redis_address *out, struct rd_buf *why)
{
	*out = (struct rd_redis_address){.port = 6379};
	if (text.len > 5 && memcmp(text.ptr, "unix:", 5) == 0) {
		if (text.len - 5 >= sizeof out->unix_path)
			return fail(why, "socket path longer than 107 bytes");
		memcpy(out->unix_path, text.ptr + 5, text.len - 5);
		return true;
	}
	if (text.len > 8 && memcmp(text.ptr, "redis://", 8) == 0)
		return tcp_address((struct rd_span){text.ptr + 8, text.len - 8}, out, why);
	return fail(why, "not unix:/path or redis://host:port/db");
}
