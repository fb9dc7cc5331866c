#include "store/redis/connection.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "base/queue.h"
#include "base/rand.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/redis/dial.h"
#include "store/redis/handshake.h"
#include "store/redis/hint.h"

enum state { DOWN, LOOKING_UP, CONNECTING, HANDSHAKE, UP };

struct queue {
	struct rd_pending *first, *last;
};

struct rd_redis {
	struct rd_redis_config config;
	int epoll_fd;
	void *tag;
	struct rd_dial dial;
	redisContext *ctx; // NULL when DOWN or LOOKING_UP
	enum state state;
	uint32_t listening;            // epoll events asked for
	int failures;                  // attempts to connect that failed in a row
	bool replica;                  // why the last connection was given up
	bool lost;                     // a connection that was up
	int64_t retry_at_ms, up_by_ms; // monotonic
	struct rd_handshake handshake;
	struct queue sent, waiting;
	struct rd_pending *unwritten; // first of sent that no write has begun for, or NULL
};

static void refuse_all(struct queue *q)
{
	const struct rd_answer away = {.away = true};
	struct queue all = *q;
	struct rd_pending *p;

	*q = (struct queue){0};
	while ((p = rd_queue_pop(&all))) {
		if (p->first_reply)
			freeReplyObject(p->first_reply);
		p->first_reply = NULL;
		p->done(p, &away);
	}
}

static void listen_for(struct rd_redis *r, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = r->tag};
	const int change = r->listening ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (events != r->listening && epoll_ctl(r->epoll_fd, change, r->ctx->fd, &ev) == 0)
		r->listening = events;
}

// Closes the socket, which leaves epoll by itself. What a cut network has held up is dropped rather
// than sent once more when the cut is over: an old token by then, it could look like theft.
static void abort_connection(redisContext *ctx)
{
	const struct linger no_lingering = {.l_onoff = 1};

	(void)setsockopt(ctx->fd, SOL_SOCKET, SO_LINGER, &no_lingering, sizeof no_lingering);
	redisFree(ctx);
}

// Closes the connection. Whatever was sent may or may not have run, so it is answered `away`.
static void drop(struct rd_redis *r, int64_t now_ms, const char *why)
{
	const bool was_up = r->state == UP;
	char text[sizeof r->config.address.host + sizeof "[]:65535"];
	struct rd_buf where = RD_BUF(text);

	rd_redis_address_put(&where, &r->config.address);
	rd_count(r->config.counts, RD_METRIC_REDIS_ERRORS);
	r->lost |= was_up;
	r->replica = false;
	if (was_up || r->failures == 0)
		rd_log(RD_LOG_WARN, "redis.down", "%.*s: %s", (int)where.len, where.ptr, why);
	if (r->ctx)
		abort_connection(r->ctx);
	if (was_up)
		rd_dial_forget(&r->dial);
	r->ctx = NULL;
	r->state = DOWN;
	r->listening = 0;
	r->failures = was_up ? 0 : r->failures + 1;
	r->retry_at_ms = now_ms;
	if (!was_up) {
		uint32_t step = r->failures > 3 ? RD_REDIS_RETRY_MAX_MS : 50U << (r->failures - 1);
		r->retry_at_ms += step / 2 + rd_rand_upto(step / 2);
	}
	r->unwritten = NULL;
	refuse_all(&r->sent);
}

// A replica cannot write. The primary is looked for as after any failure: at the name's other
// addresses, then by looking the name up again.
static void leave_replica(struct rd_redis *r, int64_t now_ms, const char *why)
{
	drop(r, now_ms, why);
	r->replica = true;
}

// Drops the connection for the error that hiredis reports. What was Redis before and dies is no
// riddle.
static void drop_failed(struct rd_redis *r, int64_t now_ms)
{
	const bool answered = r->handshake.identity.known || r->handshake.replies_got > 0;
	char why[300];

	snprintf(why, sizeof why, "%s%s", r->ctx->errstr, rd_redis_hint(r->ctx, answered));
	drop(r, now_ms, why);
}

static void connect_now(struct rd_redis *r, int64_t now_ms)
{
	char why[RD_DIAL_WHY_MAX];

	r->ctx = rd_dial(&r->dial, why);
	if (!r->ctx && why[0]) {
		drop(r, now_ms, why);
		return;
	}
	r->state = LOOKING_UP;
	if (!r->ctx)
		return;
	rd_script_limit_lists(r->ctx->reader);
	r->state = CONNECTING;
	listen_for(r, EPOLLIN | EPOLLOUT);
}

