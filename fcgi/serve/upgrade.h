// What SIGUSR2 does: the master executes the binary that is installed by now, in the same process
// (so that systemd, pid files and its children notice nothing), and hands itself the listening
// sockets and the old workers. Those serve until the new ones do. A trial run of the new binary
// comes first: it must accept the configuration and the keys, or nothing changes.
#pragma once
#include <sys/types.h>
#include "fcgi/serve/worker.h"

// What the master of the version before hands over, in the environment variable RD_LEGACY. Its
// text is an interface between versions.
struct rd_inherited {
	bool trial;     // this process is the trial run
	pid_t *pids;    // the old workers, children of this process; by malloc, NULL for none
	unsigned count; // of pids
};

// Fills *inherited, and setup's sockets when there is one; all zero when this is no upgrade. False
// with why when the configuration names other sockets than the ones in use: that takes a restart.
[[nodiscard]] bool rd_inherited_take(struct rd_worker_setup *setup, struct rd_inherited *inherited,
				     struct rd_buf *why);

// Starts the trial run. Returns its pid, -1 with errno. Its exit status is 0 when all is well.
[[nodiscard]] pid_t rd_upgrade_try(const struct rd_worker_setup *setup);
// Executes the new binary. pids: count living workers. Returns only when it failed, with errno.
void rd_upgrade_exec(const struct rd_worker_setup *setup, const pid_t *pids, unsigned count);
