// The way to Redis' address: a unix socket, an IP address or a host name.
//
// A name is looked up anew for each connection, since containers change their addresses. The C
// library's look-up stands still while name servers are silent, for many seconds, and nothing ends
// it. So somebody else does it and sends what was found through a socket: for a worker a thread,
// which owns all it touches and which nobody waits for, not a request and not the end of the
// process; while its answer is due, no other is sent. For those who wait it is a process, since the
// master forks, and a fork may not have threads beside it.
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
	int epoll_fd; // -1: we wait
	void *tag;
	int answer_fd; // -1: nobody has been sent
	pid_t pid;     // who has been sent, when that is a process
	struct rd_dial_found found;
	int next; // address to try
};

// to: borrowed as long as dial is in use. epoll_fd, tag: there a name's answer is announced.
void rd_dial_init(struct rd_dial *dial, const struct rd_redis_address *to, int epoll_fd, void *tag);

// Begins a connection, without blocking. NULL with a text in why: failed; the next call takes the
// name's next address. NULL and no text: the name is being looked up; call again when epoll says
// so, or any time.
redisContext *rd_dial(struct rd_dial *dial, char why[static RD_DIAL_WHY_MAX]);

// The connection was good, and is gone: the next one looks the name up again.
void rd_dial_forget(struct rd_dial *dial);

// For those who may wait, the admin verbs and the master: for the look-up and for each address of
// the name at most so long. NULL with a text in why: failed.
redisContext *rd_dial_wait(const struct rd_redis_address *to, struct timeval limit,
			   char why[static RD_DIAL_WHY_MAX]);
