// Worker processes that run what the test says, under a clock that is the test's.
#pragma once
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "fcgi/serve/scoreboard.h"
#include "fcgi/serve/workers.h"
#include "observe/log.h"
#include "unit.h"

#define NUMBERS     3 // 1 and 2: general, 3: logins
#define WATCHDOG_S  10
#define SET_UP_MS   5000
#define DRAIN_MS    10000
#define PATIENCE_MS 20000 // real ones, for processes to do what they will

enum behaviour {
	SERVES,       // until SIGTERM or RD_WORKER_RETIRE
	DIES,         // at once
	NEVER_SERVES, // still in its set-up
	IGNORES,      // what it is told
};

struct seen {
	_Atomic int behaviour; // of the next process
	_Atomic int starts, retired, terminated, role, pid;
	_Atomic unsigned place;
};

static struct {
	struct rd_config config;
	struct rd_worker_setup setup;
	struct rd_workers *workers;
	struct seen *seen; // by number, shared with the processes
	int64_t now_ms;
	char heard[2000];
} it;

int64_t rd_mono_ms(void)
{
	return it.now_ms;
}

int64_t rd_mono_us(void)
{
	return it.now_ms * 1000;
}

int64_t rd_wall_ms(void)
{
	return it.now_ms;
}

void rd_log(enum rd_log_level level, const char *event, const char *format, ...)
{
	const size_t at = strlen(it.heard);

	(void)level, (void)format;
	snprintf(it.heard + at, sizeof it.heard - at, "%s ", event);
}

// In place of the worker of the library, which the linker leaves out then.
int rd_worker_run(const struct rd_worker_setup *setup)
{
	struct seen *seen = &it.seen[setup->number];
	const int behaviour = seen->behaviour;
	sigset_t signals;
	int sig = 0;

	seen->place = setup->place;
	seen->role = (int)setup->role;
	seen->pid = getpid();
	seen->starts++;
	if (behaviour == DIES)
		_exit(3);
	if (behaviour != NEVER_SERVES && setup->scoreboard)
		rd_scoreboard_set_serving(setup->scoreboard, setup->place, rd_mono_ms());
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, RD_WORKER_RETIRE);
	do {
		sigwait(&signals, &sig);
		*(sig == SIGTERM ? &seen->terminated : &seen->retired) += 1;
	} while (behaviour == IGNORES);
	_exit(0);
}

static inline int start_workers(void **state)
{
	static const struct rd_keys none;
	sigset_t signals;

	(void)state;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, RD_WORKER_RETIRE);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	it.now_ms = 1000000;
	it.heard[0] = 0;
	it.config = (struct rd_config){.workers = 2,
				       .login_workers = 1,
				       .watchdog_s = WATCHDOG_S,
				       .drain_timeout_ms = DRAIN_MS};
	it.setup = (struct rd_worker_setup){
	    .config = &it.config,
	    .published = rd_published_new(),
	    .scoreboard = rd_scoreboard_new(rd_workers_places(&it.config)),
	    .metrics = rd_metrics_new(rd_workers_places(&it.config), NUMBERS)};
	rd_publish(it.setup.published, &it.config, &none);
	it.seen = mmap(NULL, (NUMBERS + 1) * sizeof *it.seen, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	it.workers = rd_workers_new(&it.setup);
	return it.seen == MAP_FAILED ? -1 : 0;
}

static inline void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		rd_workers_ended(it.workers, pid, status);
}

static inline int stop_workers(void **state)
{
	(void)state;
	rd_workers_stop(it.workers);
	rd_workers_signal(it.workers, SIGKILL);
	for (int i = 0; i < PATIENCE_MS && !rd_workers_gone(it.workers); i++) {
		reap();
		usleep(1000);
	}
	rd_workers_free(it.workers);
	rd_scoreboard_free(it.setup.scoreboard);
	munmap(it.seen, (NUMBERS + 1) * sizeof *it.seen);
	return 0;
}

#define UNTIL(condition)                                                      \
	do {                                                                  \
		for (int ms_ = 0; ms_ < PATIENCE_MS && !(condition); ms_++) { \
			reap();                                               \
			usleep(1000);                                         \
		}                                                             \
		assert_true(condition);                                       \
	} while (0)

static inline void all_serve(void)
{
	rd_workers_tick(it.workers);
	UNTIL(rd_workers_serving(it.workers));
}

static inline pid_t pid_of(unsigned number)
{
	return it.seen[number].pid;
}

static inline bool lives(pid_t pid)
{
	pid_t pids[100];
	unsigned count = rd_workers_pids(it.workers, pids);

	assert_true(count <= rd_workers_pids_max(it.workers) && count <= 100);
	for (unsigned i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}
