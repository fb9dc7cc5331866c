#include "config/tcp_address.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool rd_is_tcp(const char *text)
{
	return strncmp(text, "tcp:", 4) == 0;
}

static bool ipv4(const char *host, in_port_t port, struct rd_tcp_address *out)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = port};

	if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
		return false;
	out->len = sizeof in;
	out->loopback = ntohl(in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	memcpy(&out->addr, &in, sizeof in);
	return true;
}

static bool ipv6(const char *host, in_port_t port, struct rd_tcp_address *out)
{
	struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = port};

	if (inet_pton(AF_INET6, host, &in.sin6_addr) != 1)
		return false;
	out->len = sizeof in;
	out->loopback = memcmp(&in.sin6_addr, &in6addr_loopback, sizeof in6addr_loopback) == 0;
	memcpy(&out->addr, &in, sizeof in);
	return true;
}

bool rd_tcp_address(const char *text, struct rd_tcp_address *out)
{
	char host[INET6_ADDRSTRLEN];
	const char *begin = text + 4, *end;
	unsigned long port;
	bool bracket;

	memset(out, 0, sizeof *out);
	if (!rd_is_tcp(text) || !(end = strrchr(text, ':')) || end < begin ||
	    !isdigit((unsigned char)end[1]) || strlen(end + 1) > 5)
		return false;
	port = strtoul(end + 1, NULL, 10);
	if (port < 1 || port > 65535 || strspn(end + 1, "0123456789") != strlen(end + 1))
		return false;
	bracket = *begin == '[' && end[-1] == ']';
	begin += bracket;
	end -= bracket;
	if (end < begin || (size_t)(end - begin) >= sizeof host)
		return false;
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = 0;
	return bracket ? ipv6(host, htons((in_port_t)port), out)
		       : ipv4(host, htons((in_port_t)port), out);
}
