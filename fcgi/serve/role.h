// What a worker process is there for.
#pragma once
#include "fcgi/serve/worker.h"

// For a new worker: takes the name and the priority of its role. Returns the socket to listen on;
// the others are closed.
int rd_role_take(const struct rd_worker_setup *setup);

// For a login worker, before it hashes: makes way for nginx and Redis too. False when the kernel
// wants to be asked again later.
bool rd_role_lower_priority(void);
