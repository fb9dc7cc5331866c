// POST revoke (RFC 7009): ends the session that a token of the client's belongs to, whichever of
// its tokens is shown. Everything but a store that does not answer is success, so that nobody
// learns here which tokens exist.
#include "op/access.h"
#include "op/client.h"

// Section 2.2: the body is ignored by the client. It is JSON as everywhere.
static enum rd_step done(struct rd_call *call)
{
	call->reply->status = 200;
	rd_put_lit(&call->reply->body, "{}");
	return RD_STEP_REPLY;
}

// Makes the session of the client's token that of the call; false when there is none. A spent
// refresh token counts too: the answer with its successor may have been lost.
static bool find_session(struct rd_call *call, struct rd_span token)
{
	const struct rd_keys *keys = call->service->keys;
	const struct rd_span client = rd_span(call->client->id);
	struct rd_access access;
	enum rd_result result;

	if (rd_token_parse(token, &call->token) == RD_OK) {
		if (!rd_token_authentic(&call->token, keys, client))
			return rd_op_audit_forged(call);
		rd_sid_of(call->sid, keys, call->token.family);
		return true;
	}
	result = rd_access_read(call, token, RD_AUDIENCE_OF_CLIENT, &access);
	if (result == RD_FORGED)
		return rd_op_audit_forged(call);
	return result == RD_OK && rd_span_is(access.client_id, client) &&
	       rd_access_session(call, &access);
}

enum rd_step rd_revoke_ask(struct rd_call *call, struct rd_question *question)
{
	const struct rd_config *config = call->service->config;
	struct rd_span token;
	enum rd_result result = rd_client_form(call, false, &token);

	if (result)
		return rd_op_fail(call, result);
	if (!find_session(call, token))
		return done(call);
	rd_ask_revoke(question, &(struct rd_revocation){.prefix = rd_span(config->redis_prefix),
							.slot = call->token.slot,
							.sid = call->sid,
							.client = rd_span(call->client->id),
							.reason = RD_REASON_LOGOUT,
							.durable = config->durable});
	return RD_STEP_ASK;
}

enum rd_step rd_revoke_answer(struct rd_call *call, const struct rd_answer *answer,
			      struct rd_question *question)
{
	uint32_t count;

	(void)question;
	if (rd_read_revoke(answer, &count) == RD_STORE_OUT)
		return rd_op_fail(call, RD_STORE_OUT); // section 2.2.1: the token still exists
	if (count)
		rd_op_audit_revoked(call, RD_REASON_LOGOUT, rd_span(call->sid), count);
	return done(call);
}
