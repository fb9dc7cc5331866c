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

enum state { DOWN, LOOKING_UP, CONNECTING, GREETING, UP };

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
	uint32_t listening;     // epoll events asked for
	int greeted, greetings; // replies to the greeting: got, wanted
	int failures;           // attempts to connect that failed in a row
	bool lost;              // a connection that was up
	int64_t retry_at_ms, greet_by_ms;
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
		if (p->held)
			freeReplyObject(p->held);
		p->held = NULL;
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

// Gives the connection up. Whatever was sent may or may not have run, so it is answered `away`.
static void drop(struct rd_redis *r, int64_t now_ms, const char *why)
{
	const bool was_up = r->state == UP;

	rd_count(r->config.counts, RD_METRIC_REDIS_ERRORS);
	r->lost |= was_up;
	if (was_up || r->failures == 0)
		rd_log(RD_LOG_WARN, "redis.down", "%s", why);
	if (r->ctx)
		redisFree(r->ctx); // closes the socket, which leaves epoll by itself
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

static void greet(struct rd_redis *r)
{
	r->state = GREETING;
	r->greeted = 0;
	r->greetings = RD_SCRIPT_COUNT + rd_script_greet(r->ctx, &r->config);
	r->greetings += rd_identity_ask(r->ctx);
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
	rd_script_bound(r->ctx->reader);
	r->state = CONNECTING;
	listen_for(r, EPOLLIN | EPOLLOUT);
}

static void send_question(struct rd_redis *r, struct rd_pending *p)
{
	rd_script_append(r->ctx, &p->question, p->whole ? NULL : r->sha[p->question.script]);
	if (p->question.durable) // shorter than our own patience, so that the answer is "too few"
		redisAppendCommand(r->ctx, "WAIT 1 %d", r->config.timeout_ms * 3 / 4);
	push(&r->sent, p);
	if (!r->unwritten)
		r->unwritten = p;
}

// One reply of the greeting. False when Redis refuses us.
static bool greeting_reply(struct rd_redis *r, const redisReply *reply, int64_t now_ms)
{
	const int script = r->greeted++ - (r->greetings - RD_SCRIPT_COUNT);
	struct rd_pending *p;

	if (reply->type == REDIS_REPLY_ERROR ||
	    (script >= 0 && (reply->type != REDIS_REPLY_STRING || reply->len != RD_SHA_LEN))) {
		drop(r, now_ms, reply->type == REDIS_REPLY_ERROR ? reply->str : "odd greeting");
		return false;
	}
	if (script >= 0)
		memcpy(r->sha[script], reply->str, RD_SHA_LEN);
	else if (reply->type == REDIS_REPLY_STRING)
		rd_identity_read(&r->identity, (struct rd_span){reply->str, (size_t)reply->len},
				 now_ms);
	if (r->greeted < r->greetings)
		return true;
	r->state = UP;
	r->failures = 0;
	if (r->lost)
		rd_count(r->config.counts, RD_METRIC_REDIS_RECONNECTS);
	rd_log(RD_LOG_INFO, "redis.up", "connected");
	while ((p = pop(&r->waiting)))
		send_question(r, p);
	return true;
}

static bool is_error(const redisReply *reply, const char *word)
{
	return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, word, strlen(word)) == 0;
}

static void tell_error(struct rd_redis *r, const char *what)
{
	rd_count(r->config.counts, RD_METRIC_REDIS_ERRORS);
	rd_log(RD_LOG_ERROR, "redis.error", "%s", what);
}

// The reply to the first question in flight; replicas: how many have it, -1 when that was not
// asked.
static void finish(struct rd_redis *r, const redisReply *reply, long long replicas)
{
	struct rd_pending *p = pop(&r->sent);
	struct rd_answer answer;

	if (is_error(reply, "NOSCRIPT") && !p->whole) {
		p->whole = true; // nothing ran; send the text along, which also loads it
		send_question(r, p);
		return;
	}
	if (reply->type == REDIS_REPLY_ERROR)
		tell_error(r, reply->str);
	rd_script_answer(reply, &answer);
	if (replicas == 0) {
		tell_error(r, "no replica has confirmed a write");
		answer = (struct rd_answer){.away = true};
	}
	p->done(p, &answer);
}

