#include "base/address.h"
#include <arpa/inet.h>

#define PORT_DIGITS 5

static const struct rd_span unix_scheme = RD_SPAN("unix:"), tcp_scheme = RD_SPAN("tcp:");

// text as an address of family in addr; inet_pton(3) needs a NUL behind it.
static bool read_literal(int family, struct rd_span text, void *addr)
{
	char copy[INET6_ADDRSTRLEN] = {0};

	if (text.len >= sizeof copy)
		return false;
	memcpy(copy, text.ptr, text.len);
	return strlen(copy) == text.len && inet_pton(family, copy, addr) == 1;
}

static bool take_bracketed(struct rd_span *rest, struct rd_span *address)
{
	struct in6_addr any;
	const char *end = memchr(rest->ptr, ']', rest->len);

	if (!end)
		return false;
	(void)rd_span_take(rest, 1);
	*address = rd_span_cut(rest, ']');
	return read_literal(AF_INET6, *address, &any);
}

static struct rd_span take_name(struct rd_span *rest)
{
	size_t len = 0;

	while (len < rest->len && !memchr(":/,", rest->ptr[len], 3))
		len++;
	return rd_span_take(rest, len);
}

static bool take_port(struct rd_span *rest, uint16_t *port)
{
	const size_t before = rest->len;
	uint64_t n;

	if (!rd_span_take_number(rest, UINT16_MAX, &n) || n == 0)
		return false;
	*port = (uint16_t)n;
	return before - rest->len <= PORT_DIGITS;
}

bool rd_host_take(struct rd_span *rest, struct rd_host *out)
{
	*out = (struct rd_host){.ipv6 = rd_span_begins(*rest, RD_SPAN("["))};
	if (!out->ipv6)
		out->name = take_name(rest);
	else if (!take_bracketed(rest, &out->name))
		return false;
	if (out->name.len == 0)
		return false;
	if (!rd_span_begins(*rest, RD_SPAN(":")))
		return true;
	(void)rd_span_take(rest, 1);
	return take_port(rest, &out->port);
}

static bool read_unix(struct rd_span path, struct rd_address *out)
{
	out->un.sun_family = AF_UNIX;
	if (path.len == 0 || path.len >= sizeof out->un.sun_path)
		return false;
	memcpy(out->un.sun_path, path.ptr, path.len);
	out->len = sizeof out->un;
	out->local = true;
	return true;
}

static bool read_ipv4(const struct rd_host *host, struct rd_address *out)
{
	out->in.sin_family = AF_INET;
	out->in.sin_port = htons(host->port);
	out->len = sizeof out->in;
	if (!read_literal(AF_INET, host->name, &out->in.sin_addr))
		return false;
	out->local = ntohl(out->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return true;
}

static bool read_ipv6(const struct rd_host *host, struct rd_address *out)
{
	out->in6.sin6_family = AF_INET6;
	out->in6.sin6_port = htons(host->port);
	out->len = sizeof out->in6;
	if (!read_literal(AF_INET6, host->name, &out->in6.sin6_addr))
		return false;
	out->local = memcmp(&out->in6.sin6_addr, &in6addr_loopback, sizeof in6addr_loopback) == 0;
	return true;
}

static bool read_tcp(struct rd_span text, struct rd_address *out)
{
	struct rd_host host;

	if (!rd_host_take(&text, &host) || host.port == 0 || text.len > 0)
		return false;
	return host.ipv6 ? read_ipv6(&host, out) : read_ipv4(&host, out);
}

bool rd_address_read(struct rd_span text, struct rd_address *out)
{
	bool read = false;

	memset(out, 0, sizeof *out);
	if (rd_span_begins(text, unix_scheme)) {
		(void)rd_span_take(&text, unix_scheme.len);
		read = read_unix(text, out);
	} else if (rd_address_is_tcp(text)) {
		(void)rd_span_take(&text, tcp_scheme.len);
		read = read_tcp(text, out);
	}
	if (!read)
		memset(out, 0, sizeof *out);
	return read;
}

bool rd_address_is_tcp(struct rd_span text)
{
	return rd_span_begins(text, tcp_scheme);
}
