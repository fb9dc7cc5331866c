// One connection to one Redis, which reconnects by itself. Never blocks, not even for a host name:
// all questions of one wake-up leave in one write, answers come back in order.
//
// A question that is not answered timeout_ms after it left drops the connection and with it every
// question in flight, because hiredis would hand the late reply to the next caller. After a failed
// attempt to connect, questions are refused at once until an attempt succeeds; attempts are 25..50
// ms apart at first and 200..400 ms later, jittered. An attempt takes timeout_ms at most; the next
// one waits for the same look-up of a name if that is still unanswered.
//
// A server that says that it is a replica is no place to write: to find one is a failed attempt,
// and a connection on which one refuses to write is dropped. The next attempt takes the name's next
// address, or looks it up anew, until a primary is found.
//
// A durable question is followed by WAIT, which holds up what comes behind it on its connection:
// give such questions a connection of their own.
#pragma once
#include <stdint.h>
#include "base/buf.h"
#include "store/redis/address.h"
#include "store/store.h"

#define RD_REDIS_RETRY_MAX_MS 400

struct rd_counts;

struct rd_redis_config {
	struct rd_redis_address address;
	const char *user, *password; // NULL: none. Borrowed for the connection's life
	int timeout_ms;
	struct rd_counts *counts; // NULL: nothing is counted
};

// A wake-up that takes longer was stopped, as by SIGSTOP or with its container. nginx has given up
// by then (fastcgi_read_timeout) and asked another worker, so the old question could look like
// theft.
#define RD_STANDSTILL_MS 3000

// A question on its way. Embed it in what waits for the answer. done is called exactly once, from
// rd_redis_events or rd_redis_tick, never from rd_redis_submit; the waiting struct may be freed in
// it.
struct rd_pending {
	struct rd_question question;
	void (*done)(struct rd_pending *pending, const struct rd_answer *answer);
	struct rd_pending *next;
	int64_t deadline_ms; // monotonic
	bool with_text;      // sent as EVAL with the script's text
	void *first_reply;   // of a durable question: the script's, until WAIT is answered
};

struct rd_redis;

// epoll_fd: the connection registers itself there with epoll data.ptr = tag.
struct rd_redis *rd_redis_new(const struct rd_redis_config *config, int epoll_fd, void *tag);

void rd_redis_submit(struct rd_redis *redis, struct rd_pending *pending);
void rd_redis_events(struct rd_redis *redis, uint32_t epoll_events, int64_t now_ms);
// Connects when it is time, refuses what is overdue and writes what was submitted. Call it once at
// the end of each wake-up, which began at now_ms. Returns the ms until it has to be called again,
// -1 for never.
int rd_redis_tick(struct rd_redis *redis, int64_t now_ms);

bool rd_redis_up(const struct rd_redis *redis);      // connected to a primary, scripts loaded
bool rd_redis_replica(const struct rd_redis *redis); // not up: what answers is a replica
// Whether acknowledged writes may have been lost within the last window_ms: the server was started
// then, or another one took its place.
bool rd_redis_lost(const struct rd_redis *redis, int64_t window_ms);
bool rd_redis_settled(const struct rd_redis *redis); // up, or the last attempt failed
