#include "fcgi/serve/master.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "fcgi/serve/scoreboard.h"
#include "fcgi/serve/workers.h"
#include "fcgi/serve/notify.h"
#include "fcgi/serve/reload.h"
#include "fcgi/serve/sockets.h"
#include "observe/log.h"

#define LATE_MS  1000  // woken so much later than asked for, the master was not running
#define TRIAL_MS 30000 // longest trial run of a new binary

struct master {
	struct rd_worker_setup *setup;
	struct rd_workers *workers;
	int signal_fd;
	pid_t trial;         // 0: none runs
	int64_t trial_by_ms; // it is killed then
	bool ready;          // all workers serve, or have done
	bool stopping;       // told to end
	bool killing;        // and a second time
};

static void tell_ready(const struct master *m, const char *problem);

static void begin_trial(struct master *m)
{
	if (!m->ready || m->trial) {
		rd_log(RD_LOG_WARN, "upgrade.refused", "the last one is not over yet");
		return;
	}
	m->trial = rd_upgrade_try(m->setup);
	m->trial_by_ms = rd_mono_ms() + TRIAL_MS;
	if (m->trial > 0)
		return;
	m->trial = 0;
	rd_log(RD_LOG_ERROR, "upgrade.refused", "%s", strerror(errno));
}

// The trial run has ended with that wait status.
static void end_trial(struct master *m, int status)
{
	pid_t *pids = calloc(rd_workers_pids_max(m->workers), sizeof *pids);

	m->trial = 0;
	if (m->stopping || status || !pids) {
		rd_log(RD_LOG_ERROR, "upgrade.refused",
		       "the trial run ended with exit status %d; nothing has changed",
		       WIFEXITED(status) ? WEXITSTATUS(status) : -1);
		free(pids);
		return;
	}
	rd_log(RD_LOG_INFO, "upgrade.begin", "the old workers serve until the new ones do");
	rd_notify_reloading();
	rd_upgrade_exec(m->setup, pids, rd_workers_pids(m->workers, pids));
	rd_log(RD_LOG_ERROR, "upgrade.refused", "%s; nothing has changed", strerror(errno));
	tell_ready(m, "; the last upgrade was refused");
	free(pids);
}

static void reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == m->trial)
			end_trial(m, status);
		else
			rd_workers_ended(m->workers, pid, status);
}

static void stop(struct master *m)
{
	m->killing = m->stopping;
	if (!m->stopping) {
		// With nobody listening, nginx is refused at once, and another service may take the
		// names.
		rd_sockets_close(m->setup);
	}
	m->stopping = true;
	rd_notify("STOPPING=1\nSTATUS=Finishing what is in flight");
	rd_workers_stop(m->workers);
	rd_workers_signal(m->workers, m->killing ? SIGKILL : SIGTERM);
}

// Tells the service manager. problem: "" for none.
static void tell_ready(const struct master *m, const char *problem)
{
	const struct rd_config *config = m->setup->config;

	if (m->ready)
		rd_notify("READY=1\nSTATUS=%u workers and %u for logins serve%s", config->workers,
			  config->login_workers, problem);
}

static void reload(struct master *m)
{
	char reason[512];
	struct rd_buf why = RD_BUF(reason);

	rd_notify_reloading();
	if (!rd_reload(m->setup, &why)) {
		rd_log(RD_LOG_ERROR, "reload.refused", "%.*s; nothing has changed", (int)why.len,
		       why.ptr);
		tell_ready(m, "; the last reload was refused");
		return;
	}
	// A shorter watchdog_s asks for heartbeats that nobody owed so far.
	rd_workers_reset_watchdog(m->workers);
	// Idle workers would keep the old keys in memory until their next request.
	rd_workers_signal(m->workers, SIGHUP);
	rd_log(RD_LOG_INFO, "key.reloaded", "the keys in %s are in use",
	       m->setup->config->key_file);
	tell_ready(m, "");
}

