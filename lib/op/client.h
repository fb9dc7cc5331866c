// Client authentication, RFC 6749 section 2.3.
#pragma once
#include "op/op.h"

// Takes the claimed client, or the location's when none is claimed, as call->client. RD_OK or
// RD_BAD_CLIENT: unknown, wrong secret, a secret for a public client, none for a confidential one.
[[nodiscard]] enum rd_result rd_client_check(struct rd_call *call,
					     const struct rd_client_claim *claim);
