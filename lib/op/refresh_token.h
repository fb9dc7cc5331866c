// A refresh token as the credential of a request.
#pragma once
#include "op/op.h"

// Authenticates the client and the token of credential. RD_OK: the token is one of ours for this
// client, and call->token, sid and by_cookie are set; whether its session stands, only the store
// knows. Else RD_BAD_CLIENT, RD_BAD_SCOPE, RD_MALFORMED or RD_FORGED; RD_CROSS_SITE or
// RD_BAD_REQUEST for a cookie without the X-CSRF-Token that it needs.
[[nodiscard]] enum rd_result rd_refresh_token_take(struct rd_call *call,
						   const struct rd_credential *credential);
