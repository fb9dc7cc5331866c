// What SIGUSR2 does: the master becomes the binary of today, in the same process (so systemd, pid
// files and its children see no other), and hands itself the listening sockets and the workers of
// before. Those serve until the new ones do. A trial run comes first: it must like the
// configuration and the keys, or all stays.
#pragma once
#include <sys/types.h>
#include "fcgi/serve/worker.h"

// What the master of before left; kept in the environment over the exec.
struct rd_legacy {
	bool trial; // we are the trial run
	pid_t *pids;
	unsigned count; // of pids: living children to be replaced
};

// Fills *legacy, and setup's sockets when there is one. False with why when the configuration wants
// other sockets by now: that takes a restart.
[[nodiscard]] bool rd_legacy_take(struct rd_worker_setup *setup, struct rd_legacy *legacy,
				  struct rd_buf *why);

// Starts the trial run; gives its pid, -1 with errno. It ends with 0 when all is well.
[[nodiscard]] pid_t rd_upgrade_try(const struct rd_worker_setup *setup);
// Comes back only when it failed, with errno.
void rd_upgrade_exec(const struct rd_worker_setup *setup, const pid_t *pids, unsigned count);
