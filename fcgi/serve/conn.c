// One connection from nginx, through: bytes → request → operation → (Redis → operation) → answer.
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/queue.h"
#include "base/secret.h"
#include "fcgi/serve/loop.h"
#include "fcgi/serve/wire.h"

#define DISCARD_READS         16   // a wake-up, each of up to RD_FRAME_MAX bytes
#define DRAIN_READ_TIMEOUT_MS 1000 // when draining, a half-sent request gets so long for its rest

enum state {
	IDLE,    // kept open, nothing has come
	PARTIAL, // some of a request has come
	BUSY,    // a request is with its operation or with Redis
	DISCARD, // refused; reading on so that the other side gets the answer before the end
	CLOSED,  // over, but this wake-up may still hold an event for it
};

struct rd_conn {
	struct rd_loop *loop;
	struct rd_conn *next, **link;
	int fd; // -1: libfcgi has closed it
	enum state state;
	bool input_waits; // something came while BUSY
	bool peer_gone;   // the other side has closed: nobody reads an answer
	bool input_ended; // the other side will send nothing more
	int64_t since_ms; // PARTIAL, DISCARD: began then
	int64_t begun_us; // BUSY: the request was whole then
	struct rd_wire *wire;
	struct rd_pending pending;
	struct rd_reply reply;
	struct rd_hash_job hash;
	bool hashing;                 // counts in loop->hashing_count
	bool hashed;                  // its turn in loop->hashes has come
	struct rd_snapshot *snapshot; // BUSY: what the request began with
	struct rd_call call;
};

void rd_conn_open(struct rd_loop *loop, int fd)
{
	struct rd_conn *c = calloc(1, sizeof *c);
	struct rd_wire *wire = rd_wire_new();
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = c};

	if (!c || !wire || epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &ev)) {
		rd_wire_free(wire);
		free(c);
		close(fd);
		return;
	}
	c->loop = loop;
	c->fd = fd;
	c->wire = wire;
	c->next = loop->conns;
	c->link = &loop->conns;
	if (c->next)
		c->next->link = &c->next;
	loop->conns = c;
	loop->conn_count++;
}

static void close_conn(struct rd_conn *c)
{
	assert(c->state != BUSY);
	if (c->fd >= 0)
		close(c->fd); // leaves epoll by itself
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->loop->conn_count--;
	c->state = CLOSED;
	c->next = c->loop->closed;
	c->loop->closed = c;
}

void rd_conn_free_closed(struct rd_loop *loop)
{
	for (struct rd_conn *c = loop->closed, *next; c; c = next) {
		next = c->next;
		rd_wire_free(c->wire);
		free(c);
	}
	loop->closed = NULL;
}

static void read_input(struct rd_conn *c);

static int64_t read_timeout_ms(const struct rd_loop *loop)
{
	return loop->drain_by_ms ? DRAIN_READ_TIMEOUT_MS : loop->newest->config.read_timeout_ms;
}

// state: PARTIAL or DISCARD, which last for the read timeout at most.
static void wait_for_input(struct rd_conn *c, enum state state)
{
	struct rd_loop *loop = c->loop;

	c->state = state;
	c->since_ms = loop->now_ms;
	if (!loop->next_timeout_ms)
		loop->next_timeout_ms = c->since_ms + read_timeout_ms(loop);
}

static void end_request(struct rd_conn *c)
{
	struct rd_question *question = &c->pending.question;

	rd_call_end(&c->call);
	rd_wipe(question->text, question->text_len); // may hold a seed, or a password's hash
	question->text_len = 0;
	rd_snapshot_release(c->snapshot);
	c->snapshot = NULL;
	c->loop->hashing_count -= c->hashing;
	c->hashing = c->hashed = false;
	c->state = IDLE;
}

static void send_reply(struct rd_conn *c)
{
	struct rd_buf head = RD_BUF(c->loop->out);
	enum rd_wire_end end;

	assert(rd_buf_ok(&c->reply.head) && rd_buf_ok(&c->reply.body));
	rd_op_done(&c->call, rd_mono_us() - c->begun_us);
	rd_reply_print_head(&c->reply, &head);
	end = rd_wire_finish(c->wire, rd_buf_span(&head), rd_buf_span(&c->reply.body));
	rd_wipe(head.ptr, head.len);
	rd_wipe(c->reply.head.ptr, c->reply.head.len);
	rd_wipe(c->reply.body.ptr, c->reply.body.len);
	end_request(c);
	if (end == RD_WIRE_CLOSED)
		c->fd = -1;
	// When draining, now is the time to close: nginx, just answered, has not begun to ask
	// again.
	if (end != RD_WIRE_KEEP || (c->loop->drain_by_ms && !c->input_waits && !c->input_ended)) {
		close_conn(c);
	} else if (c->input_waits || c->input_ended) {
		c->input_waits = false;
		read_input(c);
	}
}

