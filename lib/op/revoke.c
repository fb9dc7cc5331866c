// POST revoke (RFC 7009): ends the session that a token of the client's belongs to, whichever of
// its tokens is shown: a spent refresh token too, as the answer with its successor may have been
// lost. Everything but a store that does not answer is success, so that nobody learns here which
// tokens exist.
#include "op/client.h"
#include "op/find_session.h"

// Section 2.2: the client ignores the body. It is JSON, as everywhere.
static enum rd_step reply_done(struct rd_call *call)
{
	call->reply->status = 200;
	rd_put_lit(&call->reply->body, "{}");
	return RD_STEP_REPLY;
}

enum rd_step rd_revoke_ask(struct rd_call *call, struct rd_question *question)
{
	struct rd_revocation revocation = {
	    .prefix = rd_span(call->service->config->redis_prefix),
	    .slot = call->token.slot,
	    .sid = call->sid,
	    .reason = RD_REASON_LOGOUT,
	    .durable = call->service->config->durable,
	};
	struct rd_access access;
	struct rd_span token;
	enum rd_result result = rd_client_form(call, false, &token);

	if (result)
		return rd_op_fail(call, result);
	if (!rd_find_session(call, token, false, &access))
		return reply_done(call);
	revocation.client = rd_span(call->client->id);
	rd_ask_revoke(question, &revocation);
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
	return reply_done(call);
}