// Returns whether the reply was kept for later.
static bool question_reply(struct rd_redis *r, redisReply *reply)
{
	struct rd_pending *p = r->sent.first;
	redisReply *first = p->held;

	if (p->question.durable && !first) {
		p->held = reply;
		return true;
	}
	p->held = NULL;
	if (!first) {
		finish(r, reply, -1);
		return false;
	}
	finish(r, first, reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0);
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

		if (r->state == GREETING) {
			go_on = greeting_reply(r, reply, now_ms);
		} else if (r->sent.first && r->sent.first != r->unwritten) {
			kept = question_reply(r, reply);
		} else {
			drop(r, now_ms, "a reply nobody asked for");
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

static void see_connected(struct rd_redis *r, uint32_t epoll_events, int64_t now_ms)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(r->ctx->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error)
		drop(r, now_ms, strerror(error));
	else if (epoll_events & EPOLLOUT)
		greet(r);
}

void rd_redis_events(struct rd_redis *r, uint32_t epoll_events, int64_t now_ms)
{
	if (r->state == LOOKING_UP)
		connect_now(r, now_ms);
	else if (r->state == CONNECTING)
		see_connected(r, epoll_events, now_ms);
	else if (r->state != DOWN && (epoll_events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		read_replies(r, now_ms);
}

void rd_redis_submit(struct rd_redis *r, struct rd_pending *p)
{
	p->deadline_ms = rd_mono_ms() + r->config.timeout_ms;
	p->whole = false;
	p->held = NULL;
	if (r->state == UP)
		send_question(r, p);
	else
		push(&r->waiting, p);
}

// The time to answer begins when a question leaves, not when it was made: hashing passwords may
// have blocked this wake-up for longer than that.
static void start_clocks(struct rd_redis *r)
{
	const int64_t deadline_ms = r->unwritten ? rd_mono_ms() + r->config.timeout_ms : 0;

	for (; r->unwritten; r->unwritten = r->unwritten->next)
		r->unwritten->deadline_ms = deadline_ms;
}

static void write_out(struct rd_redis *r, int64_t now_ms)
{
	int done = 0;

	if (r->state != GREETING && r->state != UP)
		return;
	start_clocks(r);
	if (redisBufferWrite(r->ctx, &done) != REDIS_OK) {
		drop(r, now_ms, r->ctx->errstr);
		return;
	}
	listen_for(r, done ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

static int sooner(int wait_ms, int64_t at_ms, int64_t now_ms)
{
	int64_t left = at_ms > now_ms ? at_ms - now_ms : 0;

	return wait_ms < 0 || left < wait_ms ? (int)left : wait_ms;
}

static bool overdue(const struct rd_redis *r, int64_t now_ms)
{
	return r->sent.first && r->sent.first != r->unwritten &&
	       now_ms >= r->sent.first->deadline_ms;
}

static bool is_coming(const struct rd_redis *r)
{
	return r->state != DOWN && r->state != UP;
}

int rd_redis_tick(struct rd_redis *r, int64_t now_ms)
{
	int wait_ms = -1;

	if (r->state == DOWN && now_ms >= r->retry_at_ms) {
		r->greet_by_ms = now_ms + r->config.timeout_ms;
		connect_now(r, now_ms);
	}
	if (is_coming(r) && now_ms >= r->greet_by_ms)
		drop(r, now_ms,
		     r->state == LOOKING_UP ? "no address in time" : "no greeting in time");
	if (overdue(r, now_ms)) // perhaps it has come, and we were busy
		read_replies(r, now_ms);
	if (overdue(r, now_ms))
		drop(r, now_ms, "no answer in time");
	if (r->waiting.first && (r->failures || now_ms >= r->waiting.first->deadline_ms))
		refuse_all(&r->waiting);
	write_out(r, now_ms);
	if (r->state == DOWN)
		wait_ms = sooner(wait_ms, r->retry_at_ms, now_ms);
	if (is_coming(r))
		wait_ms = sooner(wait_ms, r->greet_by_ms, now_ms);
	if (r->sent.first)
		wait_ms = sooner(wait_ms, r->sent.first->deadline_ms, now_ms);
	if (r->waiting.first)
		wait_ms = sooner(wait_ms, r->waiting.first->deadline_ms, now_ms);
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
