// The access token as the credential of a request.
#pragma once
#include "op/op.h"

enum rd_audience {
	RD_AUDIENCE_OF_LOCATION, // that of REFRESHD_AUDIENCE, else the service's own
	RD_AUDIENCE_OF_CLIENT,   // whichever its client's tokens have: for refreshd's own endpoints
};

// Takes the Bearer token of the request and verifies it, unless it was verified before. With
// RD_AUDIENCE_OF_LOCATION the token may also be in the cookie that REFRESHD_ACCESS_COOKIE names;
// elsewhere, where requests change something, a foreign page could make the browser send it. RD_OK
// fills *out, which borrows from the call. Else RD_MISSING_TOKEN, RD_BAD_REQUEST, RD_MALFORMED,
// RD_FORGED, RD_EXPIRED, or RD_INTERNAL for a location that is misconfigured, which is logged.
[[nodiscard]] enum rd_result rd_access_take(struct rd_call *call, enum rd_audience audience,
					    struct rd_access *out);

// The same for a token that came otherwise.
[[nodiscard]] enum rd_result rd_access_read(struct rd_call *call, struct rd_span token,
					    enum rd_audience audience, struct rd_access *out);

// Whether a verified token, whose aud was not looked at, is for the audience of its client's
// tokens; then access->aud is that. A token that names no client, made by a backend that shares an
// HS256 key, is for the service's own.
[[nodiscard]] bool rd_access_is_for_client(const struct rd_config *config, struct json_object *doc,
					   struct rd_access *access);

// Makes the token's session that of the call: sub, sid and slot. False when it names none.
[[nodiscard]] bool rd_access_session(struct rd_call *call, const struct rd_access *access);

// Both, for refreshd's own endpoints, where an access token acts for its session. As
// rd_access_take; RD_MALFORMED also for a token of no session.
[[nodiscard]] enum rd_result rd_access_asker(struct rd_call *call);
