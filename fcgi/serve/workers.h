// The worker processes: one for each number, replaced when it dies, is stuck or has served enough.
// Its successor serves before it is told to go, so that nobody waits.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "fcgi/serve/worker.h"

struct rd_crew;

// How many places the crew wants on the board.
unsigned rd_crew_places(const struct rd_config *config);
// setup: borrowed, as long as the crew; it has a board. Starts nobody yet.
struct rd_crew *rd_crew_new(struct rd_worker_setup *setup);
void rd_crew_free(struct rd_crew *crew);

// Starts who is due, lets go of who has a successor, kills who is stuck. Gives the ms until it
// wants to be called again, -1 for no wish; call it after every event.
int rd_crew_tick(struct rd_crew *crew);
// The master has been held up, by a debugger or a frozen machine, and so perhaps were its workers:
// nobody counts as stuck for what was before now.
void rd_crew_forgive(struct rd_crew *crew);
// A child has ended; one that is not of the crew is fine.
void rd_crew_ended(struct rd_crew *crew, pid_t pid, int status);
void rd_crew_signal(const struct rd_crew *crew, int sig);
// From now on nobody is replaced.
void rd_crew_stop(struct rd_crew *crew);

// The workers of another master, children of this process too. They are told to go when the crew
// serves. pids: count of them, the crew's from now on, by malloc.
void rd_crew_inherit(struct rd_crew *crew, pid_t *pids, unsigned count);
// All that live, those inherited too: rd_crew_pids_max of them at most. Gives how many.
unsigned rd_crew_pids_max(const struct rd_crew *crew);
unsigned rd_crew_pids(const struct rd_crew *crew, pid_t *pids);

bool rd_crew_serving(const struct rd_crew *crew); // one of every number
bool rd_crew_gone(const struct rd_crew *crew);
