// Asks verify three times: without a cache, with an empty one, and with one that may know the
// token. The replies must not differ.
#pragma once
#include "access_fixture.h"

#define MISROUTED "request.misrouted  \n"

static inline int stop_verify(void **state)
{
	rd_jwt_cache_free(op.jwt_cache);
	return stop_op(state);
}

static inline void empty_cache(void)
{
	rd_jwt_cache_free(op.jwt_cache);
	op.jwt_cache = rd_jwt_cache_new(64);
}

// pairs: up to a NULL; kept, for op_text gives its memory again after four texts.
static inline enum rd_step ask(const char *const *pairs)
{
	static char kept[8][4096], head[RD_REPLY_HEAD_MAX], body[RD_REPLY_BODY_MAX];
	const char *again[9] = {NULL};
	struct rd_reply first_reply;
	enum rd_step first;

	for (size_t i = 0; pairs[i]; i++) {
		assert_true(i < COUNT(kept) && strlen(pairs[i]) < sizeof *kept);
		again[i] = strcpy(kept[i], pairs[i]);
	}
	rd_jwt_cache_free(op.jwt_cache);
	op.jwt_cache = NULL;
	first = op_ask_for(RD_SPAN(""), again);
	first_reply = op.reply;
	memcpy(head, op.head, op.reply.head.len);
	memcpy(body, op.body, op.reply.body.len);
	empty_cache();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(op_ask_for(RD_SPAN(""), again), first);
		assert_int_equal(op.reply.status, first_reply.status);
		assert_int_equal(op.reply.head.len, first_reply.head.len);
		assert_memory_equal(op.head, head, first_reply.head.len);
		assert_int_equal(op.reply.body.len, first_reply.body.len);
		assert_memory_equal(op.body, body, first_reply.body.len);
	}
	return first;
}

#define ASK(...) ask((const char *const[]){__VA_ARGS__, NULL})

static inline const char *bearer(const struct rd_access *access)
{
	return op_text("HTTP_AUTHORIZATION=Bearer %s", signed_as(access));
}

static inline void verify(const struct rd_access *access, const char *more)
{
	assert_int_equal(ASK("REFRESHD_ROUTE=verify", bearer(access), more), RD_STEP_REPLY);
}

static inline void accepted(void)
{
	assert_int_equal(op.reply.status, 200);
	assert_heard("");
}

static inline void misrouted(void)
{
	assert_reply(500, "{\"error\":\"server_error\"}");
	assert_head("");
	assert_heard(MISROUTED);
}
