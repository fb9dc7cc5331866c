// The session that a presented token belongs to, for revoke and introspect.
#pragma once
#include "op/op.h"

// token: a refresh token, also a spent one, or an access token. True: it is one of ours, and slot
// and sid of its session are the call's; only the store knows whether that session stands. Tokens
// of clients other than call->client count only with any_client. *access is what an access token
// says, and all zero for a refresh token. False for anything else; a forged token is logged, and
// the sender learns nothing of it.
[[nodiscard]] bool rd_find_session(struct rd_call *call, struct rd_span token, bool any_client,
				   struct rd_access *access);
