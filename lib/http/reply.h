// A reply: status, header lines and body, written into the worker's buffers. Pure.
#pragma once
#include "base/buf.h"
#include "base/outcomes.h"
#include "http/dialect.h"

// The longest access token with its lifetimes fits, and so does a page of sessions. All of it must
// fit into a socket's buffer, as nobody waits for a slow reader (wire.c tries that).
#define RD_REPLY_BODY_MAX 65536
#define RD_REPLY_HEAD_MAX 4096

struct rd_reply {
	int status;
	const char *type;   // of the body; NULL: application/json
	uint32_t max_age_s; // others may keep it so long; 0: no-store
	struct rd_span request_id;
	struct rd_buf head; // header lines that the operation adds, each with its \r\n
	struct rd_buf body;
};

// Adds `Name: value`. The caller has made sure that value has no control characters (asserted).
void rd_reply_header(struct rd_reply *reply, const char *name, struct rd_span value);
void rd_reply_retry_after(struct rd_reply *reply, int64_t seconds); // less than 1 becomes 1

// Writes a result that is not RD_OK in the dialect's spelling, with the headers that its status
// needs, in place of what was written before. allow: the Allow header of a 405, or NULL.
void rd_reply_error(struct rd_reply *reply, const struct rd_dialect *dialect, enum rd_result result,
		    const char *allow);

// Adds why to an error that was just written, as error_description (RFC 6749 section 5.2). For
// callers that may know, such as backends; strangers learn nothing. text: ASCII.
void rd_reply_describe(struct rd_reply *reply, struct rd_span text);

// A success of login, issue and refresh (RFC 6749 section 5.1).
struct rd_token_response {
	struct rd_span access, scope;
	struct rd_span refresh;  // empty: the client keeps the one it has
	int64_t expires_in_s;    // of the access token
	int64_t idle_left_s;     // until the session ends unused; the age of its cookies
	int64_t absolute_left_s; // until it ends anyhow
	bool bearer_type;        // token_type and scope in every dialect, not only in oauth2
	bool by_cookie;          // refresh goes as the dialect's cookie, out of scripts' reach
	struct rd_span csrf;     // by cookie: goes as the dialect's csrf cookie; empty: none
};

void rd_reply_token_response(struct rd_reply *reply, const struct rd_dialect *dialect,
			     const struct rd_token_response *response);

// Tells the browser to delete the dialect's cookie, and with csrf also the one for scripts.
void rd_reply_clear_cookies(struct rd_reply *reply, const struct rd_dialect *dialect, bool csrf);

// 204 without a body.
void rd_reply_empty(struct rd_reply *reply);

// Writes status line and all headers as FastCGI needs them (RFC 3875 section 6), ready for the
// body.
void rd_reply_print_head(const struct rd_reply *reply, struct rd_buf *out);
