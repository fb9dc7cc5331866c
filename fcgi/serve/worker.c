#include "fcgi/serve/worker.h"
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/rand.h"
#include "fcgi/serve/scoreboard.h"
#include "fcgi/serve/sandbox.h"
#include "fcgi/serve/loop.h"
#include "fcgi/serve/role.h"
#include "fcgi/serve/wire.h"
#include "observe/log.h"

#define EVENTS_PER_WAKEUP  256
#define ACCEPT_BACK_OFF_MS 100 // out of descriptors or memory
#define HASH_PAUSE_MS      5   // between two hashes, for events that never end
// A kept connection that was idle for so long is at the bottom of nginx' pile.
#define RETIRE_PAUSE_MS 1000
#define HASH_MAX_MS     60000 // of one hash; it is slow where everything else comes first
#define BEATS           3     // heartbeats within watchdog_s

static bool add_to_epoll(struct rd_loop *loop, int fd, uint32_t events, void *tag)
{
	struct epoll_event ev = {.events = events, .data.ptr = tag};

	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0;
}

static void stop_accepting(struct rd_loop *loop)
{
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, loop->listen_fd, NULL);
}

static bool start_accepting(struct rd_loop *loop)
{
	loop->accept_at_ms = 0;
	return add_to_epoll(loop, loop->listen_fd, EPOLLIN | EPOLLEXCLUSIVE, &loop->listen_fd);
}

// One connection a wake-up, so that they spread over the workers. False when there was none.
static bool accept_one(struct rd_loop *loop)
{
	int fd = accept4(loop->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		rd_conn_open(loop, fd);
		return true;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		rd_log(RD_LOG_ERROR, "accept.failed", "%s", strerror(errno));
		stop_accepting(loop);
		loop->accept_at_ms = loop->now_ms + ACCEPT_BACK_OFF_MS;
	}
	return false;
}

static void begin_drain(struct rd_loop *loop, bool retire)
{
	loop->idle_by_ms = loop->now_ms + (retire ? RETIRE_PAUSE_MS : 0);
	if (loop->drain_by_ms)
		return;
	// Who waits in the listener's queue is served, and nobody after them; when retiring, the
	// other workers serve them.
	while (!retire && accept_one(loop))
		;
	stop_accepting(loop);
	close(loop->listen_fd);
	loop->accept_at_ms = 0;
	loop->drain_by_ms = loop->now_ms + loop->newest->config.drain_timeout_ms;
	rd_gauge(&loop->counts->state, RD_WORKER_DRAINING);
}

