// The refresh token as the credential of a request.
#pragma once
#include "op/op.h"

// Takes the client and the token of credential. RD_OK: it is authentic and fills call->token and
// sid; what has become of its session, only the store knows. Else RD_BAD_CLIENT, RD_BAD_SCOPE,
// RD_MALFORMED or RD_FORGED.
[[nodiscard]] enum rd_result rd_family_take(struct rd_call *call,
					    const struct rd_credential *credential);