// The buffers are the loop's: an operation writes its reply in one go, and send_reply sends it at
// once.
static void begin_reply(struct rd_conn *c)
{
	struct rd_span id = c->reply.request_id;

	c->reply = (struct rd_reply){
	    .request_id = id, .head = RD_BUF(c->loop->head), .body = RD_BUF(c->loop->body)};
}

static void ask_store(struct rd_conn *c)
{
	struct rd_loop *loop = c->loop;

	rd_redis_submit(c->pending.question.durable ? loop->durable : loop->redis, &c->pending);
}

static void take_answer(struct rd_conn *c, const struct rd_answer *stored)
{
	begin_reply(c);
	c->call.newest = &c->loop->newest->service;
	if (c->call.op->answer(&c->call, stored, &c->pending.question) == RD_STEP_ASK)
		ask_store(c);
	else
		send_reply(c);
}

static const struct rd_answer away = {.away = true};

static void on_store_answer(struct rd_pending *pending, const struct rd_answer *stored)
{
	struct rd_conn *c =
	    (struct rd_conn *)(void *)((char *)pending - offsetof(struct rd_conn, pending));

	if (!c->hashing || c->hashed || stored->away)
		take_answer(c, stored);
	else if (!rd_hash_push(&c->loop->hashes, &c->hash, stored))
		take_answer(c, &away);
}

void rd_conn_hash(struct rd_loop *loop)
{
	struct rd_hash_job *job = rd_queue_pop(&loop->hashes);
	struct rd_conn *c =
	    (struct rd_conn *)(void *)((char *)job - offsetof(struct rd_conn, hash));
	const struct rd_answer *stored = &job->answer;

	if (c->peer_gone)
		stored = &away; // nobody waits any more for what would be hashed
	c->hashed = true;
	take_answer(c, stored);
	rd_hash_done(job);
}

static enum rd_hashing may_hash(const struct rd_loop *loop)
{
	if (loop->setup->role != RD_ROLE_LOGIN)
		return RD_HASHING_ELSEWHERE;
	if (loop->hashing_count >= loop->newest->config.login_queue)
		return RD_HASHING_FULL;
	return RD_HASHING_HERE;
}

static void begin_call(struct rd_conn *c)
{
	struct rd_loop *loop = c->loop;

	c->snapshot = rd_snapshot_acquire(loop->newest);
	rd_call_begin(&c->call, &c->snapshot->service);
	c->call.reply = &c->reply;
	c->call.jwt_cache = loop->jwt_cache;
	c->call.counts = loop->counts;
	c->call.metrics = loop->setup->metrics;
	c->call.draining = loop->drain_by_ms != 0;
	c->begun_us = rd_mono_us();
	c->call.now_ms = rd_wall_ms();
	c->call.store_up = rd_redis_up(loop->redis);
	c->call.store_replica = rd_redis_replica(loop->redis);
	c->call.store_lost =
	    rd_redis_lost(loop->redis, (int64_t)c->snapshot->config.heal_window_s * 1000);
	c->call.hashing = may_hash(loop);
	loop->requests++;
	c->state = BUSY;
}

static void start_request(struct rd_conn *c)
{
	enum rd_wire_end begun;

	begin_call(c);
	begun = rd_wire_begin(c->wire, c->fd, c->snapshot->config.body_max, &c->call.params,
			      &c->call.body, &c->call.body_len);
	if (begun != RD_WIRE_KEEP) {
		end_request(c);
		if (begun == RD_WIRE_CLOSED)
			c->fd = -1;
		close_conn(c);
		return;
	}
	begin_reply(c);
	c->pending.done = on_store_answer;
	if (rd_op_start(&c->call, &c->pending.question) == RD_STEP_REPLY) {
		send_reply(c);
		return;
	}
	c->hashing = (c->call.op->flags & RD_OP_HASHES) != 0;
	c->loop->hashing_count += c->hashing;
	ask_store(c);
}

