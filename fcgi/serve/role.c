#include "fcgi/serve/role.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

// Weighs a tenth of what others do. At 19 logins stand still while the machine is busy (1.6 a
// second instead of 70, measured); refreshes gain little by that.
#define LOGIN_NICE 10

// Where Linux groups processes by session for scheduling (sched(7), autogroup), nice counts only
// within one: a session of its own gets the nice value too, or nginx and Redis would share the
// processor with hashes on equal terms.
bool rd_role_lower_priority(void)
{
	const int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
	bool later;

	if (fd < 0)
		return true; // no such groups here
	// The kernel takes one such wish in 100 ms from users.
	later = dprintf(fd, "%d", LOGIN_NICE) < 0 && errno == EAGAIN;
	close(fd);
	return !later;
}

int rd_role_take(const struct rd_worker_setup *setup)
{
	const bool login = setup->role == RD_ROLE_LOGIN;

	for (enum rd_role other = 0; other < RD_ROLE_COUNT; other++)
		if (other != setup->role) // or clients would wait for us when its workers have gone
			close(setup->listen_fd[other]);
	prctl(PR_SET_NAME, login ? "refreshd-login" : "refreshd-worker");
	if (login) {
		setpriority(PRIO_PROCESS, 0, LOGIN_NICE);
		setsid();
	}
	return setup->listen_fd[setup->role];
}
