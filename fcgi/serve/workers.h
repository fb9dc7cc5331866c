// The worker processes: one for each number, replaced when it dies, is stuck or has served enough.
// Its successor serves before it is told to go, so that nobody waits.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "fcgi/serve/worker.h"

struct rd_workers;

// How many places the workers want on the scoreboard.
unsigned rd_workers_places(const struct rd_config *config);
// setup: borrowed, as long as the workers; it has a scoreboard. Starts nobody yet.
struct rd_workers *rd_workers_new(struct rd_worker_setup *setup);
void rd_workers_free(struct rd_workers *workers);

// Starts who is due, lets go of who has a successor, kills who is stuck. Returns the ms until it
// wants to be called again, -1 for no wish; call it after every event.
int rd_workers_tick(struct rd_workers *workers);
// The master has been held up, by a debugger or a frozen machine, and so perhaps were its workers:
// nobody counts as stuck for what was before now.
void rd_workers_reset_watchdog(struct rd_workers *workers);
// A child has ended; one that is none of them is fine.
void rd_workers_ended(struct rd_workers *workers, pid_t pid, int status);
void rd_workers_signal(const struct rd_workers *workers, int sig);
// From now on nobody is replaced.
void rd_workers_stop(struct rd_workers *workers);

// The workers of another master, children of this process too. They are told to go when ours
// serve. pids: count of them, owned from now on, by malloc.
void rd_workers_inherit(struct rd_workers *workers, pid_t *pids, unsigned count);
// All that live, those inherited too: rd_workers_pids_max of them at most. Returns how many.
unsigned rd_workers_pids_max(const struct rd_workers *workers);
unsigned rd_workers_pids(const struct rd_workers *workers, pid_t *pids);

bool rd_workers_serving(const struct rd_workers *workers); // one of every number
bool rd_workers_gone(const struct rd_workers *workers);
