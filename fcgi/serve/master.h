// The master process: starts the workers, replaces those that die, ends them all.
#pragma once
#include "fcgi/serve/upgrade.h"

// Holds back the signals that the master takes one by one. Call it before anything is made that has
// to be removed again: who started the service may already want to end it.
void rd_master_hold_signals(void);

// Serves until SIGTERM, SIGQUIT or SIGINT (SIGHUP: see reload.h; SIGUSR2: see upgrade.h), then
// closes and removes the sockets; a second one kills. Returns the exit status.
int rd_master_run(struct rd_worker_setup *setup, const struct rd_legacy *legacy);
