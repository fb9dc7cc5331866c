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

#define SHORT_LIFE_MS   1000 // a process that lived shorter than this is followed after a back-off
#define BACK_OFF_MIN_MS 50
#define BACK_OFF_MAX_MS 2000
#define SET_UP_MS       5000 // a new process may take so much longer than a wake-up

// A worker has a number, and up to three processes. Each of them moves on in this order only:
// SUCCESSOR, CURRENT, RETIRING.
enum stage {
	CURRENT,   // serves
	SUCCESSOR, // has been started to take the place of CURRENT
	RETIRING,  // has been told to go, and finishes what is in flight
	STAGES
};

struct process {
	pid_t pid;      // 0: none
	unsigned place; // on the scoreboard
	int64_t started_ms;
};

struct worker {
	struct process at[STAGES];
	int64_t start_at_ms; // its next process, not sooner
	int back_off_ms;     // before that; 0: the last one lived long enough
};

struct rd_workers {
	struct rd_worker_setup *setup;
	struct worker *worker; // one for each number
	unsigned count;
	int64_t watched_from_ms; // monotonic; a missing heartbeat before it means nothing
	pid_t *inherited;        // from the master before the upgrade; 0: ended
	unsigned inherited_count;
	int64_t inherited_by_ms; // told to go, and killed then; 0: not told yet
	bool stopping;
};

static unsigned worker_count(const struct rd_config *config)
{
	return config->workers + config->login_workers;
}

unsigned rd_workers_places(const struct rd_config *config)
{
	return worker_count(config) * STAGES;
}

struct rd_workers *rd_workers_new(struct rd_worker_setup *setup)
{
	struct rd_workers *workers = calloc(1, sizeof *workers);

	assert(workers);
	workers->setup = setup;
	workers->count = worker_count(setup->config);
	workers->worker = calloc(workers->count, sizeof *workers->worker);
	assert(workers->worker);
	for (unsigned i = 0; i < workers->count; i++)
		for (unsigned stage = 0; stage < STAGES; stage++)
			workers->worker[i].at[stage].place = i * STAGES + stage;
	return workers;
}

void rd_workers_free(struct rd_workers *workers)
{
	free(workers->worker);
	free(workers->inherited);
	free(workers);
}

// Login workers come after the general ones, and their numbers too.
static enum rd_role role_of(const struct rd_workers *workers, unsigned i)
{
	return i < workers->setup->config->workers ? RD_ROLE_GENERAL : RD_ROLE_LOGIN;
}

static void start_process(struct rd_workers *workers, unsigned i, enum stage stage)
{
	const pid_t parent = getpid();
	struct worker *w = &workers->worker[i];
	struct process *p = &w->at[stage];
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

// Moves a process on to a stage that has none.
static void move_process(struct worker *w, enum stage from, enum stage to)
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
		w->back_off_ms = w->back_off_ms ? w->back_off_ms * 2 : BACK_OFF_MIN_MS;
	if (w->back_off_ms > BACK_OFF_MAX_MS)
		w->back_off_ms = BACK_OFF_MAX_MS;
	w->start_at_ms = now_ms + w->back_off_ms;
}

