// One FastCGI request to the running service, for the admin verbs that ask it something.
#pragma once
#include "base/buf.h"

struct rd_fastcgi_reply {
	int status;          // HTTP
	struct rd_span body; // borrowed
};

enum rd_fastcgi {
	RD_FASTCGI_OK,   // *reply is what the service says
	RD_FASTCGI_AWAY, // nobody listens there, or nobody answers in time
	RD_FASTCGI_ODD,  // what answers there is not refreshd
};

// Sends GET with REFRESHD_ROUTE = route to address (unix:PATH or tcp:ADDRESS:PORT) and waits for
// the whole answer, timeout_ms in all. text: room for it; the reply borrows from it. Anything but
// RD_FASTCGI_OK: one line in why.
[[nodiscard]] enum rd_fastcgi rd_fastcgi_get(const char *address, const char *route,
					     int64_t timeout_ms, struct rd_buf *text,
					     struct rd_fastcgi_reply *reply, struct rd_buf *why);

// Reads all records of one answer; their stdout is joined in place, and the reply borrows from it.
// False when they are not a whole answer. Pure.
[[nodiscard]] bool rd_fastcgi_read(char *bytes, size_t len, struct rd_fastcgi_reply *reply);
