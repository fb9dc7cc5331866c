// The way to Redis' address: a unix socket, an IP address or a host name.
//
// A name is looked up anew for each connection, since containers change their addresses. The C
// library's look-up stands still while name servers are silent, for many seconds, and nothing ends
// it. So it has a thread of its own, which owns all it touches, sends what it found through a
// socket and ends. Nobody waits for it: not a request, not the end of the process. While an answer
// is due, nobody else is sent.
#pragma once
#include <hiredis/hiredis.h>
#include "store/redis.h"

#define RD_DIAL_WHY_MAX 128

struct rd_dial;

// epoll_fd, tag: there a name's answer is announced. address: borrowed for the life of what comes
// back, which is NULL when there is no memory.
struct rd_dial *rd_dial_new(const struct rd_redis_address *address, int epoll_fd, void *tag);
void rd_dial_free(struct rd_dial *dial);

// Begins a connection, without blocking. NULL with a text in why: failed; the next call takes the
// name's next address. NULL and no text: the name is being looked up; call again when epoll says
// so, or any time.
redisContext *rd_dial(struct rd_dial *dial, char why[static RD_DIAL_WHY_MAX]);

// The connection was good, and is gone: the next one looks the name up again.
void rd_dial_forget(struct rd_dial *dial);

// For those who may wait, the admin verbs and the master: for the look-up and for each address of
// the name at most so long. NULL with a text in why: failed.
redisContext *rd_dial_wait(const struct rd_redis_address *address, struct timeval limit,
			   char why[static RD_DIAL_WHY_MAX]);
