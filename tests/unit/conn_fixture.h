// Connections of a worker's loop whose other end is the test, and a store that is the test's too.
#pragma once
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fcgi/serve/loop.h"
#include "fcgi/serve/record.h"
#include "fcgi/serve/wire.h"
#include "op_fixture.h"

#define PARAMS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define HEALTH      PARAMS("REFRESHD_ROUTE", "health", "REQUEST_METHOD", "GET")

static struct {
	struct rd_worker_setup setup;
	struct rd_loop loop;
	struct rd_pending *asked[8]; // of the store, oldest first
	size_t asked_count;
} it;

// In place of the connection to Redis, which the linker leaves out then.
void rd_redis_submit(struct rd_redis *redis, struct rd_pending *pending)
{
	(void)redis;
	assert_true(it.asked_count < COUNT(it.asked));
	it.asked[it.asked_count++] = pending;
}

bool rd_redis_up(const struct rd_redis *redis)
{
	(void)redis;
	return true;
}

bool rd_redis_replica(const struct rd_redis *redis)
{
	(void)redis;
	return false;
}

bool rd_redis_lost(const struct rd_redis *redis, int64_t window_ms)
{
	(void)redis, (void)window_ms;
	return false;
}

// The store's answer to the oldest question.
static inline void store_answers(struct rd_answer answer)
{
	struct rd_pending *pending = it.asked[0];

	assert_true(it.asked_count > 0);
	memmove(it.asked, it.asked + 1, --it.asked_count * sizeof *it.asked);
	pending->done(pending, &answer);
}

static inline void publish_body_max(uint32_t body_max)
{
	op.config.body_max = body_max;
	rd_publish(it.setup.published, &op.config, ring());
	it.loop.newest = rd_snapshot_newest(it.loop.newest, it.setup.published);
}

static inline int start_conn(void **state)
{
	signal(SIGPIPE, SIG_IGN);
	if (start_op(state) != 0 || !rd_wire_init())
		return -1;
	op.config.read_timeout_ms = 5000;
	op.config.login_queue = 2;
	it.setup = (struct rd_worker_setup){.published = rd_published_new(),
					    .metrics = rd_metrics_new(1, 1)};
	it.loop = (struct rd_loop){.setup = &it.setup,
				   .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
				   .gone_events = EPOLLHUP | EPOLLERR,
				   .counts = rd_metrics_counts(it.setup.metrics, 0),
				   .now_ms = 1000000};
	it.asked_count = 0;
	publish_body_max(4096);
	return it.loop.newest && it.loop.epoll_fd >= 0 ? 0 : -1;
}

// Every connection of a test must have ended.
static inline int stop_conn(void **state)
{
	rd_conn_free_closed(&it.loop);
	rd_snapshot_release(it.loop.newest);
	close(it.loop.epoll_fd);
	return it.loop.conn_count || it.loop.hashing_count || it.asked_count ? -1 : stop_op(state);
}

// One wake-up at now_ms, as worker.c has it.
static inline void wake(void)
{
	struct epoll_event events[16];
	int n;

	(void)rd_conn_tick(&it.loop);
	n = epoll_wait(it.loop.epoll_fd, events, 16, 0);
	for (int i = 0; i < n; i++)
		rd_conn_events(events[i].data.ptr, events[i].events);
	rd_conn_free_closed(&it.loop);
}

static inline void wake_after(int64_t ms)
{
	it.loop.now_ms += ms;
	wake();
}

// Returns nginx' end of a new connection.
static inline int connect_conn(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair),
			 0);
	rd_conn_open(&it.loop, pair[1]);
	return pair[0];
}

struct request {
	char bytes[200000];
	struct rd_buf buf;
};

