// What a worker process of each role sets up for itself.
#pragma once
#include "fcgi/serve/worker.h"

// For a new worker: sets its process name and priority. Returns the socket that its role listens
// on; those of other roles are closed.
int rd_role_take(const struct rd_worker_setup *setup);

// For a login worker, before it hashes: lowers its priority against processes of other sessions too
// (nginx, Redis). Returns false when the kernel asks to try again later.
bool rd_role_lower_priority(void);
