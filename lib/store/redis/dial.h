// Connects to Redis' address: a unix socket, an IP address or a host name.
//
// A name is looked up again for each connection, since containers change their addresses. The C
// library's look-up blocks for many seconds while name servers are silent, and cannot be
// interrupted. So a resolver beside us does it and sends what it found through a socket. For a
// worker that is a detached thread, which owns all it touches; neither a request nor the end of the
// process waits for it, and there is one at a time. For blocking callers it is a process, since the
// master forks, and must not have threads when it does.
#pragma once
#include <hiredis/hiredis.h>
#include <sys/types.h>
#include "store/redis/connection.h"

#define RD_DIAL_WHY_MAX   128
#define RD_DIAL_ADDRESSES 8

struct rd_dial_found {
	int error; // getaddrinfo's
	int count;
	char address[RD_DIAL_ADDRESSES][64]; // 64: IPv6 with the name of an interface
};

struct rd_dial {
	const struct rd_redis_address *to;
	int epoll_fd; // -1: blocking
	void *tag;
	int answer_fd; // of the resolver; -1: none is running
	pid_t pid;     // of the resolver, if it is a process; else 0
	struct rd_dial_found found;
	int next; // address of found to try
};

// to: borrowed as long as dial is in use. epoll_fd: reports there, with epoll data.ptr = tag, that
// a name was looked up.
void rd_dial_init(struct rd_dial *dial, const struct rd_redis_address *to, int epoll_fd, void *tag);

// Begins a connection, without blocking. NULL with a text in why: failed; the next call takes the
// name's next address. NULL with why empty: the name is being looked up; call again when epoll says
// so, or at any time.
redisContext *rd_dial(struct rd_dial *dial, char why[static RD_DIAL_WHY_MAX]);

// Makes the next call look the name up again: after a connection that was good is lost.
void rd_dial_forget(struct rd_dial *dial);

// The same, blocking, for the admin verbs and the master. limit: of the look-up, and of each of the
// name's addresses. NULL with a text in why: failed.
redisContext *rd_dial_wait(const struct rd_redis_address *to, struct timeval limit,
			   char why[static RD_DIAL_WHY_MAX]);
