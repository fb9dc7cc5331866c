#include "fcgi/serve/workers.h"
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "base/clock.h"
#include "fcgi/serve/scoreboard.h"
#include "observe/log.h"

#define SHORT_LIFE_MS   1000 // a worker that lives shorter than this is restarted with back-off
#define BACK_OFF_MAX_MS 2000
#define SET_UP_MS       5000 // a new worker may take so much longer than a wake-up

// Of one number. A process never changes its part, only moves on: next, now, old.
enum part { NOW, NEXT, OLD, PARTS };

struct process {
	pid_t pid; // 0: none
	unsigned place;
	int64_t started_ms;
};

struct worker {
	struct process at[PARTS];
	int64_t start_at_ms;
	int back_off_ms;
};

struct rd_workers {
	struct rd_worker_setup *setup;
	struct worker *worker; // one for each number
	unsigned count;
	int64_t fair_from_ms; // monotonic; silence before it means nothing
	pid_t *legacy;        // 0: ended
	unsigned legacy_count;
	int64_t legacy_by_ms; // they have been told to go, and must be gone by then; 0: not yet
	bool stopping;
};

static unsigned count_of(const struct rd_config *config)
{
	return config->workers + config->login_workers;
}

unsigned rd_workers_places(const struct rd_config *config)
{
	return count_of(config) * PARTS;
}

struct rd_workers *rd_workers_new(struct rd_worker_setup *setup)
{
	struct rd_workers *workers = calloc(1, sizeof *workers);

	assert(workers);
	workers->setup = setup;
	workers->count = count_of(setup->config);
	workers->worker = calloc(workers->count, sizeof *workers->worker);
	assert(workers->worker);
	for (unsigned i = 0; i < workers->count; i++)
		for (unsigned part = 0; part < PARTS; part++)
			workers->worker[i].at[part].place = i * PARTS + part;
	return workers;
}

void rd_workers_free(struct rd_workers *workers)
{
	free(workers->worker);
	free(workers->legacy);
	free(workers);
}

// Login workers come after the general ones, and their numbers too.
static enum rd_role role_of(const struct rd_workers *workers, unsigned i)
{
	return i < workers->setup->config->workers ? RD_ROLE_GENERAL : RD_ROLE_LOGIN;
}

static void start(struct rd_workers *workers, unsigned i, enum part part)
{
	const pid_t parent = getpid();
	struct worker *w = &workers->worker[i];
	struct process *p = &w->at[part];
	pid_t pid;

	p->started_ms = rd_mono_ms();
	rd_scoreboard_reset(workers->setup->scoreboard, p->place, p->started_ms + SET_UP_MS);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			exit(0); // the master went before the line above
		workers->setup->number = i + 1;
		workers->setup->place = p->place;
		workers->setup->role = role_of(workers, i);
		exit(rd_worker_run(workers->setup));
	}
	p->pid = pid > 0 ? pid : 0;
	if (pid < 0) {
		rd_log(RD_LOG_ERROR, "worker.fork", "%s", strerror(errno));
		w->start_at_ms = p->started_ms + BACK_OFF_MAX_MS;
	}
}

// Moves a process on to a part where there is none.
static void move(struct worker *w, enum part from, enum part to)
{
	const struct process moved = w->at[from];

	assert(!w->at[to].pid);
	w->at[from] = w->at[to];
	w->at[to] = moved;
}

static void back_off(struct worker *w, int64_t lived_ms, int64_t now_ms)
{
	if (lived_ms >= SHORT_LIFE_MS)
		w->back_off_ms = 0;
	else
		w->back_off_ms = w->back_off_ms ? w->back_off_ms * 2 : 50;
	if (w->back_off_ms > BACK_OFF_MAX_MS)
		w->back_off_ms = BACK_OFF_MAX_MS;
	w->start_at_ms = now_ms + w->back_off_ms;
}

