// An access token as the credential of a request.
#pragma once
#include "op/op.h"

// Which aud (RFC 7519 section 4.1.3) a token must have.
enum rd_audience {
	RD_AUDIENCE_OF_LOCATION, // REFRESHD_AUDIENCE's, else the service's: for verify
	RD_AUDIENCE_OF_CLIENT,   // that of the client it was issued to: for our own endpoints
};

// Finds the request's access token and verifies it. It is the Bearer token; with
// RD_AUDIENCE_OF_LOCATION it may also be the cookie that REFRESHD_ACCESS_COOKIE names. Our own
// endpoints change something, and a foreign page could make the browser send a cookie there. RD_OK
// fills *out, which borrows from the call. Else RD_MISSING_TOKEN, RD_BAD_REQUEST, RD_MALFORMED,
// RD_FORGED, RD_EXPIRED, or RD_INTERNAL for a misconfigured location, which is logged.
[[nodiscard]] enum rd_result rd_access_take(struct rd_call *call, enum rd_audience audience,
					    struct rd_access *out);

// Verifies a token that was found elsewhere. Results as above, but for RD_MISSING_TOKEN.
[[nodiscard]] enum rd_result rd_access_read(struct rd_call *call, struct rd_span token,
					    enum rd_audience audience, struct rd_access *out);

// Whether a verified token, whose aud has not been looked at, is for the audience of its client;
// then access->aud is that. A token without a client_id, made by a backend that shares an HS256
// key, must be for the service's audience.
[[nodiscard]] bool rd_access_is_for_client(const struct rd_config *config, struct json_object *doc,
					   struct rd_access *access);

// Makes the token's session that of the call: sub, sid and slot. False when the token names none.
[[nodiscard]] bool rd_access_use_session(struct rd_call *call, const struct rd_access *access);

// For our own endpoints, where an access token acts for its session: rd_access_take and
// rd_access_use_session in one. RD_MALFORMED also for a token without a session.
[[nodiscard]] enum rd_result rd_access_take_session(struct rd_call *call);
