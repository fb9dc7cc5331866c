// One worker process: one thread, one epoll loop over the listening socket, the kept connections of
// nginx and Redis.
#pragma once
#include <signal.h>
#include "fcgi/serve/snapshot.h"
#include "store/redis/connection.h"

enum rd_role {
	RD_ROLE_GENERAL, // everything that answers at once
	RD_ROLE_LOGIN, // what hashes a password, in processes of its own so that nothing else waits
	RD_ROLE_COUNT
};

// Like SIGTERM, but the service goes on: who is about to ask on a kept connection gets an answer.
#define RD_WORKER_RETIRE SIGUSR2

struct rd_worker_setup {
	const struct rd_config *config; // as it was started: of it, read only what needs a restart
	struct rd_scoreboard *scoreboard;
	struct rd_published *published;
	struct rd_metrics *metrics;
	struct rd_redis_config redis;
	int listen_fd[RD_ROLE_COUNT];  // non-blocking, each shared by the workers of its role
	bool handed_in[RD_ROLE_COUNT]; // made by others: its name is not ours to remove
	enum rd_role role;
	unsigned number; // shown in logs; its successor has the same
	unsigned place;  // on the scoreboard, nobody else's while this worker lives
};

// Serves until SIGTERM or SIGQUIT, then finishes what is in flight. Returns the exit status. SIGHUP
// makes an idle worker look at what is published; a busy one looks anyway.
int rd_worker_run(const struct rd_worker_setup *setup);
