#include "store/redis/connection.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "base/rand.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/redis/dial.h"
#include "store/redis/identity.h"
#include "store/redis/script.h"

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
	uint32_t listening;              // epoll events asked for
	int replies_got, replies_wanted; // in the handshake
	int failures;                    // attempts to connect that failed in a row
	bool lost;                       // a connection that was up
	int64_t retry_at_ms, up_by_ms;   // monotonic
	char sha[RD_SCRIPT_COUNT][RD_SHA_LEN + 1];
	struct rd_identity identity; // of the server, as last seen
	struct queue sent, waiting;
	struct rd_pending *unwritten; // first of sent that no write has begun for, or NULL
};

static void push(struct queue *q, struct rd_pending *p)
{
	p->next = NULL;
	if (q->first)
		q->last->next = p;
	else
		q->first = p;
	q->last = p;
}

static struct rd_pending *pop(struct queue *q)
{
	struct rd_pending *p = q->first;

	if (p)
		q->first = p->next;
	return p;
}

static void refuse_all(struct queue *q)
{
	const struct rd_answer away = {.away = true};
	struct queue all = *q;
	struct rd_pending *p;

	*q = (struct queue){0};
	while ((p = pop(&all))) {
		if (p->first_reply)
			freeReplyObject(p->first_reply);
		p->first_reply = NULL;
		p->done(p, &away);
	}
}

static void listen_for(struct rd_redis *r, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = r->tag};

	if (events == r->listening)
		return;
	if (epoll_ctl(r->epoll_fd, r->listening ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, r->ctx->fd, &ev) ==
	    0)
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

	rd_count(r->config.counts, RD_METRIC_REDIS_ERRORS);
	r->lost |= was_up;
	if (was_up || r->failures == 0)
		rd_log(RD_LOG_WARN, "redis.down", "%s", why);
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

// Logs in, asks who the server is and loads the scripts, which come last.
static void begin_handshake(struct rd_redis *r)
{
	r->state = HANDSHAKE;
	r->replies_got = 0;
	r->replies_wanted = rd_script_append_login(r->ctx, &r->config);
	r->replies_wanted += rd_identity_ask(r->ctx) + RD_SCRIPT_COUNT;
	for (int i = 0; i < RD_SCRIPT_COUNT; i++)
		redisAppendCommand(r->ctx, "SCRIPT LOAD %s", rd_script_texts[i]);
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
	rd_script_append(r->ctx, &p->question, p->with_text ? NULL : r->sha[p->question.script]);
	if (p->question.durable) // shorter than our own timeout, so that the answer is "too few"
		redisAppendCommand(r->ctx, "WAIT 1 %d", r->config.timeout_ms * 3 / 4);
	push(&r->sent, p);
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
	while ((p = pop(&r->waiting)))
		send_question(r, p);
}

// Returns false when Redis refuses us; then the connection is dropped.
static bool read_handshake(struct rd_redis *r, const redisReply *reply, int64_t now_ms)
{
	const int script = r->replies_got++ - (r->replies_wanted - RD_SCRIPT_COUNT);

	if (reply->type == REDIS_REPLY_ERROR ||
	    (script >= 0 && (reply->type != REDIS_REPLY_STRING || reply->len != RD_SHA_LEN))) {
		drop(r, now_ms, reply->type == REDIS_REPLY_ERROR ? reply->str : "odd handshake");
		return false;
	}
	if (script >= 0)
		memcpy(r->sha[script], reply->str, RD_SHA_LEN);
	else if (reply->type == REDIS_REPLY_STRING)
		rd_identity_read(&r->identity, (struct rd_span){reply->str, (size_t)reply->len},
				 now_ms);
	if (r->replies_got == r->replies_wanted)
		become_up(r);
	return true;
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
	struct rd_pending *p = pop(&r->sent);
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
		const bool demoted = is_error(reply, "READONLY");
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
		if (go_on && demoted) { // it follows another now, whom the address may name by then
			drop(r, now_ms, "Redis has become a replica");
			go_on = false;
		}
	}
	if (r->ctx && r->ctx->err)
		drop(r, now_ms, r->ctx->errstr);
}

static void on_connected(struct rd_redis *r, uint32_t epoll_events, int64_t now_ms)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(r->ctx->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error)
		drop(r, now_ms, strerror(error));
	else if (epoll_events & EPOLLOUT)
		begin_handshake(r);
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
		push(&r->waiting, p);
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
		drop(r, now_ms, r->ctx->errstr);
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

bool rd_redis_lost(const struct rd_redis *r, int64_t window_ms)
{
	return r->identity.known && rd_mono_ms() - r->identity.since_ms < window_ms;
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
