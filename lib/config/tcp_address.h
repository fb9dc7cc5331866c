// Where a FastCGI socket may listen besides a path: tcp:HOST:PORT, HOST an IPv4 address or an IPv6
// one in brackets. No names: what a resolver says must not decide who can reach the socket.
#pragma once
#include <stdbool.h>
#include <sys/socket.h>

struct rd_tcp_address {
	struct sockaddr_storage addr;
	socklen_t len;
	bool loopback; // reached from this machine alone
};

bool rd_is_tcp(const char *text); // begins with tcp:
// False when text is none.
[[nodiscard]] bool rd_tcp_address(const char *text, struct rd_tcp_address *out);
