// The refresh token as the credential of a request.
#pragma once
#include "op/op.h"

// Takes the client and the token of credential. RD_OK: it is authentic and fills call->token and
// sid; what has become of its session, only the store knows. Else RD_BAD_CLIENT, RD_BAD_SCOPE,
// RD_MALFORMED or RD_FORGED; or RD_CROSS_SITE or RD_BAD_REQUEST when a cookie came without the
// X-CSRF-Token that it needs.
[[nodiscard]] enum rd_result rd_refresh_token_take(struct rd_call *call,
						   const struct rd_credential *credential);
