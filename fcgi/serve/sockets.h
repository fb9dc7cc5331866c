// Where the listening sockets come from: systemd (LISTEN_FDS), spawn-fcgi (descriptor 0), or we
// make them where the config says.
#pragma once
#include "fcgi/serve/worker.h"

// Fills those of setup's listen_fd that are -1, and handed_in. False with why; then no name is left
// behind. What systemd named login is for logins; else the first is for the rest and a second for
// logins.
[[nodiscard]] bool rd_sockets_open(struct rd_worker_setup *setup, struct rd_buf *why);
// Removes the names that are ours and closes.
void rd_sockets_close(const struct rd_worker_setup *setup);
// By config.
const char *rd_sockets_address(const struct rd_worker_setup *setup, enum rd_role role);
const char *rd_sockets_name(const struct rd_worker_setup *setup, enum rd_role role); // for people
