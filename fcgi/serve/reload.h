// What serving begins with and what SIGHUP takes up: configuration, keys, and whether Redis lets us
// do our work. Everything is asked before anything changes, and what was found good is published in
// one step that cannot fail. Redis being away is no reason to refuse.
#pragma once
#include "fcgi/serve/worker.h"

// Publishes setup->config and its keys. False with why in one line.
[[nodiscard]] bool rd_reload_first(const struct rd_worker_setup *setup, struct rd_buf *why);

// Reads the configuration and the keys again. False with why in one line; then nothing has changed.
// Options that want a restart keep their values, which the line reload.ignored tells.
[[nodiscard]] bool rd_reload(const struct rd_worker_setup *setup, struct rd_buf *why);
