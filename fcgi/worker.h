// One worker process: one thread, one epoll loop over the listening socket, the kept connections of
// nginx and Redis.
#pragma once
#include "fcgi/generation.h"
#include "store/redis.h"

struct rd_worker_setup {
	const struct rd_config *config;
	struct rd_published *published;
	struct rd_redis_config redis;
	int listen_fd; // non-blocking, shared with the other workers
	unsigned number;
};

// Serves until SIGTERM or SIGQUIT, then finishes what is in flight. Gives the exit status. SIGHUP
// makes an idle worker look at what is published; a busy one looks anyway.
int rd_worker_run(const struct rd_worker_setup *setup);
