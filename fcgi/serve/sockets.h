// Where the listening sockets come from: systemd (LISTEN_FDS), spawn-fcgi (descriptor 0), or the
// addresses in the configuration, in this order.
#pragma once
#include "fcgi/serve/listen.h"
#include "fcgi/serve/worker.h"

// Reads socket_group and socket_mode. False with why.
[[nodiscard]] bool rd_sockets_access(const struct rd_config *config, struct rd_socket_access *out,
				     struct rd_buf *why);
// Fills listen_fd and handed_in of setup, where listen_fd is -1. A socket of systemd whose name has
// "login" in it is for logins; otherwise the first is the general one and the second for logins.
// Returns false with why; then no path of ours is left behind.
[[nodiscard]] bool rd_sockets_open(struct rd_worker_setup *setup, struct rd_buf *why);
// Closes the sockets and removes the paths that are ours.
void rd_sockets_close(const struct rd_worker_setup *setup);
// Returns the address that the configuration names for the role.
const char *rd_sockets_address(const struct rd_worker_setup *setup, enum rd_role role);
// Returns what to call the role's socket in logs.
const char *rd_sockets_name(const struct rd_worker_setup *setup, enum rd_role role);