// First in the master, so that the new file exists, and a worker that starts meanwhile has it.
static void reopen_logs(struct master *m)
{
	rd_log_reopen();
	rd_workers_signal(m->workers, SIGUSR1);
}

static void take_signal(struct master *m)
{
	struct signalfd_siginfo info;

	if (read(m->signal_fd, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(m);
	else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGQUIT || info.ssi_signo == SIGINT)
		stop(m);
	else if (info.ssi_signo == SIGHUP && !m->stopping)
		reload(m);
	else if (info.ssi_signo == SIGUSR2 && !m->stopping)
		begin_trial(m);
	else if (info.ssi_signo == SIGUSR1)
		reopen_logs(m);
}

// Waits for a signal or the scoreboard, at most wait_ms (-1: for ever), and handles it.
static void wait_event(struct master *m, int wait_ms)
{
	const int64_t due_ms = rd_mono_ms() + wait_ms;
	struct pollfd fds[] = {
	    {.fd = m->signal_fd, .events = POLLIN},
	    {.fd = rd_scoreboard_event_fd(m->setup->scoreboard), .events = POLLIN}};

	(void)poll(fds, 2, wait_ms);
	if (wait_ms >= 0 && rd_mono_ms() > due_ms + LATE_MS)
		rd_workers_reset_watchdog(m->workers);
	rd_scoreboard_clear_event(m->setup->scoreboard);
	take_signal(m);
	rd_log_tick(rd_mono_ms());
}

// Kept blocked and taken one by one: no handler, no race.
static const int signals[] = {SIGTERM, SIGQUIT, SIGINT, SIGCHLD, SIGHUP, SIGUSR1, SIGUSR2};

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
	// An ignored signal would never come, and the parent may have ignored some.
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], SIG_DFL);
}

static void begin(struct master *m, const struct rd_inherited *inherited)
{
	const struct rd_config *config = m->setup->config;
	const sigset_t set = signal_set();

	m->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	m->setup->scoreboard = rd_scoreboard_new(rd_workers_places(config));
	assert(m->signal_fd >= 0 && m->setup->scoreboard);
	m->workers = rd_workers_new(m->setup);
	rd_workers_inherit(m->workers, inherited->pids, inherited->count);
	reap(m); // rd_master_hold_signals made the kernel forget those that ended during the exec
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); // a core would hold keys and tokens
	rd_log(RD_LOG_INFO, "service.start", "%u workers on %s, %u for logins on %s",
	       config->workers, rd_sockets_name(m->setup, RD_ROLE_GENERAL), config->login_workers,
	       rd_sockets_name(m->setup, RD_ROLE_LOGIN));
}

// Does what is due. Returns the ms until something is again, -1 for nothing.
static int tick(struct master *m)
{
	const int64_t now_ms = rd_mono_ms();
	int wait_ms = rd_sooner(rd_workers_tick(m->workers), rd_notify_watchdog(now_ms));

	if (!m->ready && !m->stopping && rd_workers_serving(m->workers)) {
		m->ready = true;
		rd_log(RD_LOG_INFO, "service.ready", "all workers serve");
		tell_ready(m, "");
	}
	if (!m->trial)
		return wait_ms;
	if (now_ms < m->trial_by_ms)
		return rd_sooner(wait_ms, rd_ms_until(m->trial_by_ms, now_ms));
	kill(m->trial, SIGKILL);
	return wait_ms;
}

int rd_master_run(struct rd_worker_setup *setup, const struct rd_inherited *inherited)
{
	struct master m = {.setup = setup};

	begin(&m, inherited);
	while (!m.stopping || !rd_workers_gone(m.workers))
		wait_event(&m, tick(&m));
	rd_log(RD_LOG_INFO, "service.stop", "all workers ended");
	rd_workers_free(m.workers);
	rd_scoreboard_free(setup->scoreboard);
	close(m.signal_fd);
	return m.killing ? 1 : 0;
}
