#include "fcgi/role.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

// Weighs a tenth of what others do. At 19 logins stand still while the machine is busy (1.6 a
// second instead of 70, measured); refreshes gain little by that.
#define LOGIN_NICE 10

// Where Linux groups processes by session for scheduling (sched(7), autogroup), nice counts only
// within one: a session of its own gets the nice value too, or nginx and Redis would share the
// processor with hashes on equal terms.
static void nice_session(void)
{
	const struct timespec pause = {0, 110000000L};
	int fd;

	if (setsid() < 0 || (fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC)) < 0)
		return;
	// The kernel takes one such wish in 100 ms from users.
	for (int tries = 0; tries < 10; tries++) {
		if (dprintf(fd, "%d", LOGIN_NICE) > 0 || errno != EAGAIN)
			break;
		nanosleep(&pause, NULL);
	}
	close(fd);
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
		nice_session();
	}
	return setup->listen_fd[setup->role];
}