static void send_question(struct rd_redis *r, struct rd_pending *p)
{
	rd_script_append(r->ctx, &p->question,
			 p->with_text ? NULL : r->handshake.sha[p->question.script]);
	if (p->question.durable) // shorter than our own timeout, so that the answer is "too few"
		redisAppendCommand(r->ctx, "WAIT 1 %d", r->config.timeout_ms * 3 / 4);
	rd_queue_push(&r->sent, p);
	if (!r->unwritten)
		r->unwritten = p;
}

static void become_up(struct rd_redis *r)
{
	struct rd_pending *p;

	r->state = UP;
	r->failures = 0;
	if (r->lost)
		rd_count(r->config.counts, RD_METRIC_REDIS_RECONNECTS);
	rd_log(RD_LOG_INFO, "redis.up", "connected");
	while ((p = rd_queue_pop(&r->waiting)))
		send_question(r, p);
}

// Returns false when Redis refuses us, or is a replica; then the connection is dropped.
static bool read_handshake(struct rd_redis *r, const redisReply *reply, int64_t now_ms)
{
	char why[RD_HANDSHAKE_WHY_MAX];

	switch (rd_handshake_read(&r->handshake, reply, now_ms, why)) {
	case RD_HANDSHAKE_MORE:
		return true;
	case RD_HANDSHAKE_DONE:
		become_up(r);
		return true;
	case RD_HANDSHAKE_REPLICA:
		leave_replica(r, now_ms, why);
		return false;
	default:
		drop(r, now_ms, why);
		return false;
	}
}

static bool is_error(const redisReply *reply, const char *word)
{
	return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, word, strlen(word)) == 0;
}

static void count_and_log_error(struct rd_redis *r, const char *what)
{
	rd_count(r->config.counts, RD_METRIC_REDIS_ERRORS);
	rd_log(RD_LOG_ERROR, "redis.error", "%s", what);
}

// Answers the first question in flight by its script's reply, or sends it again with the text of a
// script that Redis does not know. replicas: how many have what it wrote, -1 when not asked.
static void answer_first(struct rd_redis *r, const redisReply *reply, long long replicas)
{
	struct rd_pending *p = rd_queue_pop(&r->sent);
	struct rd_answer answer;

	if (is_error(reply, "NOSCRIPT") && !p->with_text) {
		p->with_text = true; // nothing ran; the text also loads it
		send_question(r, p);
		return;
	}
	if (reply->type == REDIS_REPLY_ERROR)
		count_and_log_error(r, reply->str);
	rd_script_answer(reply, &answer);
	if (replicas == 0) {
		count_and_log_error(r, "no replica has confirmed a write");
		answer = (struct rd_answer){.away = true};
	}
	p->done(p, &answer);
}

// Returns whether the reply was kept until its WAIT is answered.
static bool read_answer(struct rd_redis *r, redisReply *reply)
{
	struct rd_pending *p = r->sent.first;
	redisReply *first = p->first_reply;

	if (p->question.durable && !first) {
		p->first_reply = reply;
		return true;
	}
	p->first_reply = NULL;
	if (!first) {
		answer_first(r, reply, -1);
		return false;
	}
	answer_first(r, first, reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0);
	freeReplyObject(first);
	return false;
}

static void read_replies(struct rd_redis *r, int64_t now_ms)
{
	void *reply = NULL;
	bool go_on = redisBufferRead(r->ctx) == REDIS_OK;

	while (go_on && redisGetReplyFromReader(r->ctx, &reply) == REDIS_OK && reply) {
		const bool demoted = is_error(reply, "READONLY") || is_error(reply, "MASTERDOWN");
		bool kept = false;

		if (r->state == HANDSHAKE) {
			go_on = read_handshake(r, reply, now_ms);
		} else if (r->sent.first && r->sent.first != r->unwritten) {
			kept = read_answer(r, reply);
		} else {
			drop(r, now_ms, "a reply that nobody asked for");
			go_on = false;
		}
		if (!kept)
			freeReplyObject(reply);
		if (go_on && demoted) {
			leave_replica(r, now_ms, "Redis has become a replica");
			go_on = false;
		}
	}
	if (r->ctx && r->ctx->err)
		drop_failed(r, now_ms);
}

static void on_connected(struct rd_redis *r, uint32_t epoll_events, int64_t now_ms)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(r->ctx->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error) {
		drop(r, now_ms, strerror(error));
	} else if (epoll_events & EPOLLOUT) {
		r->state = HANDSHAKE;
		rd_handshake_begin(&r->handshake, r->ctx, &r->config);
	}
}

