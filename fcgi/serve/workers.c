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

struct rd_crew {
	struct rd_worker_setup *setup;
	struct worker *workers;
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

unsigned rd_crew_places(const struct rd_config *config)
{
	return count_of(config) * PARTS;
}

struct rd_crew *rd_crew_new(struct rd_worker_setup *setup)
{
	struct rd_crew *crew = calloc(1, sizeof *crew);

	assert(crew);
	crew->setup = setup;
	crew->count = count_of(setup->config);
	crew->workers = calloc(crew->count, sizeof *crew->workers);
	assert(crew->workers);
	for (unsigned i = 0; i < crew->count; i++)
		for (unsigned part = 0; part < PARTS; part++)
			crew->workers[i].at[part].place = i * PARTS + part;
	return crew;
}

void rd_crew_free(struct rd_crew *crew)
{
	free(crew->workers);
	free(crew->legacy);
	free(crew);
}

// Login workers come after the general ones, and their numbers too.
static enum rd_role role_of(const struct rd_crew *crew, unsigned i)
{
	return i < crew->setup->config->workers ? RD_ROLE_GENERAL : RD_ROLE_LOGIN;
}

static void start(struct rd_crew *crew, unsigned i, enum part part)
{
	const pid_t parent = getpid();
	struct worker *w = &crew->workers[i];
	struct process *p = &w->at[part];
	pid_t pid;

	p->started_ms = rd_mono_ms();
	rd_board_clear(crew->setup->board, p->place, p->started_ms + SET_UP_MS);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			exit(0); // the master went before the line above
		crew->setup->number = i + 1;
		crew->setup->place = p->place;
		crew->setup->role = role_of(crew, i);
		exit(rd_worker_run(crew->setup));
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

static void ended(struct rd_crew *crew, struct worker *w, enum part part, int status)
{
	const int64_t now_ms = rd_mono_ms();
	struct rd_counts *counts = rd_metrics_counts(crew->setup->metrics, w->at[part].place + 1);

	w->at[part].pid = 0;
	rd_gauge(&counts->state, RD_WORKER_DOWN);
	rd_gauge(&counts->connections, 0);
	if (crew->stopping || (part == OLD && WIFEXITED(status) && WEXITSTATUS(status) == 0))
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

void rd_crew_ended(struct rd_crew *crew, pid_t pid, int status)
{
	for (unsigned i = 0; i < crew->legacy_count; i++)
		if (crew->legacy[i] == pid)
			crew->legacy[i] = 0;
	for (unsigned i = 0; i < crew->count; i++)
		for (enum part part = 0; part < PARTS; part++)
			if (crew->workers[i].at[part].pid == pid) {
				ended(crew, &crew->workers[i], part, status);
				return;
			}
}

void rd_crew_inherit(struct rd_crew *crew, pid_t *pids, unsigned count)
{
	crew->legacy = pids;
	crew->legacy_count = count;
}

unsigned rd_crew_pids_max(const struct rd_crew *crew)
{
	return crew->count * PARTS + crew->legacy_count;
}

unsigned rd_crew_pids(const struct rd_crew *crew, pid_t *pids)
{
	unsigned n = 0;

	for (unsigned i = 0; i < crew->count; i++)
		for (enum part part = 0; part < PARTS; part++)
			if (crew->workers[i].at[part].pid)
				pids[n++] = crew->workers[i].at[part].pid;
	for (unsigned i = 0; i < crew->legacy_count; i++)
		if (crew->legacy[i])
			pids[n++] = crew->legacy[i];
	return n;
}

static void signal_legacy(const struct rd_crew *crew, int sig)
{
	for (unsigned i = 0; i < crew->legacy_count; i++)
		if (crew->legacy[i])
			kill(crew->legacy[i], sig);
}

void rd_crew_signal(const struct rd_crew *crew, int sig)
{
	for (unsigned i = 0; i < crew->count; i++)
		for (enum part part = 0; part < PARTS; part++)
			if (crew->workers[i].at[part].pid)
				kill(crew->workers[i].at[part].pid, sig);
	signal_legacy(crew, sig);
}

void rd_crew_stop(struct rd_crew *crew)
{
	crew->stopping = true;
}

void rd_crew_forgive(struct rd_crew *crew)
{
	crew->fair_from_ms = rd_mono_ms();
}

static bool serving(const struct rd_crew *crew, const struct process *p)
{
	return p->pid && rd_board_serving(crew->setup->board, p->place);
}

bool rd_crew_serving(const struct rd_crew *crew)
{
	for (unsigned i = 0; i < crew->count; i++)
		if (!serving(crew, &crew->workers[i].at[NOW]))
			return false;
	return true;
}

bool rd_crew_gone(const struct rd_crew *crew)
{
	for (unsigned i = 0; i < crew->count; i++)
		for (enum part part = 0; part < PARTS; part++)
			if (crew->workers[i].at[part].pid)
				return false;
	for (unsigned i = 0; i < crew->legacy_count; i++)
		if (crew->legacy[i])
			return false;
	return true;
}

// They share no board with us: instead of beats, a limit for their drain. Gives the ms left of it,
// -1 when there is nothing to wait for.
static int see_off(struct rd_crew *crew)
{
	const int64_t now_ms = rd_mono_ms();
	bool left = false;

	for (unsigned i = 0; i < crew->legacy_count; i++)
		left |= crew->legacy[i] != 0;
	if (!left || (!crew->legacy_by_ms && !crew->stopping && !rd_crew_serving(crew)))
		return -1;
	if (!crew->legacy_by_ms) {
		signal_legacy(crew, RD_WORKER_RETIRE);
		crew->legacy_by_ms = now_ms + crew->setup->config->drain_timeout_ms + SET_UP_MS;
	} else if (now_ms >= crew->legacy_by_ms) {
		rd_log(RD_LOG_ERROR, "worker.stuck",
		       "workers of before the upgrade do not end: killed");
		signal_legacy(crew, SIGKILL);
		crew->legacy_by_ms = now_ms + SET_UP_MS;
	}
	return (int)(crew->legacy_by_ms - now_ms);
}

// The one who serves now goes when its successor does, and no sooner. Until the one before it has
// ended, nobody else goes.
static void hand_over(struct rd_crew *crew, unsigned i)
{
	struct worker *w = &crew->workers[i];

	if (!serving(crew, &w->at[NEXT]) || w->at[OLD].pid)
		return;
	rd_log(RD_LOG_INFO, "worker.recycled", "worker %u: process %d makes room for %d", i + 1,
	       (int)w->at[NOW].pid, (int)w->at[NEXT].pid);
	kill(w->at[NOW].pid, RD_WORKER_RETIRE);
	move(w, NOW, OLD);
	move(w, NEXT, NOW);
}

// What the number wants started, PARTS for nothing.
static enum part wanted(const struct rd_crew *crew, const struct worker *w)
{
	if (!w->at[NOW].pid)
		return NOW;
	if (!w->at[NEXT].pid && !w->at[OLD].pid &&
	    rd_board_tired(crew->setup->board, w->at[NOW].place))
		return NEXT;
	return PARTS;
}

static int sooner(int wait_ms, int64_t left_ms)
{
	return wait_ms < 0 || left_ms < wait_ms ? (int)left_ms : wait_ms;
}

// Gives the ms until this number has a process to be started, -1 for none.
static int start_due(struct rd_crew *crew, unsigned i)
{
	struct worker *w = &crew->workers[i];
	enum part part = wanted(crew, w);

	if (part != PARTS && w->start_at_ms <= rd_mono_ms()) {
		start(crew, i, part);
		part = w->at[part].pid ? PARTS : part;
	}
	return part == PARTS ? -1 : sooner(-1, w->start_at_ms - rd_mono_ms());
}

// Kills the process when it has been silent for too long. Gives the ms until that may be, -1 for
// never.
static int watch(struct rd_crew *crew, struct process *p)
{
	const int64_t limit_ms = (int64_t)crew->setup->config->watchdog_s * 1000;
	int64_t beat_ms, left_ms;

	if (!p->pid || !limit_ms)
		return -1;
	beat_ms = rd_board_beat_ms(crew->setup->board, p->place);
	if (beat_ms < crew->fair_from_ms)
		beat_ms = crew->fair_from_ms;
	left_ms = beat_ms + limit_ms - rd_mono_ms();
	if (left_ms > 0)
		return (int)left_ms;
	rd_log(RD_LOG_ERROR, "worker.stuck", "process %d gave no sign for %u s: killed",
	       (int)p->pid, crew->setup->config->watchdog_s);
	kill(p->pid, SIGKILL);
	rd_board_beat(crew->setup->board, p->place, rd_mono_ms()); // said once, till it has ended
	return (int)limit_ms;
}

int rd_crew_tick(struct rd_crew *crew)
{
	int wait_ms = see_off(crew), due_ms;

	for (unsigned i = 0; i < crew->count; i++) {
		if (!crew->stopping) {
			hand_over(crew, i);
			if ((due_ms = start_due(crew, i)) >= 0)
				wait_ms = sooner(wait_ms, due_ms);
		}
		for (enum part part = 0; part < PARTS; part++)
			if ((due_ms = watch(crew, &crew->workers[i].at[part])) >= 0)
				wait_ms = sooner(wait_ms, due_ms);
	}
	return wait_ms;
}
