#include "fcgi/serve/upgrade.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "fcgi/serve/listen.h"
#include "fcgi/serve/sockets.h"

// The master's pid; for each role the descriptor of its socket and whether it was handed in (1 or
// 0); the workers' pids: decimal numbers, divided by blanks. Not REFRESHD_, which would be an
// option. Versions that run already hand it over, so it must stay as it is.
#define VARIABLE   "RD_LEGACY"
#define TEXT_MAX   32768 // bytes; 960 processes at most, of 8 bytes each
#define ARGS_MAX   64
#define ARGS_BYTES 16384

static bool same_sockets(const struct rd_worker_setup *setup, struct rd_buf *why)
{
	for (enum rd_role role = 0; role < RD_ROLE_COUNT; role++) {
		const char *address = rd_sockets_address(setup, role);

		if (setup->handed_in[role] || rd_listens_at(setup->listen_fd[role], address))
			continue;
		rd_put_str(why, address);
		rd_put_lit(why, ": another address than the one in use takes a restart");
		return false;
	}
	return true;
}

bool rd_inherited_take(struct rd_worker_setup *setup, struct rd_inherited *inherited,
		       struct rd_buf *why)
{
	const char *text = getenv(VARIABLE);
	char *at = NULL;
	long pid = text ? strtol(text, &at, 10) : 0;

	*inherited = (struct rd_inherited){.trial = text && pid == getppid()};
	if (!text || (pid != getpid() && !inherited->trial))
		return true;
	for (enum rd_role role = 0; role < RD_ROLE_COUNT; role++) {
		setup->listen_fd[role] = (int)strtol(at, &at, 10);
		setup->handed_in[role] = strtol(at, &at, 10);
		fcntl(setup->listen_fd[role], F_SETFD, FD_CLOEXEC);
	}
	unsetenv(VARIABLE); // the text itself stays readable
	if (!same_sockets(setup, why))
		return false;
	if (inherited->trial)
		return true;
	inherited->pids = calloc(strlen(at) / 2 + 1, sizeof *inherited->pids);
	assert(inherited->pids);
	while ((pid = strtol(at, &at, 10)) > 0)
		inherited->pids[inherited->count++] = (pid_t)pid;
	return true;
}

static void set_variable(const struct rd_worker_setup *setup, pid_t master, const pid_t *pids,
			 unsigned count)
{
	static char text[TEXT_MAX];
	int len = snprintf(text, sizeof text, "%d", (int)master);

	for (enum rd_role role = 0; role < RD_ROLE_COUNT; role++)
		len += snprintf(text + len, sizeof text - (size_t)len, " %d %d",
				setup->listen_fd[role], setup->handed_in[role]);
	for (unsigned i = 0; i < count && len < TEXT_MAX - 16; i++)
		len += snprintf(text + len, sizeof text - (size_t)len, " %d", (int)pids[i]);
	setenv(VARIABLE, text, 1);
}

static void keep_sockets(const struct rd_worker_setup *setup, bool keep)
{
	for (enum rd_role role = 0; role < RD_ROLE_COUNT; role++)
		fcntl(setup->listen_fd[role], F_SETFD, keep ? 0 : FD_CLOEXEC);
}

// Reads our own command line. False with errno when it is too long.
static bool read_args(char *bytes, size_t max, char *argv[static ARGS_MAX])
{
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC), argc = 0;
	ssize_t len = fd < 0 ? -1 : read(fd, bytes, max);

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return false;
	errno = E2BIG;
	if ((size_t)len == max)
		return false;
	for (char *at = bytes; at < bytes + len; at += strlen(at) + 1) {
		if (argc == ARGS_MAX - 1)
			return false;
		argv[argc++] = at;
	}
	argv[argc] = NULL;
	return true;
}

// Executes the path that this process was called by, so that a symbolic link may point elsewhere by
// now; without a slash, the file that runs. Returns with errno when that failed.
static void exec_self(void)
{
	static char bytes[ARGS_BYTES], path[PATH_MAX];
	static char *argv[ARGS_MAX];
	const char gone[] = " (deleted)"; // what the kernel adds when another file took the name
	ssize_t len;

	if (!read_args(bytes, sizeof bytes, argv))
		return;
	if (strchr(argv[0], '/')) {
		execv(argv[0], argv);
		return;
	}
	len = readlink("/proc/self/exe", path, sizeof path - 1);
	if (len < 0)
		return;
	if ((size_t)len > strlen(gone) && strcmp(path + len - strlen(gone), gone) == 0)
		path[(size_t)len - strlen(gone)] = 0;
	execv(path, argv);
}

pid_t rd_upgrade_try(const struct rd_worker_setup *setup)
{
	const pid_t master = getpid();
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != master)
		_exit(1);
	set_variable(setup, master, NULL, 0);
	keep_sockets(setup, true);
	exec_self();
	fprintf(stderr, "refreshd: %s\n", strerror(errno));
	_exit(1);
}

void rd_upgrade_exec(const struct rd_worker_setup *setup, const pid_t *pids, unsigned count)
{
	set_variable(setup, getpid(), pids, count);
	keep_sockets(setup, true);
	exec_self();
	keep_sockets(setup, false);
	unsetenv(VARIABLE);
}
