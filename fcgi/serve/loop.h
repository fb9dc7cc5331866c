// What the worker's loop and its connections share.
#pragma once
#include "fcgi/serve/frame.h"
#include "fcgi/serve/hash_queue.h"
#include "fcgi/serve/worker.h"

struct rd_conn;

struct rd_loop {
	const struct rd_worker_setup *setup;
	int epoll_fd, signal_fd, listen_fd;
	uint32_t gone_events; // epoll's, of a connection whose other side has closed
	struct rd_redis *redis;
	struct rd_redis *durable; // for durable questions; NULL where durability = async
	struct rd_jwt_cache *jwt_cache;
	struct rd_counts *counts; // this worker's
	struct rd_snapshot *newest;
	struct rd_conn *conns;  // open connections, doubly linked
	struct rd_conn *closed; // singly linked; freed at the end of the wake-up
	size_t conn_count;      // of conns
	bool priority_lowered;  // hashing makes way for others
	struct rd_hash_queue hashes;
	size_t hashing_count;    // requests between their first question and their answer
	int64_t hashed_ms;       // monotonic, end of the last hash
	int64_t now_ms;          // monotonic, of this wake-up
	int64_t accept_at_ms;    // not listening before then; 0: listening
	int64_t drain_by_ms;     // draining, to be over by then; 0: serving
	int64_t idle_by_ms;      // draining: idle connections stay until then
	uint64_t requests;       // begun
	uint32_t recycle_limit;  // max_requests, as recycle_after was drawn
	uint64_t recycle_after;  // requests; 0: never
	int64_t next_timeout_ms; // no connection times out before then; 0: none is waited for
	// For the length of one call each; wiped before it returns.
	uint8_t peeked[RD_FRAME_MAX];
	char head[RD_REPLY_HEAD_MAX], out[RD_REPLY_HEAD_MAX + 512], body[RD_REPLY_BODY_MAX];
};

// Takes over an accepted, non-blocking connection.
void rd_conn_open(struct rd_loop *loop, int fd);
// Handles what epoll reports for the connection.
void rd_conn_events(struct rd_conn *conn, uint32_t epoll_events);
// Answers the oldest of loop->hashes, of which there is one; that takes as long as its hash.
void rd_conn_hash(struct rd_loop *loop);
// Closes connections whose request has been incomplete for too long and, when draining, those that
// are idle. Returns the ms until the next one is due, -1 for none.
int rd_conn_tick(struct rd_loop *loop);
// Frees what was closed. Call it when no event of this wake-up is left.
void rd_conn_free_closed(struct rd_loop *loop);