// The parameters pairs (name, value, …, up to a NULL) in records of up to piece bytes, and a body.
static inline struct rd_span build(struct request *r, const char *const *pairs, size_t piece,
				   struct rd_span body)
{
	static const char begin[8] = {0, RD_FASTCGI_ROLE_RESPONDER, 1}; // to be kept
	static char bytes[RD_PARAMS_MAX * 2];
	struct rd_buf params = RD_BUF(bytes);
	struct rd_span rest;

	r->buf = RD_BUF(r->bytes);
	for (; *pairs; pairs += 2)
		for (int i = 0; i < 4; i++) { // both lengths, both texts
			const struct rd_span text = rd_span(pairs[i % 2]);
			const uint8_t len[4] = {0x80, (uint8_t)(text.len >> 16),
						(uint8_t)(text.len >> 8), (uint8_t)text.len};

			rd_put(&params, i < 2 ? (const void *)len : text.ptr,
			       i < 2 ? sizeof len : text.len);
		}
	rest = rd_buf_span(&params);
	rd_fastcgi_record_put(&r->buf, RD_FASTCGI_BEGIN, 1, (struct rd_span){begin, sizeof begin});
	while (rest.len > 0)
		rd_fastcgi_record_put(&r->buf, RD_FASTCGI_PARAMS, 1,
				      rd_span_take(&rest, rest.len < piece ? rest.len : piece));
	rd_fastcgi_record_put(&r->buf, RD_FASTCGI_PARAMS, 1, (struct rd_span){0});
	while (body.len > 0)
		rd_fastcgi_record_put(&r->buf, RD_FASTCGI_STDIN, 1,
				      rd_span_take(&body, body.len < 60000 ? body.len : 60000));
	rd_fastcgi_record_put(&r->buf, RD_FASTCGI_STDIN, 1, (struct rd_span){0});
	assert_true(rd_buf_ok(&r->buf) && rd_buf_ok(&params));
	rd_wipe(bytes, params.len);
	return rd_buf_span(&r->buf);
}

static inline void send_bytes(int peer, struct rd_span bytes)
{
	assert_int_equal(write(peer, bytes.ptr, bytes.len), bytes.len);
}

static inline void send_request(int peer, const char *const *pairs, const char *body)
{
	static struct request r;

	send_bytes(peer, build(&r, pairs, 60000, rd_span(body)));
	rd_wipe(&r, sizeof r);
}

// A POST refresh in the flask dialect.
static inline void send_refresh(int peer, const char *token)
{
	send_request(peer,
		     PARAMS("REFRESHD_ROUTE", "refresh", "REFRESHD_DIALECT", "flask",
			    "REQUEST_METHOD", "POST", "CONTENT_LENGTH", "0", "HTTP_AUTHORIZATION",
			    op_text("Bearer %s", token)),
		     "");
}

static inline void send_login(int peer)
{
	const char *body = "{\"name\":\"anna\",\"password\":\"pw\"}";

	send_request(peer,
		     PARAMS("REFRESHD_ROUTE", "login", "REQUEST_METHOD", "POST", "CONTENT_TYPE",
			    "application/json", "CONTENT_LENGTH", op_text("%zu", strlen(body))),
		     body);
}

// Statuses of all answers that have come, "200 503 "; "closed" at the end when the connection has.
static inline const char *heard_on(int peer)
{
	static char text[200];
	static char bytes[400000];
	struct rd_buf out = {text, 0, sizeof text - 1, false};
	const char *at = bytes;
	size_t len = 0;
	ssize_t n;

	while ((n = recv(peer, bytes + len, sizeof bytes - len, 0)) > 0)
		len += (size_t)n;
	while ((at = memmem(at, len - (size_t)(at - bytes), "Status: ", 8))) {
		rd_put(&out, at + 8, 4);
		at += 8;
	}
	if (n == 0 || errno == ECONNRESET)
		rd_put_lit(&out, "closed");
	text[out.len] = 0;
	rd_wipe(bytes, len);
	return text;
}

// nginx goes away.
static inline void hang_up(int peer)
{
	close(peer);
	wake();
}