static void ended(struct rd_workers *workers, struct worker *w, enum part part, int status)
{
	const int64_t now_ms = rd_mono_ms();
	struct rd_counts *counts =
	    rd_metrics_counts(workers->setup->metrics, w->at[part].place + 1);

	w->at[part].pid = 0;
	rd_gauge(&counts->state, RD_WORKER_DOWN);
	rd_gauge(&counts->connections, 0);
	if (workers->stopping || (part == OLD && WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return;
	rd_count(counts, RD_METRIC_RESTARTS);
	if (WIFSIGNALED(status))
		rd_log(RD_LOG_ERROR, "worker.died", "killed by signal %d", WTERMSIG(status));
	else
		rd_log(RD_LOG_ERROR, "worker.died", "exit status %d", WEXITSTATUS(status));
	if (part == OLD)
		return;
	back_off(w, now_ms - w->at[part].started_ms, now_ms);
	if (part == NOW && w->at[NEXT].pid)
		move(w, NEXT, NOW);
}

void rd_workers_ended(struct rd_workers *workers, pid_t pid, int status)
{
	for (unsigned i = 0; i < workers->legacy_count; i++)
		if (workers->legacy[i] == pid)
			workers->legacy[i] = 0;
	for (unsigned i = 0; i < workers->count; i++)
		for (enum part part = 0; part < PARTS; part++)
			if (workers->worker[i].at[part].pid == pid) {
				ended(workers, &workers->worker[i], part, status);
				return;
			}
}

void rd_workers_inherit(struct rd_workers *workers, pid_t *pids, unsigned count)
{
	workers->legacy = pids;
	workers->legacy_count = count;
}

unsigned rd_workers_pids_max(const struct rd_workers *workers)
{
	return workers->count * PARTS + workers->legacy_count;
}

unsigned rd_workers_pids(const struct rd_workers *workers, pid_t *pids)
{
	unsigned n = 0;

	for (unsigned i = 0; i < workers->count; i++)
		for (enum part part = 0; part < PARTS; part++)
			if (workers->worker[i].at[part].pid)
				pids[n++] = workers->worker[i].at[part].pid;
	for (unsigned i = 0; i < workers->legacy_count; i++)
		if (workers->legacy[i])
			pids[n++] = workers->legacy[i];
	return n;
}

static void signal_legacy(const struct rd_workers *workers, int sig)
{
	for (unsigned i = 0; i < workers->legacy_count; i++)
		if (workers->legacy[i])
			kill(workers->legacy[i], sig);
}

void rd_workers_signal(const struct rd_workers *workers, int sig)
{
	for (unsigned i = 0; i < workers->count; i++)
		for (enum part part = 0; part < PARTS; part++)
			if (workers->worker[i].at[part].pid)
				kill(workers->worker[i].at[part].pid, sig);
	signal_legacy(workers, sig);
}

void rd_workers_stop(struct rd_workers *workers)
{
	workers->stopping = true;
}

void rd_workers_reset_watchdog(struct rd_workers *workers)
{
	workers->fair_from_ms = rd_mono_ms();
}

static bool serving(const struct rd_workers *workers, const struct process *p)
{
	return p->pid && rd_scoreboard_serving(workers->setup->scoreboard, p->place);
}

bool rd_workers_serving(const struct rd_workers *workers)
{
	for (unsigned i = 0; i < workers->count; i++)
		if (!serving(workers, &workers->worker[i].at[NOW]))
			return false;
	return true;
}

bool rd_workers_gone(const struct rd_workers *workers)
{
	for (unsigned i = 0; i < workers->count; i++)
		for (enum part part = 0; part < PARTS; part++)
			if (workers->worker[i].at[part].pid)
				return false;
	for (unsigned i = 0; i < workers->legacy_count; i++)
		if (workers->legacy[i])
			return false;
	return true;
}

// They share no scoreboard with us: instead of heartbeats, a limit for their drain. Returns the ms
// left of it, -1 when there is nothing to wait for.
static int see_off(struct rd_workers *workers)
{
	const int64_t now_ms = rd_mono_ms();
	bool left = false;

	for (unsigned i = 0; i < workers->legacy_count; i++)
		left |= workers->legacy[i] != 0;
	if (!left || (!workers->legacy_by_ms && !workers->stopping && !rd_workers_serving(workers)))
		return -1;
	if (!workers->legacy_by_ms) {
		signal_legacy(workers, RD_WORKER_RETIRE);
		workers->legacy_by_ms =
		    now_ms + rd_published_config(workers->setup->published)->drain_timeout_ms +
		    SET_UP_MS;
	} else if (now_ms >= workers->legacy_by_ms) {
		rd_log(RD_LOG_ERROR, "worker.stuck",
		       "workers of before the upgrade do not end: killed");
		signal_legacy(workers, SIGKILL);
		workers->legacy_by_ms = now_ms + SET_UP_MS;
	}
	return (int)(workers->legacy_by_ms - now_ms);
}

// The one who serves now goes when its successor does, and no sooner. Until the one before it has
// ended, nobody else goes.
static void hand_over(struct rd_workers *workers, unsigned i)
{
	struct worker *w = &workers->worker[i];

	if (!serving(workers, &w->at[NEXT]) || w->at[OLD].pid)
		return;
	rd_log(RD_LOG_INFO, "worker.recycled", "worker %u: process %d makes room for %d", i + 1,
	       (int)w->at[NOW].pid, (int)w->at[NEXT].pid);
	kill(w->at[NOW].pid, RD_WORKER_RETIRE);
	move(w, NOW, OLD);
	move(w, NEXT, NOW);
}

// What the number wants started, PARTS for nothing.
static enum part wanted(const struct rd_workers *workers, const struct worker *w)
{
	if (!w->at[NOW].pid)
		return NOW;
	if (!w->at[NEXT].pid && !w->at[OLD].pid &&
	    rd_scoreboard_wants_recycling(workers->setup->scoreboard, w->at[NOW].place))
		return NEXT;
	return PARTS;
}

static int sooner(int wait_ms, int64_t left_ms)
{
	return wait_ms < 0 || left_ms < wait_ms ? (int)left_ms : wait_ms;
}

// Returns the ms until this number has a process to be started, -1 for none.
static int start_due(struct rd_workers *workers, unsigned i)
{
	struct worker *w = &workers->worker[i];
	enum part part = wanted(workers, w);

	if (part != PARTS && w->start_at_ms <= rd_mono_ms()) {
		start(workers, i, part);
		part = w->at[part].pid ? PARTS : part;
	}
	return part == PARTS ? -1 : sooner(-1, w->start_at_ms - rd_mono_ms());
}

// Kills the process when it has been silent for too long. Returns the ms until that may be, -1 for
// never.
static int watch(struct rd_workers *workers, struct process *p)
{
	const uint32_t watchdog_s = rd_published_config(workers->setup->published)->watchdog_s;
	const int64_t limit_ms = (int64_t)watchdog_s * 1000;
	int64_t beat_ms, left_ms;

	if (!p->pid || !limit_ms)
		return -1;
	beat_ms = rd_scoreboard_heartbeat_ms(workers->setup->scoreboard, p->place);
	if (beat_ms < workers->fair_from_ms)
		beat_ms = workers->fair_from_ms;
	left_ms = beat_ms + limit_ms - rd_mono_ms();
	if (left_ms > 0)
		return (int)left_ms;
	rd_log(RD_LOG_ERROR, "worker.stuck", "process %d gave no sign for %u s: killed",
	       (int)p->pid, watchdog_s);
	kill(p->pid, SIGKILL);
	rd_scoreboard_heartbeat(workers->setup->scoreboard, p->place,
				rd_mono_ms()); // said once, till it has ended
	return (int)limit_ms;
}

int rd_workers_tick(struct rd_workers *workers)
{
	int wait_ms = see_off(workers), due_ms;

	for (unsigned i = 0; i < workers->count; i++) {
		if (!workers->stopping) {
			hand_over(workers, i);
			if ((due_ms = start_due(workers, i)) >= 0)
				wait_ms = sooner(wait_ms, due_ms);
		}
		for (enum part part = 0; part < PARTS; part++)
			if ((due_ms = watch(workers, &workers->worker[i].at[part])) >= 0)
				wait_ms = sooner(wait_ms, due_ms);
	}
	return wait_ms;
}
