// The master's view of its worker processes: one for each worker number, replaced when it dies, is
// stuck or has served its share of requests (max_requests). A successor serves before the process
// it replaces is told to go, so that no request waits.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "fcgi/serve/worker.h"

struct rd_workers;

// Returns how many places the workers need on the scoreboard.
unsigned rd_workers_places(const struct rd_config *config);
// setup: borrowed until rd_workers_free; its scoreboard has rd_workers_places. Starts no process
// yet.
struct rd_workers *rd_workers_new(struct rd_worker_setup *setup);
void rd_workers_free(struct rd_workers *workers);

// Starts processes that are missing, retires those whose successor serves, kills those that are
// stuck. Call it after every event. Returns the ms until something is due, -1 for nothing.
int rd_workers_tick(struct rd_workers *workers);
// The master did not run for a while (a debugger, a frozen machine), so perhaps its workers did not
// either: heartbeats missed so far do not count.
void rd_workers_reset_watchdog(struct rd_workers *workers);
// Call it for each child of the master that has ended, with its wait status; other children than
// workers are ignored.
void rd_workers_ended(struct rd_workers *workers, pid_t pid, int status);
// Sends sig to every process, inherited ones too.
void rd_workers_signal(const struct rd_workers *workers, int sig);
// From now on no process is started.
void rd_workers_stop(struct rd_workers *workers);

// Takes over the workers that the master had before an upgrade, children of this process too. They
// are retired when ours serve. pids: count of them, by malloc; owned from now on. Call it once.
void rd_workers_inherit(struct rd_workers *workers, pid_t *pids, unsigned count);
// Fills pids with every process that lives, inherited ones too. Returns their number, at most
// rd_workers_pids_max.
unsigned rd_workers_pids(const struct rd_workers *workers, pid_t *pids);
unsigned rd_workers_pids_max(const struct rd_workers *workers);

// Whether every worker number has a process that serves.
bool rd_workers_serving(const struct rd_workers *workers);
// Whether no process is left, inherited ones neither.
bool rd_workers_gone(const struct rd_workers *workers);
