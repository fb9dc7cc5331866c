// The listening FastCGI socket.
#pragma once
#include "base/buf.h"

// address: unix:/path. Makes a non-blocking, close-on-exec socket of mode 0660, in place of a dead
// one of the same name; one that somebody answers on is left alone. -1 with why.
[[nodiscard]] int rd_listen(const char *address, struct rd_buf *why);
// Whether address is one at all; nothing is made. False with why.
[[nodiscard]] bool rd_listen_address(const char *address, struct rd_buf *why);
// Removes the name again, before the last process closes the socket.
void rd_unlisten(const char *address);
