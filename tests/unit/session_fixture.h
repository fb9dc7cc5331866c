// What the tests of logout and sessions share: an access token of a session, and the store's
// answers.
#pragma once
#include "op_fixture.h"
#include "jws_fixture.h"

#define SESSION_SID "0123456789abcdefghijkl"

static inline const char *session_jws(const struct rd_access *access)
{
	char text[RD_JWT_MAX];
	struct rd_buf buf = RD_BUF(text);

	rd_jwt_sign(&buf, access, jws_key(RD_ALG_EDDSA), 0);
	assert_true(rd_buf_ok(&buf));
	return op_text("%.*s", (int)buf.len, buf.ptr);
}

static inline struct rd_access session_access(void)
{
	return (struct rd_access){.iss = RD_SPAN(ISS),
				  .aud = RD_SPAN(AUD),
				  .sub = RD_SPAN("anna"),
				  .client_id = RD_SPAN("web"),
				  .sid = RD_SPAN(SESSION_SID),
				  .jti = RD_SPAN("j"),
				  .iat_s = NOW - 10,
				  .exp_s = NOW + 1,
				  .auth_time_s = NOW - 10};
}

// Authorization with anna's access token.
static inline const char *session_bearer(void)
{
	const struct rd_access access = session_access();

	return op_text("HTTP_AUTHORIZATION=Bearer %s", session_jws(&access));
}

// An answer of revoke.lua, or the beginning of one of sessions.lua.
static inline struct rd_answer session_answer(char letter, uint32_t count)
{
	struct rd_buf buf = RD_BUF(op.answer);

	rd_put(&buf, &letter, 1);
	record_put_int(&buf, OP_REDIS_MS, 6);
	record_put_int(&buf, count, 4);
	return (struct rd_answer){.count = 1, .part = {rd_buf_span(&buf)}};
}

// The key of anna's that ends with tail.
static inline void assert_session_key(struct rd_span key, const char *tail)
{
	uint8_t slot[RD_SLOT_LEN];
	char text[64];
	struct rd_buf buf = RD_BUF(text);

	rd_slot_of(slot, ring(), RD_SPAN("anna"));
	rd_put_lit(&buf, "rd:{");
	rd_put_b64(&buf, slot, sizeof slot);
	rd_put_lit(&buf, "}:");
	rd_put_str(&buf, tail);
	assert_text(key, op_text("%.*s", (int)buf.len, buf.ptr));
}

// The question: ends which (a sid, "*") for asker ("": nobody) of client, for this reason.
static inline void assert_revokes(const char *which, const char *asker, const char *client,
				  enum rd_reason reason)
{
	assert_int_equal(op.question.script, RD_SCRIPT_REVOKE);
	assert_int_equal(op.question.keys, 2);
	assert_int_equal(op.question.args, 5);
	assert_session_key(op.question.key[0], "u");
	assert_session_key(op.question.key[1], "f:");
	assert_text(op.question.arg[0], which);
	assert_text(op.question.arg[1], asker);
	assert_text(op.question.arg[2], client);
	assert_text(op.question.arg[3], op_text("%d", reason));
	assert_text(op.question.arg[4], op.config.durable ? "1" : "0");
	assert_int_equal(op.question.durable, op.config.durable);
}

static inline void assert_empty_reply(void)
{
	assert_reply(204, "");
	assert_head("");
}
