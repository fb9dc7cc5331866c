// A master in a process of its own, whose workers, upgrade and reload are the test's. It tells what
// it does through a pipe.
#pragma once
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fcgi/serve/master.h"
#include "fcgi/serve/reload.h"
#include "fcgi/serve/scoreboard.h"
#include "fcgi/serve/sockets.h"
#include "fcgi/serve/workers.h"
#include "observe/log.h"
#include "unit.h"

#define PATIENCE_MS 20000

// What the test decides, seen by the master at its next step.
struct wish {
	_Atomic bool serving, gone, reload_fails, exec_fails, try_fails;
	_Atomic int trial_status; // -1: it goes on
};

static struct {
	struct rd_config config;
	struct rd_worker_setup setup;
	struct wish *wish; // shared with the master
	int told[2];       // a pipe
	pid_t pid;
} it;

[[gnu::format(printf, 1, 2)]] static void tell(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vdprintf(it.told[1], format, args);
	va_end(args);
}

void rd_log(enum rd_log_level level, const char *event, const char *format, ...)
{
	(void)level, (void)format;
	tell("%s ", event);
}

int rd_log_tick(int64_t now_ms)
{
	(void)now_ms;
	return -1;
}

void rd_log_reopen(void)
{
	tell("reopen ");
}

// In place of the workers of the library, which the linker leaves out then.

unsigned rd_workers_places(const struct rd_config *config)
{
	return config->workers;
}

struct rd_workers *rd_workers_new(struct rd_worker_setup *setup)
{
	(void)setup;
	return NULL;
}

void rd_workers_free(struct rd_workers *workers)
{
	(void)workers;
}

// So that a wish is seen soon.
int rd_workers_tick(struct rd_workers *workers)
{
	(void)workers;
	return 5;
}

void rd_workers_reset_watchdog(struct rd_workers *workers)
{
	(void)workers;
}

void rd_workers_ended(struct rd_workers *workers, pid_t pid, int status)
{
	(void)workers, (void)pid;
	tell("ended:%d ", WEXITSTATUS(status));
}

void rd_workers_signal(const struct rd_workers *workers, int sig)
{
	(void)workers;
	tell("workers:%s ", sigabbrev_np(sig));
}

void rd_workers_stop(struct rd_workers *workers)
{
	(void)workers;
	tell("stop ");
}

void rd_workers_inherit(struct rd_workers *workers, pid_t *pids, unsigned count)
{
	(void)workers, (void)pids;
	tell("inherit:%u ", count);
}

unsigned rd_workers_pids_max(const struct rd_workers *workers)
{
	(void)workers;
	return 2;
}

unsigned rd_workers_pids(const struct rd_workers *workers, pid_t *pids)
{
	(void)workers;
	pids[0] = 1;
	return 1;
}

bool rd_workers_serving(const struct rd_workers *workers)
{
	(void)workers;
	return it.wish->serving;
}

bool rd_workers_gone(const struct rd_workers *workers)
{
	(void)workers;
	return it.wish->gone;
}

bool rd_reload(const struct rd_worker_setup *setup, struct rd_buf *why)
{
	(void)setup;
	rd_put_lit(why, "no");
	tell("reload ");
	return !it.wish->reload_fails;
}

pid_t rd_upgrade_try(const struct rd_worker_setup *setup)
{
	pid_t pid = it.wish->try_fails ? -1 : fork();

	(void)setup;
	if (pid) {
		tell("try ");
		return pid;
	}
	while (it.wish->trial_status < 0)
		usleep(1000);
	_exit(it.wish->trial_status);
}

void rd_upgrade_exec(const struct rd_worker_setup *setup, const pid_t *pids, unsigned count)
{
	// The caller's memory is not lost when this process ends here, also for valgrind.
	static const pid_t *volatile kept;

	(void)setup;
	kept = pids;
	(void)kept;
	tell("exec:%u ", count);
	if (!it.wish->exec_fails)
		execl("/bin/sh", "sh", "-c", "exit 77",
		      NULL); // memory goes with it, as in an upgrade
}

void rd_sockets_close(const struct rd_worker_setup *setup)
{
	(void)setup;
	tell("close ");
}

const char *rd_sockets_name(const struct rd_worker_setup *setup, enum rd_role role)
{
	(void)setup, (void)role;
	return "";
}

static inline int start_master(void **state)
{
	const struct rd_inherited inherited = {.count = 3};

	(void)state;
	it.config = (struct rd_config){.workers = 2};
	it.setup = (struct rd_worker_setup){.config = &it.config};
	it.wish =
	    mmap(NULL, sizeof *it.wish, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	it.wish->trial_status = -1;
	assert_int_equal(pipe(it.told), 0);
	it.pid = fork();
	assert_true(it.pid >= 0);
	if (it.pid == 0) {
		signal(SIGHUP, SIG_IGN); // as nohup does
		rd_master_hold_signals();
		_exit(rd_master_run(&it.setup, &inherited));
	}
	close(it.told[1]);
	return it.wish == MAP_FAILED ? -1 : 0;
}

static inline int stop_master(void **state)
{
	(void)state;
	it.wish->trial_status = 0;
	if (it.pid) {
		kill(it.pid, SIGKILL);
		waitpid(it.pid, NULL, 0);
	}
	close(it.told[0]);
	munmap(it.wish, sizeof *it.wish);
	return 0;
}

// The next thing that the master tells must be this.
static inline void told(const char *words)
{
	char heard[200] = "";
	size_t len = 0;

	while (len < strlen(words)) {
		struct pollfd in = {.fd = it.told[0], .events = POLLIN};

		if (poll(&in, 1, PATIENCE_MS) != 1 ||
		    read(it.told[0], heard + len, strlen(words) - len) <= 0)
			break;
		len = strlen(heard);
	}
	assert_string_equal(heard, words);
}

static inline void told_nothing_more(void)
{
	struct pollfd in = {.fd = it.told[0], .events = POLLIN};

	assert_true(poll(&in, 1, 50) == 0 || in.revents == POLLHUP);
}

static inline void is_ready(void)
{
	told("inherit:3 service.start ");
	it.wish->serving = true;
	told("service.ready ");
}

static inline void ends_with(int status)
{
	int is = 0;

	assert_int_equal(waitpid(it.pid, &is, 0), it.pid);
	it.pid = 0;
	assert_true(WIFEXITED(is));
	assert_int_equal(WEXITSTATUS(is), status);
}