static void refuse_large(struct rd_conn *c, unsigned request_id)
{
	uint8_t out[RD_FRAME_LARGE_ANSWER_MAX];
	size_t len = rd_frame_answer_large(out, request_id);

	if (send(c->fd, out, len, MSG_NOSIGNAL) != (ssize_t)len || shutdown(c->fd, SHUT_WR)) {
		close_conn(c);
		return;
	}
	rd_count_request(c->loop->counts, RD_ROUTE_none, 413, -1);
	wait_for_input(c, DISCARD);
	read_input(c);
}

// Some at a time, or one flood would keep the loop: who still sends causes another event.
static void discard_input(struct rd_conn *c)
{
	struct rd_loop *loop = c->loop;
	ssize_t n = 1, most = 0;
	int error;

	for (int i = 0; i < DISCARD_READS && n > 0; i++) {
		n = recv(c->fd, loop->peeked, sizeof loop->peeked, 0);
		most = n > most ? n : most;
	}
	error = errno;
	rd_wipe(loop->peeked, (size_t)most);
	if (n == 0 || (n < 0 && error != EAGAIN && error != EINTR))
		close_conn(c);
}

// Looks at what has come, without taking it, and starts the request when it is whole.
static void peek_request(struct rd_conn *c)
{
	struct rd_loop *loop = c->loop;
	unsigned request_id = 0;
	enum rd_frame seen;
	ssize_t n = 0;

	// A request whose sender has given up is not begun: nginx may be asking elsewhere already.
	if (!c->peer_gone)
		n = recv(c->fd, loop->peeked, sizeof loop->peeked, MSG_PEEK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_conn(c);
		return;
	}
	seen = rd_frame_look(loop->peeked, (size_t)n, &request_id);
	rd_wipe(loop->peeked, (size_t)n);
	switch (seen) {
	case RD_FRAME_WAIT:
		if (c->input_ended)
			close_conn(c); // the rest will never come
		else if (c->state == IDLE)
			wait_for_input(c, PARTIAL);
		break;
	case RD_FRAME_READY:
		start_request(c);
		break;
	case RD_FRAME_LARGE:
		refuse_large(c, request_id);
		break;
	case RD_FRAME_BAD:
		close_conn(c);
		break;
	}
}

static void read_input(struct rd_conn *c)
{
	if (c->state == DISCARD)
		discard_input(c);
	else
		peek_request(c);
}

void rd_conn_events(struct rd_conn *c, uint32_t epoll_events)
{
	if (c->state == CLOSED)
		return;
	// Edge-triggered: this is said once, perhaps together with the last bytes.
	c->peer_gone |= (epoll_events & c->loop->gone_events) != 0;
	c->input_ended |= (epoll_events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
	if (c->state == BUSY)
		c->input_waits = true;
	else
		read_input(c);
}

// When the connection is to be closed, 0 for not at all.
static int64_t timeout_at_ms(const struct rd_conn *c)
{
	const struct rd_loop *loop = c->loop;

	if (c->state == PARTIAL || c->state == DISCARD)
		return c->since_ms + read_timeout_ms(loop);
	if (c->state == IDLE && loop->drain_by_ms)
		return loop->idle_by_ms;
	return 0;
}

static bool is_due(const struct rd_conn *c)
{
	const int64_t at_ms = timeout_at_ms(c);

	return at_ms && at_ms <= c->loop->now_ms;
}

// What an idle one was sent since the last look is answered first: it may have been accepted just
// now, and its event is still to come.
static void close_due(struct rd_conn *c)
{
	const enum state before = c->state;

	if (before == IDLE)
		read_input(c);
	if (c->state == before)
		close_conn(c);
}

int rd_conn_tick(struct rd_loop *loop)
{
	const bool due = loop->next_timeout_ms && loop->next_timeout_ms <= loop->now_ms;
	int64_t next_ms = 0, at_ms;

	if (due || loop->drain_by_ms) {
		for (struct rd_conn *c = loop->conns, *next; c; c = next) {
			next = c->next;
			if (is_due(c))
				close_due(c);
			at_ms = timeout_at_ms(c);
			if (at_ms && (!next_ms || at_ms < next_ms))
				next_ms = at_ms;
		}
		loop->next_timeout_ms = next_ms;
	}
	return loop->next_timeout_ms ? rd_ms_until(loop->next_timeout_ms, loop->now_ms) : -1;
}