static void process_ended(struct rd_workers *workers, struct worker *w, enum stage stage,
			  int status)
{
	const int64_t now_ms = rd_mono_ms();
	struct rd_counts *counts =
	    rd_metrics_counts(workers->setup->metrics, w->at[stage].place + 1);

	w->at[stage].pid = 0;
	rd_gauge(&counts->state, RD_WORKER_DOWN);
	rd_gauge(&counts->connections, 0);
	if (workers->stopping ||
	    (stage == RETIRING && WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return;
	rd_count(counts, RD_METRIC_RESTARTS);
	if (WIFSIGNALED(status))
		rd_log(RD_LOG_ERROR, "worker.died", "killed by signal %d", WTERMSIG(status));
	else
		rd_log(RD_LOG_ERROR, "worker.died", "exit status %d", WEXITSTATUS(status));
	if (stage == RETIRING)
		return;
	back_off(w, now_ms - w->at[stage].started_ms, now_ms);
	if (stage == CURRENT && w->at[SUCCESSOR].pid)
		move_process(w, SUCCESSOR, CURRENT);
}

void rd_workers_ended(struct rd_workers *workers, pid_t pid, int status)
{
	for (unsigned i = 0; i < workers->inherited_count; i++)
		if (workers->inherited[i] == pid)
			workers->inherited[i] = 0;
	for (unsigned i = 0; i < workers->count; i++)
		for (enum stage stage = 0; stage < STAGES; stage++)
			if (workers->worker[i].at[stage].pid == pid) {
				process_ended(workers, &workers->worker[i], stage, status);
				return;
			}
}

void rd_workers_inherit(struct rd_workers *workers, pid_t *pids, unsigned count)
{
	workers->inherited = pids;
	workers->inherited_count = count;
}

unsigned rd_workers_pids_max(const struct rd_workers *workers)
{
	return workers->count * STAGES + workers->inherited_count;
}

unsigned rd_workers_pids(const struct rd_workers *workers, pid_t *pids)
{
	unsigned n = 0;

	for (unsigned i = 0; i < workers->count; i++)
		for (enum stage stage = 0; stage < STAGES; stage++)
			if (workers->worker[i].at[stage].pid)
				pids[n++] = workers->worker[i].at[stage].pid;
	for (unsigned i = 0; i < workers->inherited_count; i++)
		if (workers->inherited[i])
			pids[n++] = workers->inherited[i];
	return n;
}

static void signal_inherited(const struct rd_workers *workers, int sig)
{
	for (unsigned i = 0; i < workers->inherited_count; i++)
		if (workers->inherited[i])
			kill(workers->inherited[i], sig);
}

void rd_workers_signal(const struct rd_workers *workers, int sig)
{
	for (unsigned i = 0; i < workers->count; i++)
		for (enum stage stage = 0; stage < STAGES; stage++)
			if (workers->worker[i].at[stage].pid)
				kill(workers->worker[i].at[stage].pid, sig);
	signal_inherited(workers, sig);
}

void rd_workers_stop(struct rd_workers *workers)
{
	workers->stopping = true;
}

void rd_workers_reset_watchdog(struct rd_workers *workers)
{
	workers->watched_from_ms = rd_mono_ms();
}

static bool serving(const struct rd_workers *workers, const struct process *p)
{
	return p->pid && rd_scoreboard_serving(workers->setup->scoreboard, p->place);
}

bool rd_workers_serving(const struct rd_workers *workers)
{
	for (unsigned i = 0; i < workers->count; i++)
		if (!serving(workers, &workers->worker[i].at[CURRENT]))
			return false;
	return true;
}

bool rd_workers_gone(const struct rd_workers *workers)
{
	for (unsigned i = 0; i < workers->count; i++)
		for (enum stage stage = 0; stage < STAGES; stage++)
			if (workers->worker[i].at[stage].pid)
				return false;
	for (unsigned i = 0; i < workers->inherited_count; i++)
		if (workers->inherited[i])
			return false;
	return true;
}

// Tells the inherited workers to go when ours serve. They share no scoreboard with us: instead of
// heartbeats they have a limit for their drain. Returns the ms left of it, -1 when there is nothing
// to wait for.
static int retire_inherited(struct rd_workers *workers)
{
	const int64_t now_ms = rd_mono_ms();
	bool left = false;

	for (unsigned i = 0; i < workers->inherited_count; i++)
		left |= workers->inherited[i] != 0;
	if (!left ||
	    (!workers->inherited_by_ms && !workers->stopping && !rd_workers_serving(workers)))
		return -1;
	if (!workers->inherited_by_ms) {
		signal_inherited(workers, RD_WORKER_RETIRE);
		workers->inherited_by_ms =
		    now_ms + rd_published_config(workers->setup->published)->drain_timeout_ms +
		    SET_UP_MS;
	} else if (now_ms >= workers->inherited_by_ms) {
		rd_log(RD_LOG_ERROR, "worker.stuck",
		       "workers from before the upgrade do not end: killed");
		signal_inherited(workers, SIGKILL);
		workers->inherited_by_ms = now_ms + SET_UP_MS;
	}
	return rd_ms_until(workers->inherited_by_ms, now_ms);
}

// The current process goes when its successor serves, and no sooner. Until the one before it has
// ended, nobody else goes.
static void hand_over(struct rd_workers *workers, unsigned i)
{
	struct worker *w = &workers->worker[i];

	if (!serving(workers, &w->at[SUCCESSOR]) || w->at[RETIRING].pid)
		return;
	rd_log(RD_LOG_INFO, "worker.recycled", "worker %u: process %d makes room for %d", i + 1,
	       (int)w->at[CURRENT].pid, (int)w->at[SUCCESSOR].pid);
	kill(w->at[CURRENT].pid, RD_WORKER_RETIRE);
	move_process(w, CURRENT, RETIRING);
	move_process(w, SUCCESSOR, CURRENT);
}

// Returns the stage that lacks a process, STAGES for none.
static enum stage missing_stage(const struct rd_workers *workers, const struct worker *w)
{
	if (!w->at[CURRENT].pid)
		return CURRENT;
	if (!w->at[SUCCESSOR].pid && !w->at[RETIRING].pid &&
	    rd_scoreboard_wants_recycling(workers->setup->scoreboard, w->at[CURRENT].place))
		return SUCCESSOR;
	return STAGES;
}

// Starts the process that is missing, if it is time. Returns the ms until it is, -1 when none is
// missing.
static int start_missing(struct rd_workers *workers, unsigned i)
{
	struct worker *w = &workers->worker[i];
	const enum stage stage = missing_stage(workers, w);

	if (stage == STAGES)
		return -1;
	if (w->start_at_ms <= rd_mono_ms()) {
		start_process(workers, i, stage);
		if (w->at[stage].pid)
			return -1;
	}
	return rd_ms_until(w->start_at_ms, rd_mono_ms());
}

// Kills the process when it has given no heartbeat for too long. Returns the ms until that may be,
// -1 for never.
static int check_heartbeat(struct rd_workers *workers, struct process *p)
{
	const uint32_t watchdog_s = rd_published_config(workers->setup->published)->watchdog_s;
	const int64_t limit_ms = (int64_t)watchdog_s * 1000;
	int64_t now_ms, beat_ms;

	if (!p->pid || !limit_ms)
		return -1;
	now_ms = rd_mono_ms();
	beat_ms = rd_scoreboard_heartbeat_ms(workers->setup->scoreboard, p->place);
	if (beat_ms < workers->watched_from_ms)
		beat_ms = workers->watched_from_ms;
	if (beat_ms + limit_ms > now_ms)
		return rd_ms_until(beat_ms + limit_ms, now_ms);
	rd_log(RD_LOG_ERROR, "worker.stuck", "process %d gave no sign for %u s: killed",
	       (int)p->pid, watchdog_s);
	kill(p->pid, SIGKILL);
	// Until it has ended, or this would be said again.
	rd_scoreboard_heartbeat(workers->setup->scoreboard, p->place, now_ms);
	return rd_ms_until(now_ms + limit_ms, now_ms);
}

int rd_workers_tick(struct rd_workers *workers)
{
	int wait_ms = retire_inherited(workers);

	for (unsigned i = 0; i < workers->count; i++) {
		if (!workers->stopping) {
			hand_over(workers, i);
			wait_ms = rd_sooner(wait_ms, start_missing(workers, i));
		}
		for (enum stage stage = 0; stage < STAGES; stage++)
			wait_ms = rd_sooner(
			    wait_ms, check_heartbeat(workers, &workers->worker[i].at[stage]));
	}
	return wait_ms;
}
