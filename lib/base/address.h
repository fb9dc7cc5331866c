// Where a socket listens or connects to: unix:PATH, tcp:ADDRESS:PORT, and the host[:port] of a URL.
// Nothing is looked up here: what a name server says must not decide who reaches a socket.
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "base/span.h"

// Ready for bind and connect. any.sa_family says which one it is.
struct rd_address {
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
	bool local; // only this machine reaches it: a path, or a loopback address
};

// text: unix:PATH, PATH of 1 to 107 bytes, or tcp:ADDRESS:PORT, ADDRESS an IPv4 address or an IPv6
// address in brackets. Returns false for anything else; then *out is all zero.
[[nodiscard]] bool rd_address_read(struct rd_span text, struct rd_address *out);

// Whether text begins with tcp:, good or bad.
bool rd_address_is_tcp(struct rd_span text);

struct rd_host {
	struct rd_span name; // a name or an address, without brackets; borrowed, not empty
	bool ipv6;           // it was an IPv6 address in brackets
	uint16_t port;       // 0: none was given
};

// Takes host[:port] off *rest, as in RFC 3986 section 3.2: a name or an IPv4 address up to the next
// of ":/,", or an IPv6 address in brackets; then perhaps a port of 1 to 65535, in at most five
// digits. What follows stays in *rest, for the caller to judge. Returns false when there is no such
// thing; then *rest is undefined.
[[nodiscard]] bool rd_host_take(struct rd_span *rest, struct rd_host *out);
