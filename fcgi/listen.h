// The listening FastCGI socket.
#pragma once
#include "base/buf.h"

// address: unix:/path or tcp:ADDRESS:PORT. Makes a non-blocking, close-on-exec socket; of a path
// with mode 0660, in place of a dead one of the same name; one that somebody answers on is left
// alone. Who may be reached from elsewhere is the configuration's to say (listen_insecure_tcp). -1
// with why.
[[nodiscard]] int rd_listen(const char *address, struct rd_buf *why);
// Removes the name again, before the last process closes the socket.
void rd_unlisten(const char *address);
