// What serving begins with and what SIGHUP takes up: configuration, keys, and whether Redis lets us
// do our work. Everything is checked before anything changes, and then published in one step that
// cannot fail. That Redis is away is no reason to refuse.
#pragma once
#include "fcgi/serve/worker.h"

// Publishes setup->config and its keys. False with why in one line.
[[nodiscard]] bool rd_reload_first(const struct rd_worker_setup *setup, struct rd_buf *why);

// Reads the configuration and the keys again. False with why in one line; then nothing has changed.
// Options that take a restart keep their values; the log line reload.ignored names them.
[[nodiscard]] bool rd_reload(const struct rd_worker_setup *setup, struct rd_buf *why);
