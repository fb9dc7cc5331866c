// Decoding a request: the credential, the client and the body, as operations read them. All of it
// borrows from the parameters and the body, which stay until the reply is out. Pure.
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

// The client that a request names; nothing is checked yet.
struct rd_client_claim {
	struct rd_span id, secret; // empty: none
	bool basic;                // by Authorization: Basic, RFC 6749 section 2.3.1
};

struct rd_credential {
	struct rd_span token;
	struct rd_span scope; // asked for, RFC 6749 section 6; empty: all that was granted
	struct rd_client_claim client;
	bool by_cookie;
	bool unnamed_origin; // by_cookie, and nothing says which page has sent it
	bool access;         // logout: token is an access token
};

#define RD_BASIC_MAX 512 // bytes of a decoded Basic header

// Finds the refresh token where the dialect has it. RD_OK, RD_MISSING_TOKEN, RD_BAD_TYPE,
// RD_BAD_REQUEST (unreadable, contradictory or repeated), RD_CROSS_SITE, RD_BAD_GRANT_TYPE,
// RD_BAD_CLIENT (broken Basic). *json: the parsed body, from which out borrows, or NULL; the
// caller's to rd_json_free. scratch: RD_BASIC_MAX bytes, from which out->client borrows.
[[nodiscard]] enum rd_result rd_decode_refresh(const struct rd_request *request, char *scratch,
					       struct json_object **json,
					       struct rd_credential *out);

// The same for logout: a form needs no grant_type, and where the dialect's place is empty, a token
// of either kind by `Authorization: Bearer` will do. An access token beside a refresh token is
// ignored, as API clients add it to every request; two refresh tokens are RD_BAD_REQUEST.
[[nodiscard]] enum rd_result rd_decode_logout(const struct rd_request *request, char *scratch,
					      struct json_object **json, struct rd_credential *out);

// Whether a request in the cookie dialect comes from a page of our own. RD_OK, RD_CROSS_SITE,
// RD_BAD_TYPE or RD_BAD_REQUEST. *unnamed_origin: see rd_cookie_same_origin.
[[nodiscard]] enum rd_result rd_decode_page(const struct rd_request *request, bool *unnamed_origin);

// The token of `Authorization: Bearer`. RD_OK, RD_MISSING_TOKEN or RD_BAD_REQUEST.
[[nodiscard]] enum rd_result rd_decode_bearer(const struct rd_params *params, struct rd_span *out);

// The client of `Authorization: Basic`. RD_OK, also without that header: then *out stays as it is;
// RD_BAD_CLIENT for anything else in it, RD_BAD_REQUEST for two of them.
[[nodiscard]] enum rd_result rd_decode_basic(const struct rd_params *params, char *scratch,
					     struct rd_client_claim *out);

// A form, and the client that sends it: by Basic or in the form, never both (RFC 6749
// section 2.3.1, which RFC 7009 and RFC 7662 refer to). RD_OK, RD_BAD_TYPE, RD_BAD_REQUEST or
// RD_BAD_CLIENT (broken Basic). scratch: as in rd_decode_refresh.
[[nodiscard]] enum rd_result rd_decode_form(const struct rd_request *request, char *scratch,
					    struct rd_form *form, struct rd_client_claim *client);

// A JSON body. RD_OK, RD_BAD_TYPE or RD_BAD_REQUEST. *out: the caller's to rd_json_free.
[[nodiscard]] enum rd_result rd_decode_json(const struct rd_request *request,
					    struct json_object **out);
