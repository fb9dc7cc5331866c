// What SIGHUP does: every part is asked whether it can take up what is new, and only when all can
// is anything changed.
#pragma once
#include "fcgi/generation.h"

// Reads the key file, at start and at a reload. False with why when it will not do; then nothing
// has changed.
[[nodiscard]] bool rd_reload(const struct rd_config *config, struct rd_published *published,
			     struct rd_buf *why);
