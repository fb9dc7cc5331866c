// A reply: status, header lines and body, written into the worker's buffers. Pure.
#pragma once
#include "base/buf.h"
#include "base/outcomes.h"
#include "http/dialect.h"

// The longest access token with both lifetimes around it fits, and a page of sessions; and it must
// fit into a socket's buffer, since nobody waits there for a slow reader (wire.c tries it).
#define RD_REPLY_BODY_MAX 65536
#define RD_REPLY_HEAD_MAX 4096

struct rd_reply {
	int status;
	const char *type;   // of the body; NULL: application/json
	uint32_t max_age_s; // 0: no-store
	struct rd_span request_id;
	struct rd_buf head; // header lines an operation adds, each with its \r\n
	struct rd_buf body;
};

// Adds `Name: value`. Control characters in value would be a bug in what made it: asserted.
void rd_reply_header(struct rd_reply *reply, const char *name, struct rd_span value);
void rd_reply_retry_after(struct rd_reply *reply, int64_t seconds); // at least 1

// An outcome that is not RD_OK, in the dialect's spelling, with the headers that its status asks
// for. allow: the Allow header of a 405, or NULL.
void rd_reply_error(struct rd_reply *reply, const struct rd_dialect *dialect, enum rd_result result,
		    const char *allow);

// What a login, an issue or a refresh gives.
struct rd_token_response {
	struct rd_span access, scope;
	struct rd_span refresh; // empty: the client keeps the one it has
	int64_t expires_in_s, idle_left_s, absolute_left_s;
	bool bearer_type; // says token_type also outside oauth2
	bool by_cookie; // refresh goes as the dialect's cookie, out of reach of the page's scripts
	struct rd_span csrf; // by cookie: goes as the dialect's other one, for the scripts
};

void rd_reply_token_response(struct rd_reply *reply, const struct rd_dialect *dialect,
			     const struct rd_token_response *grant);

// Has the browser forget the dialect's cookie, and with csrf the one for scripts.
void rd_reply_clear_cookies(struct rd_reply *reply, const struct rd_dialect *dialect, bool csrf);

// 204: done, and there is nothing to say.
void rd_reply_empty(struct rd_reply *reply);

// Writes status line and all headers as FastCGI wants them (RFC 3875 section 6), ready for the
// body.
void rd_reply_print_head(const struct rd_reply *reply, struct rd_buf *out);
