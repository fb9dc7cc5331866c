// Client authentication, RFC 6749 section 2.3.
#pragma once
#include "op/op.h"

// Makes the claimed client, or that of the location where none is claimed, call->client and
// authenticates it. RD_OK, or RD_BAD_CLIENT: unknown, a wrong secret, a secret for a public client,
// none for a confidential one.
[[nodiscard]] enum rd_result rd_client_check(struct rd_call *call,
					     const struct rd_client_claim *claim);

// Reads the form that revoke and introspect take, authenticates its client, and finds the token in
// it (RFC 7009 section 2.1, RFC 7662 section 2.1). token_type_hint is ignored: the token itself
// shows its kind. confidential: public clients are refused. *token borrows from the call's body.
// RD_OK, RD_BAD_TYPE, RD_BAD_CLIENT, or RD_BAD_REQUEST, also for a form without a token.
[[nodiscard]] enum rd_result rd_client_form(struct rd_call *call, bool confidential,
					    struct rd_span *token);
