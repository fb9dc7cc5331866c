// The access token as the credential of a request.
#pragma once
#include "op/op.h"

enum rd_audience {
	RD_AUDIENCE_OURS,     // that of REFRESHD_AUDIENCE, else the service's own
	RD_AUDIENCE_CLIENT_S, // whichever its client's tokens have: for refreshd's own endpoints
};

// Takes the Bearer token of the request and verifies it, unless it was verified before. With
// RD_AUDIENCE_OURS the token may also be in the cookie that REFRESHD_ACCESS_COOKIE names;
// elsewhere, where requests change something, a foreign page could make the browser send it. RD_OK
// fills *out, which borrows from the call. Else RD_ABSENT_TOKEN, RD_BAD_REQUEST, RD_MALFORMED,
// RD_FORGED, RD_EXPIRED, or RD_INTERNAL for a location that is misconfigured, which is logged.
[[nodiscard]] enum rd_result rd_access_take(struct rd_call *call, enum rd_audience audience,
					    struct rd_access *out);

// Makes the token's session that of the call: sub, sid and slot. False when it names none.
[[nodiscard]] bool rd_access_session(struct rd_call *call, const struct rd_access *access);
