// A decoded request: what an operation gets to see. Everything is borrowed from the parameters and
// the body, which stay until the answer is out. Decoding is pure.
#pragma once
#include "base/json.h"
#include "base/outcomes.h"
#include "http/dialect.h"
#include "http/form.h"
#include "http/params.h"

struct rd_request {
	const struct rd_params *params;
	const struct rd_dialect *dialect;
	char *body; // body_len bytes; decoding a form overwrites it
	size_t body_len;
};

// A client as it presents itself; nothing is checked yet.
struct rd_client_claim {
	struct rd_span id, secret; // empty: none given
	bool basic;                // by Authorization: Basic, RFC 6749 section 2.3.1
};

struct rd_credential {
	struct rd_span token;
	struct rd_span scope; // asked for, RFC 6749 section 6; empty: all that was granted
	struct rd_client_claim client;
	bool by_cookie;
	bool unnamed_origin; // by cookie: nothing says which page has sent it
	bool access;         // logout: an access token instead
};

// The refresh token where the dialect has it. RD_OK, RD_MISSING_TOKEN, RD_BAD_TYPE, RD_BAD_REQUEST
// (unreadable, contradictory or repeated), RD_CROSS_SITE, RD_BAD_GRANT_TYPE, RD_BAD_CLIENT (broken
// Basic). json: set when out borrows from it, NULL otherwise; rd_json_free it. scratch:
// RD_BASIC_MAX bytes for a decoded Basic header.
#define RD_BASIC_MAX 512
[[nodiscard]] enum rd_result rd_decode_refresh(const struct rd_request *request, char *scratch,
					       struct json_object **json,
					       struct rd_credential *out);

// The same for ending a session: no grant type is asked for, and where the dialect's place is
// empty, the token of `Authorization: Bearer` will do, of either kind. An access token beside a
// refresh token is left aside, since API clients send it along everywhere; two refresh tokens are
// RD_BAD_REQUEST.
[[nodiscard]] enum rd_result rd_decode_logout(const struct rd_request *request, char *scratch,
					      struct json_object **json, struct rd_credential *out);

// Whether a request of the cookie dialect comes from a page of our own. RD_OK, RD_CROSS_SITE,
// RD_BAD_TYPE or RD_BAD_REQUEST. *unnamed_origin: see rd_cookie_same_origin.
[[nodiscard]] enum rd_result rd_decode_page(const struct rd_request *request, bool *unnamed_origin);

// The token of `Authorization: Bearer`. RD_OK, RD_MISSING_TOKEN or RD_BAD_REQUEST.
[[nodiscard]] enum rd_result rd_decode_bearer(const struct rd_params *params, struct rd_span *out);

// Authorization: Basic. RD_OK (also when there is none: then basic is false), RD_BAD_CLIENT, or
// RD_BAD_REQUEST for two of them.
[[nodiscard]] enum rd_result rd_decode_basic(const struct rd_params *params, char *scratch,
					     struct rd_client_claim *out);

// A form and the client that sends it (RFC 6749 section 2.3.1, and so RFC 7009 and 7662): by Basic
// or by form, never both. RD_OK, RD_BAD_TYPE, RD_BAD_REQUEST or RD_BAD_CLIENT (broken Basic).
// scratch: as in rd_decode_refresh.
[[nodiscard]] enum rd_result rd_decode_form(const struct rd_request *request, char *scratch,
					    struct rd_form *form, struct rd_client_claim *client);

// A JSON body. RD_OK, RD_BAD_TYPE or RD_BAD_REQUEST.
[[nodiscard]] enum rd_result rd_decode_json(const struct rd_request *request,
					    struct json_object **out);
