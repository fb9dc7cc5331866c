// The master process: starts the workers, replaces those that die, ends them all.
#pragma once
#include "fcgi/worker.h"

// Serves until SIGTERM, SIGQUIT or SIGINT; a second one kills. Gives the exit status.
int rd_master_run(struct rd_worker_setup *setup, unsigned workers);