void rd_redis_events(struct rd_redis *r, uint32_t epoll_events, int64_t now_ms)
{
	if (r->state == LOOKING_UP)
		connect_now(r, now_ms);
	else if (r->state == CONNECTING)
		on_connected(r, epoll_events, now_ms);
	else if (r->state != DOWN && (epoll_events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		read_replies(r, now_ms);
}

void rd_redis_submit(struct rd_redis *r, struct rd_pending *p)
{
	p->deadline_ms = rd_mono_ms() + r->config.timeout_ms;
	p->with_text = false;
	p->first_reply = NULL;
	if (r->state == UP)
		send_question(r, p);
	else
		rd_queue_push(&r->waiting, p);
}

// A question's time begins when it leaves, not when it was made: hashing passwords may have blocked
// this wake-up for longer than that.
static void set_deadlines(struct rd_redis *r)
{
	const int64_t deadline_ms = r->unwritten ? rd_mono_ms() + r->config.timeout_ms : 0;

	for (; r->unwritten; r->unwritten = r->unwritten->next)
		r->unwritten->deadline_ms = deadline_ms;
}

static void write_out(struct rd_redis *r, int64_t now_ms)
{
	int done = 0;

	if (r->state != HANDSHAKE && r->state != UP)
		return;
	if (r->unwritten && rd_mono_ms() - now_ms > RD_STANDSTILL_MS) {
		drop(r, now_ms, "this process stood still: what it would ask is out of date");
		return;
	}
	set_deadlines(r);
	if (redisBufferWrite(r->ctx, &done) != REDIS_OK) {
		drop_failed(r, now_ms);
		return;
	}
	listen_for(r, done ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

static bool overdue(const struct rd_redis *r, int64_t now_ms)
{
	return r->sent.first && r->sent.first != r->unwritten &&
	       now_ms >= r->sent.first->deadline_ms;
}

static bool is_connecting(const struct rd_redis *r)
{
	return r->state != DOWN && r->state != UP;
}

int rd_redis_tick(struct rd_redis *r, int64_t now_ms)
{
	int wait_ms = -1;

	if (r->state == DOWN && now_ms >= r->retry_at_ms) {
		r->up_by_ms = now_ms + r->config.timeout_ms;
		connect_now(r, now_ms);
	}
	if (is_connecting(r) && now_ms >= r->up_by_ms)
		drop(r, now_ms,
		     r->state == LOOKING_UP ? "no address in time" : "no handshake in time");
	if (overdue(r, now_ms)) // perhaps it has come, and we were busy
		read_replies(r, now_ms);
	if (overdue(r, now_ms))
		drop(r, now_ms, "no answer in time");
	if (r->waiting.first && (r->failures || now_ms >= r->waiting.first->deadline_ms))
		refuse_all(&r->waiting);
	write_out(r, now_ms);
	if (r->state == DOWN)
		wait_ms = rd_sooner(wait_ms, rd_ms_until(r->retry_at_ms, now_ms));
	if (is_connecting(r))
		wait_ms = rd_sooner(wait_ms, rd_ms_until(r->up_by_ms, now_ms));
	if (r->sent.first)
		wait_ms = rd_sooner(wait_ms, rd_ms_until(r->sent.first->deadline_ms, now_ms));
	if (r->waiting.first)
		wait_ms = rd_sooner(wait_ms, rd_ms_until(r->waiting.first->deadline_ms, now_ms));
	return wait_ms;
}

bool rd_redis_up(const struct rd_redis *r)
{
	return r->state == UP;
}

bool rd_redis_replica(const struct rd_redis *r)
{
	return r->replica && r->state != UP;
}

bool rd_redis_lost(const struct rd_redis *r, int64_t window_ms)
{
	const struct rd_identity *identity = &r->handshake.identity;

	return identity->known && rd_mono_ms() - identity->since_ms < window_ms;
}

bool rd_redis_settled(const struct rd_redis *r)
{
	return r->state == UP || r->failures > 0;
}

struct rd_redis *rd_redis_new(const struct rd_redis_config *config, int epoll_fd, void *tag)
{
	struct rd_redis *r = calloc(1, sizeof *r);

	assert(r);
	r->config = *config;
	r->epoll_fd = epoll_fd;
	r->tag = tag;
	rd_dial_init(&r->dial, &r->config.address, epoll_fd, tag);
	return r;
}
