// Client authentication, RFC 6749 section 2.3.
#pragma once
#include "op/op.h"

// Takes the claimed client, or the location's when none is claimed, as call->client. RD_OK or
// RD_BAD_CLIENT: unknown, wrong secret, a secret for a public client, none for a confidential one.
[[nodiscard]] enum rd_result rd_client_check(struct rd_call *call,
					     const struct rd_client_claim *claim);

// What revoke and introspect begin with: the form, its client, and the token it is about (RFC 7009
// section 2.1, RFC 7662 section 2.1). A token_type_hint is not looked at: a token says itself of
// which kind it is. confidential: a public client is refused. RD_OK, or RD_BAD_TYPE, RD_BAD_CLIENT,
// RD_BAD_REQUEST, also for no token.
[[nodiscard]] enum rd_result rd_client_form(struct rd_call *call, bool confidential,
					    struct rd_span *token);
