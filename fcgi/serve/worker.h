// One worker process: one thread, one epoll loop over the listening socket, the kept connections of
// nginx and Redis.
#pragma once
#include <signal.h>
#include "fcgi/serve/snapshot.h"
#include "store/redis/connection.h"

enum rd_role {
	RD_ROLE_GENERAL, // every request that needs no hash
	RD_ROLE_LOGIN,   // requests that hash a password, which would keep others waiting
	RD_ROLE_COUNT
};

// Like SIGTERM, but the service goes on: idle connections stay open for another second, so that a
// request that is on its way is answered.
#define RD_WORKER_RETIRE SIGUSR2

struct rd_worker_setup {
	// That the service was started with: of it, read only what needs a restart.
	const struct rd_config *config;
	struct rd_scoreboard *scoreboard;
	struct rd_published *published;
	struct rd_metrics *metrics;
	struct rd_redis_config redis;
	int listen_fd[RD_ROLE_COUNT];  // non-blocking, each shared by the workers of its role
	bool handed_in[RD_ROLE_COUNT]; // made by another process: its name is not ours to remove
	enum rd_role role;
	unsigned number; // shown in logs; whoever replaces it has the same
	unsigned place;  // on the scoreboard, its own as long as it lives
};

// Serves until SIGTERM, SIGQUIT or RD_WORKER_RETIRE, then finishes what is in flight, within
// drain_timeout_ms. SIGUSR1 reopens the log; SIGHUP makes an idle worker look at what is published,
// as every wake-up does. Returns the exit status.
int rd_worker_run(const struct rd_worker_setup *setup);
