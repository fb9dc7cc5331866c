// The FastCGI socket that nginx connects to. A unix socket by preference: over TCP nobody can tell
// who connects.
#pragma once
#include <sys/types.h>
#include "base/buf.h"

// Who may connect to a unix socket that we make.
struct rd_socket_access {
	gid_t group; // (gid_t)-1: that of the process
	mode_t mode; // 0 to 0775
};

// mode: octal. False with why, which begins with the value: no such mode, or one that lets others
// connect.
[[nodiscard]] bool rd_socket_mode(const char *mode, mode_t *out, struct rd_buf *why);

// Makes a listening socket, non-blocking and close-on-exec. address: unix:/path, tcp:ADDRESS:PORT,
// or fd:NUMBER (see rd_listen_on). A path gets its group and mode by access before anybody
// can connect, and replaces a dead socket of that name; one that somebody listens on is left alone.
// Whether a TCP address may be open to other machines is for the configuration to say
// (listen_insecure_tcp). Returns -1 with why.
[[nodiscard]] int rd_listen(const char *address, const struct rd_socket_access *access,
			    struct rd_buf *why);
// Whether address is one of those; nothing is made. False with why.
[[nodiscard]] bool rd_listen_address(const char *address, struct rd_buf *why);
// Removes the path again, before the last process closes the socket. No-op for other addresses.
void rd_unlisten(const char *address);

// Whether fd is a listening socket.
[[nodiscard]] bool rd_listens(int fd);
// Takes over a listening unix socket that another process has made (fd: 0 to 9), if only its owner
// and group may connect: whoever reaches it may claim to be any client. Returns its descriptor; 0
// to 2 move to another one and become /dev/null. Returns -1 with why.
[[nodiscard]] int rd_listen_on(int fd, struct rd_buf *why);
// Whether fd, a listening socket, is bound to address, a unix:/path or tcp:ADDRESS:PORT.
[[nodiscard]] bool rd_listens_at(int fd, const char *address);
