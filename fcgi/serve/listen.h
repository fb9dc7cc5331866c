// The listening FastCGI socket. A unix one: over TCP there is no telling who asks.
#pragma once
#include "base/buf.h"

// address: unix:/path or tcp:ADDRESS:PORT. Makes a non-blocking, close-on-exec socket; of a path
// with mode 0660, in place of a dead one of the same name; one that somebody answers on is left
// alone. Who may be reached from elsewhere is the configuration's to say (listen_insecure_tcp). Or
// fd:NUMBER, see rd_listen_on. -1 with why.
[[nodiscard]] int rd_listen(const char *address, struct rd_buf *why);
// Whether address is one at all; nothing is made. False with why.
[[nodiscard]] bool rd_listen_address(const char *address, struct rd_buf *why);
// Removes the name again, before the last process closes the socket. Not a unix:/path: nothing.
void rd_unlisten(const char *address);

// Whether somebody has made fd a listening socket.
[[nodiscard]] bool rd_listens(int fd);
// Takes over a listening socket that others have made (fd: 0 to 9), if nobody but owner and group
// may connect: what can reach us may be any client. Returns its descriptor, another one for 0 to 2,
// which are then /dev/null; -1 with why.
[[nodiscard]] int rd_listen_on(int fd, struct rd_buf *why);
// Whether fd, a listening socket, has that address.
[[nodiscard]] bool rd_listens_at(int fd, const char *address);
