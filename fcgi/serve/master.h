// The master process: starts the workers, replaces those that die, ends them all.
#pragma once
#include "fcgi/serve/upgrade.h"

// Blocks the signals that rd_master_run takes one by one. Call it before anything is made that has
// to be removed again: whoever started the service may want to end it at any moment.
void rd_master_hold_signals(void);

// Serves until SIGTERM, SIGQUIT or SIGINT (SIGHUP: see reload.h; SIGUSR2: see upgrade.h; SIGUSR1
// reopens the log), then closes and removes the sockets and waits for the workers; a second such
// signal kills them. Returns the exit status.
int rd_master_run(struct rd_worker_setup *setup, const struct rd_inherited *inherited);
