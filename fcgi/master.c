#include "fcgi/master.h"
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "fcgi/listen.h"
#include "fcgi/reload.h"
#include "run/log.h"

#define SHORT_LIFE_MS   1000 // a worker that lives shorter than this is restarted with back-off
#define BACK_OFF_MAX_MS 2000

struct worker {
	pid_t pid; // 0: none
	int64_t started_ms, start_at_ms;
	int back_off_ms;
};

struct master {
	struct rd_worker_setup *setup;
	struct worker *workers;
	unsigned count;
	sigset_t signals;
	bool stopping, killing;
};

// Login workers come after the general ones, and their numbers too.
static enum rd_role role_of(const struct master *m, unsigned i)
{
	return i < m->setup->config->workers ? RD_ROLE_GENERAL : RD_ROLE_LOGIN;
}

static void start_worker(struct master *m, unsigned i)
{
	const pid_t parent = getpid();
	struct worker *w = &m->workers[i];
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			exit(0); // the master went before the line above
		m->setup->number = i + 1;
		m->setup->role = role_of(m, i);
		exit(rd_worker_run(m->setup));
	}
	w->started_ms = rd_mono_ms();
	w->pid = pid > 0 ? pid : 0;
	if (pid < 0) {
		rd_log(RD_LOG_ERROR, "worker.fork", "%s", strerror(errno));
		w->start_at_ms = w->started_ms + BACK_OFF_MAX_MS;
	}
}

static void worker_ended(struct master *m, struct worker *w, int status)
{
	const int64_t now_ms = rd_mono_ms();
	struct rd_counts *counts;

	w->pid = 0;
	counts = rd_metrics_counts(m->setup->metrics, (unsigned)(w - m->workers) + 1);
	rd_gauge(&counts->state, RD_WORKER_DOWN);
	rd_gauge(&counts->connections, 0);
	if (m->stopping)
		return;
	rd_count(counts, RD_METRIC_RESTARTS);
	if (WIFSIGNALED(status))
		rd_log(RD_LOG_ERROR, "worker.died", "killed by signal %d", WTERMSIG(status));
	else
		rd_log(RD_LOG_ERROR, "worker.died", "exit status %d", WEXITSTATUS(status));
	if (now_ms - w->started_ms >= SHORT_LIFE_MS)
		w->back_off_ms = 0;
	else
		w->back_off_ms = w->back_off_ms ? w->back_off_ms * 2 : 50;
	if (w->back_off_ms > BACK_OFF_MAX_MS)
		w->back_off_ms = BACK_OFF_MAX_MS;
	w->start_at_ms = now_ms + w->back_off_ms;
}

static void reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (unsigned i = 0; i < m->count; i++)
			if (m->workers[i].pid == pid)
				worker_ended(m, &m->workers[i], status);
}

static void signal_workers(const struct master *m, int sig)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->workers[i].pid)
			kill(m->workers[i].pid, sig);
}

static void stop(struct master *m)
{
	m->killing = m->stopping;
	if (!m->stopping) {
		// With nobody listening, nginx hears "no" at once and a successor may take the
		// names.
		rd_unlisten(m->setup->config->listen);
		rd_unlisten(m->setup->config->login_listen);
		for (enum rd_role role = 0; role < RD_ROLE_COUNT; role++)
			close(m->setup->listen_fd[role]);
	}
	m->stopping = true;
	signal_workers(m, m->killing ? SIGKILL : SIGTERM);
}

static void reload(struct master *m)
{
	char reason[512];
	struct rd_buf why = RD_BUF(reason);

	if (!rd_reload(m->setup->config, m->setup->published, &why)) {
		rd_log(RD_LOG_ERROR, "reload.refused", "%.*s; all goes on as before", (int)why.len,
		       why.ptr);
		return;
	}
	signal_workers(m, SIGHUP); // the idle ones would keep the old keys till their next request
	rd_log(RD_LOG_INFO, "key.reloaded", "the keys in %s are in use",
	       m->setup->config->key_file);
}

// First here, so that the file is there, and a worker that starts meanwhile has it.
static void reopen_logs(struct master *m)
{
	rd_log_reopen();
	signal_workers(m, SIGUSR1);
}

static unsigned alive(const struct master *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->count; i++)
		n += m->workers[i].pid != 0;
	return n;
}

// Starts who is due. Gives the ms until the next one is, -1 for none.
static int start_due(struct master *m)
{
	int wait_ms = -1;

	for (unsigned i = 0; i < m->count && !m->stopping; i++) {
		struct worker *w = &m->workers[i];
		int64_t left_ms = w->start_at_ms - rd_mono_ms();

		if (w->pid)
			continue;
		if (left_ms <= 0)
			start_worker(m, i);
		if (!w->pid && (left_ms = w->start_at_ms - rd_mono_ms()) > 0 &&
		    (wait_ms < 0 || left_ms < wait_ms))
			wait_ms = (int)left_ms;
	}
	return wait_ms;
}

static void wait_signal(struct master *m, int wait_ms)
{
	const struct timespec limit = {wait_ms / 1000, wait_ms % 1000 * 1000000L};
	int sig =
	    wait_ms < 0 ? sigwaitinfo(&m->signals, NULL) : sigtimedwait(&m->signals, NULL, &limit);

	if (sig == SIGCHLD)
		reap(m);
	else if (sig == SIGTERM || sig == SIGQUIT || sig == SIGINT)
		stop(m);
	else if (sig == SIGHUP && !m->stopping)
		reload(m);
	else if (sig == SIGUSR1)
		reopen_logs(m);
	rd_log_tick(rd_mono_ms());
}

// Kept blocked and taken one by one: no handler, no race.
static const int signals[] = {SIGTERM, SIGQUIT, SIGINT, SIGCHLD, SIGHUP, SIGUSR1};

static sigset_t signal_set(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaddset(&set, signals[i]);
	return set;
}

void rd_master_hold_signals(void)
{
	const sigset_t set = signal_set();

	sigprocmask(SIG_BLOCK, &set, NULL);
	// Whoever started us may have had some ignored, and those never come.
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], SIG_DFL);
}

int rd_master_run(struct rd_worker_setup *setup)
{
	const struct rd_config *config = setup->config;
	struct master m = {.setup = setup,
			   .count = config->workers + config->login_workers,
			   .signals = signal_set()};

	m.workers = calloc(m.count, sizeof *m.workers);
	assert(m.workers);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); // a core would hold keys and tokens
	rd_log(RD_LOG_INFO, "service.start", "%u workers on %s, %u for logins on %s",
	       config->workers, config->listen, config->login_workers, config->login_listen);
	while (!m.stopping || alive(&m))
		wait_signal(&m, start_due(&m));
	rd_log(RD_LOG_INFO, "service.stop", "all workers ended");
	free(m.workers);
	return m.killing ? 1 : 0;
}