static void take_signal(struct rd_loop *loop)
{
	struct signalfd_siginfo info;

	if (read(loop->signal_fd, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == RD_WORKER_RETIRE && loop->drain_by_ms)
		return;
	// SIGHUP has done its work: this wake-up has looked at what is published.
	if (info.ssi_signo == SIGUSR1)
		rd_log_reopen();
	else if (info.ssi_signo != SIGHUP)
		begin_drain(loop, info.ssi_signo == RD_WORKER_RETIRE);
}

static void dispatch(struct rd_loop *loop, const struct epoll_event *event)
{
	void *tag = event->data.ptr;

	if (tag == &loop->redis)
		rd_redis_events(loop->redis, event->events, loop->now_ms);
	else if (tag == &loop->durable)
		rd_redis_events(loop->durable, event->events, loop->now_ms);
	else if (tag == &loop->signal_fd)
		take_signal(loop);
	else if (tag == &loop->listen_fd)
		accept_one(loop);
	else
		rd_conn_events(tag, event->events);
}

// Does what is due. Returns the ms until something is again, -1 for nothing.
static int tick(struct rd_loop *loop)
{
	int wait_ms = rd_conn_tick(loop);

	rd_gauge(&loop->counts->connections, loop->conn_count);
	rd_gauge(&loop->counts->redis_up, rd_redis_up(loop->redis));
	wait_ms = rd_sooner(wait_ms, rd_log_tick(loop->now_ms));
	wait_ms = rd_sooner(wait_ms, rd_redis_tick(loop->redis, loop->now_ms));
	if (loop->durable)
		wait_ms = rd_sooner(wait_ms, rd_redis_tick(loop->durable, loop->now_ms));
	if (loop->drain_by_ms)
		return rd_sooner(wait_ms, rd_ms_until(loop->drain_by_ms, loop->now_ms));
	if (!loop->accept_at_ms)
		return wait_ms;
	if (loop->accept_at_ms <= loop->now_ms && !start_accepting(loop))
		loop->accept_at_ms = loop->now_ms + ACCEPT_BACK_OFF_MS;
	return rd_sooner(wait_ms, ACCEPT_BACK_OFF_MS);
}

static bool finished(const struct rd_loop *loop)
{
	return loop->drain_by_ms && (loop->conn_count == 0 || loop->now_ms >= loop->drain_by_ms);
}

// Waits for events, at most wait_ms (-1: for ever), and handles them. Returns their number.
static int wake(struct rd_loop *loop, int wait_ms)
{
	const uint32_t watchdog_s = loop->newest->config.watchdog_s;
	const int beat_ms = watchdog_s ? (int)watchdog_s * 1000 / BEATS : -1;
	const int most_ms = rd_sooner(wait_ms, beat_ms);
	const int64_t before_ms = rd_mono_ms();
	struct epoll_event events[EVENTS_PER_WAKEUP];
	int n = epoll_wait(loop->epoll_fd, events, EVENTS_PER_WAKEUP, most_ms);

	loop->now_ms = rd_mono_ms();
	rd_scoreboard_heartbeat(loop->setup->scoreboard, loop->setup->place, loop->now_ms);
	// Stopped as it returned: the events are as old as the stop. Their wake-up began before it,
	// so that nothing is asked for them.
	if (most_ms >= 0 && loop->now_ms - before_ms > most_ms + RD_STANDSTILL_MS)
		loop->now_ms = before_ms;
	// After the wait and before its events: a token that a client got from a worker with newer
	// keys comes in by an event, after these keys were published.
	loop->newest = rd_snapshot_newest(loop->newest, loop->setup->published);
	for (int i = 0; i < n; i++)
		dispatch(loop, &events[i]);
	rd_conn_free_closed(loop);
	return n;
}

// Makes one hash when there is nothing else to do, or when there has been for long enough.
static void hash_one(struct rd_loop *loop, bool idle)
{
	if (!idle && loop->now_ms - loop->hashed_ms < HASH_PAUSE_MS)
		return;
	if (!loop->priority_lowered)
		loop->priority_lowered = rd_role_lower_priority();
	rd_scoreboard_busy_until(loop->setup->scoreboard, loop->setup->place,
				 loop->now_ms + HASH_MAX_MS);
	rd_conn_hash(loop);
	loop->hashed_ms = loop->now_ms = rd_mono_ms();
	rd_scoreboard_busy_until(loop->setup->scoreboard, loop->setup->place, loop->now_ms);
}

// Returns the requests after which to be recycled: up to a quarter fewer than the limit, or workers
// that started together would go together.
static uint64_t recycle_after(uint32_t limit)
{
	return limit ? limit - rd_rand_upto(limit / 4) : 0;
}

// After enough requests; it serves on until it is told to go.
static void ask_recycling(struct rd_loop *loop)
{
	const uint32_t limit = loop->newest->config.max_requests;

	if (limit != loop->recycle_limit) {
		loop->recycle_limit = limit;
		loop->recycle_after = recycle_after(limit);
	}
	if (!loop->recycle_after || loop->requests < loop->recycle_after)
		return;
	rd_scoreboard_ask_recycling(loop->setup->scoreboard, loop->setup->place);
	loop->recycle_after = 0;
}

// Returns the descriptor that signals are read from.
static int open_signals(void)
{
	static const int handled[] = {SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, RD_WORKER_RETIRE};
	sigset_t signals;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof handled / sizeof *handled; i++)
		sigaddset(&signals, handled[i]);
	fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	sigaddset(&signals, SIGINT); // a terminal's Ctrl-C is the master's matter
	sigprocmask(SIG_SETMASK, &signals, NULL);
	return fd;
}

