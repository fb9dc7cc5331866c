// One FastCGI request to a running service, for the admin verbs that speak to it.
#pragma once
#include "base/buf.h"

struct rd_fastcgi_reply {
	int status;          // HTTP
	struct rd_span body; // in the caller's text
};

enum rd_fastcgi {
	RD_FASTCGI_OK,   // *reply is what the service says
	RD_FASTCGI_AWAY, // nobody listens there, or nobody answers in time
	RD_FASTCGI_ODD,  // whoever answers is no refreshd
};

// Sends GET with REFRESHD_ROUTE = route to address (as the option `listen`) and waits
// for the whole answer, timeout_ms in all. text: room for it. Anything but RD_FASTCGI_OK: one line
// in why.
[[nodiscard]] enum rd_fastcgi rd_fastcgi_get(const char *address, const char *route,
					     int64_t timeout_ms, struct rd_buf *text,
					     struct rd_fastcgi_reply *reply, struct rd_buf *why);

// What came back, all records of one answer: takes the stdout out of them, in place. False when
// they are no answer. Pure.
[[nodiscard]] bool rd_fastcgi_read(char *bytes, size_t len, struct rd_fastcgi_reply *reply);
