// Access tokens for the operations that take one, and what verify says of them.
#pragma once
#include <assert.h>
#include "op_fixture.h"
#include "jws_fixture.h"

#define CHALLENGE       "WWW-Authenticate: Bearer realm=\"refreshd\""
#define INVALID_TOKEN   CHALLENGE ", error=\"invalid_token\"\r\n"
#define INVALID_REQUEST CHALLENGE ", error=\"invalid_request\"\r\n"

static_assert(OP_WORKER_MS / 1000 == NOW);

static inline struct rd_access good(void)
{
	return (struct rd_access){.iss = RD_SPAN(ISS),
				  .aud = RD_SPAN(AUD),
				  .sub = RD_SPAN("anna"),
				  .client_id = RD_SPAN("web"),
				  .scope = RD_SPAN("read write"),
				  .sid = RD_SPAN("sid-1"),
				  .jti = RD_SPAN("j"),
				  .iat_s = NOW - 10,
				  .exp_s = NOW + 1,
				  .auth_time_s = NOW - 10};
}

static inline const char *signed_as(const struct rd_access *access)
{
	char text[RD_JWT_MAX];
	struct rd_buf buf = RD_BUF(text);

	rd_jwt_sign(&buf, access, jws_key(RD_ALG_EDDSA), 0);
	assert_true(rd_buf_ok(&buf));
	return op_text("%.*s", (int)buf.len, buf.ptr);
}

static inline void refused_as(int status, const char *head, const char *error)
{
	assert_reply(status, op_text("{\"error\":\"%s\"}", error));
	assert_head(head);
	if (strcmp(op.heard, "token.forged forged \n") != 0)
		assert_heard("");
}

static inline void refused(const char *head, const char *error)
{
	refused_as(401, head, error);
}
