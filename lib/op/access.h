// The access token as the credential of a request.
#pragma once
#include "op/op.h"

enum rd_audience {
	RD_AUDIENCE_OURS,     // that of REFRESHD_AUDIENCE, else the service's own
	RD_AUDIENCE_CLIENT_S, // whichever its client's tokens have: for refreshd's own endpoints
};

// Takes the Bearer token of the request and verifies it. RD_OK fills *out, which borrows from
// call->json. Else RD_ABSENT_TOKEN, RD_BAD_REQUEST, RD_MALFORMED, RD_FORGED or RD_EXPIRED.
[[nodiscard]] enum rd_result rd_access_take(struct rd_call *call, enum rd_audience audience,
					    struct rd_access *out);

// Makes the token's session that of the call: sub, sid and slot. False when it names none.
[[nodiscard]] bool rd_access_session(struct rd_call *call, const struct rd_access *access);

// Both, for refreshd's own endpoints, where an access token acts for its session. As
// rd_access_take; RD_MALFORMED also for a token of no session.
[[nodiscard]] enum rd_result rd_access_asker(struct rd_call *call);