// The close of a unix socket's peer is EPOLLHUP. On TCP it cannot be told from the end of input
// alone, EPOLLRDHUP, but nginx never ends only that.
static uint32_t gone_events(int listen_fd)
{
	int domain = AF_UNIX;
	socklen_t len = sizeof domain;

	(void)getsockopt(listen_fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	return EPOLLHUP | EPOLLERR | (domain == AF_UNIX ? 0 : EPOLLRDHUP);
}

static bool set_up(struct rd_loop *loop)
{
	struct rd_redis_config redis = loop->setup->redis;

	loop->signal_fd = open_signals();
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->now_ms = rd_mono_ms();
	loop->gone_events = gone_events(loop->listen_fd);
	loop->newest = rd_snapshot_newest(NULL, loop->setup->published);
	rd_published_seal(loop->setup->published);
	if (!loop->newest || loop->signal_fd < 0 || loop->epoll_fd < 0 ||
	    !add_to_epoll(loop, loop->signal_fd, EPOLLIN, &loop->signal_fd))
		return false;
	redis.counts = loop->counts;
	loop->redis = rd_redis_new(&redis, loop->epoll_fd, &loop->redis);
	if (loop->setup->config->durable)
		loop->durable = rd_redis_new(&redis, loop->epoll_fd, &loop->durable);
	loop->jwt_cache = rd_jwt_cache_new(loop->setup->config->verify_cache);
	return rd_wire_init();
}

static void begin(struct rd_loop *loop, const struct rd_worker_setup *setup)
{
	loop->setup = setup;
	rd_rand_forked();
	loop->counts = rd_metrics_counts(setup->metrics, setup->place + 1);
	rd_gauge(&loop->counts->state, RD_WORKER_STARTING);
	rd_log_worker(setup->number, loop->counts);
	loop->listen_fd = rd_role_take(setup);
	if (!rd_sandbox_enter())
		rd_log(RD_LOG_WARN, "worker.sandbox",
		       "the kernel does not keep it from starting programs: %s", strerror(errno));
}

// Until it is told to end, and has ended what is in flight.
static void serve(struct rd_loop *loop)
{
	int events;

	for (;;) {
		const int wait_ms = tick(loop); // it closes connections, so ask after it

		if (finished(loop))
			return;
		events = wake(loop, loop->hashes.first ? 0 : wait_ms);
		if (loop->hashes.first)
			hash_one(loop, events <= 0);
		ask_recycling(loop);
	}
}

int rd_worker_run(const struct rd_worker_setup *setup)
{
	static struct rd_loop loop; // too large for a stack

	begin(&loop, setup);
	if (!set_up(&loop)) {
		rd_log(RD_LOG_CRITICAL, "worker.failed",
		       "this libfcgi or kernel lacks what is needed, or memory is short");
		return 1;
	}
	// The first requests should meet a Redis that is up, or known to be down.
	while (!rd_redis_settled(loop.redis) && !loop.drain_by_ms)
		wake(&loop, rd_redis_tick(loop.redis, loop.now_ms));
	if (!loop.drain_by_ms && !start_accepting(&loop))
		return 1;
	rd_scoreboard_set_serving(setup->scoreboard, setup->place, rd_mono_ms());
	if (!loop.drain_by_ms)
		rd_gauge(&loop.counts->state, RD_WORKER_SERVING);
	serve(&loop);
	rd_jwt_cache_free(loop.jwt_cache);
	return 0;
}
