// POST logout and logout_all: end the session of a refresh or an access token, or all sessions of
// its user. One question. A session that has ended may be ended again, so that a client whose
// answer was lost can repeat its request.
#include "op/access.h"
#include "op/refresh_token.h"

// *refresh: whether it was a refresh token.
static enum rd_result take_credential(struct rd_call *call, bool *refresh)
{
	struct rd_credential credential;
	enum rd_result result =
	    rd_decode_logout(&call->request, call->scratch, &call->json, &credential);

	*refresh = !credential.access;
	if (result)
		return result;
	if (*refresh)
		return rd_refresh_token_take(call, &credential);
	rd_json_free(call->json); // a body without a token; the claims take its place
	call->json = NULL;
	return rd_access_take_session(call);
}

static enum rd_step ask_revoke(struct rd_call *call, struct rd_question *question, bool all)
{
	const struct rd_config *config = call->service->config;
	struct rd_revocation revocation = {
	    .prefix = rd_span(config->redis_prefix),
	    .slot = call->token.slot,
	    .sid = all ? NULL : call->sid,
	    .asker = all ? call->sid : NULL,
	    .reason = RD_REASON_LOGOUT,
	    .durable = config->durable,
	};
	bool refresh = false;
	enum rd_result result = take_credential(call, &refresh);

	if (result)
		return rd_op_fail(call, result);
	if (refresh)
		revocation.client = rd_span(call->client->id);
	rd_ask_revoke(question, &revocation);
	return RD_STEP_ASK;
}

enum rd_step rd_logout_ask(struct rd_call *call, struct rd_question *question)
{
	return ask_revoke(call, question, false);
}

enum rd_step rd_logout_all_ask(struct rd_call *call, struct rd_question *question)
{
	return ask_revoke(call, question, true);
}

enum rd_step rd_logout_answer(struct rd_call *call, const struct rd_answer *answer,
			      struct rd_question *question)
{
	uint32_t count;
	enum rd_result result = rd_read_revoke(answer, &count);

	(void)question;
	if (result && result != RD_NO_RECORD) // NO_RECORD: there is nothing left to end
		return rd_op_fail(call, result);
	if (count)
		rd_op_audit_revoked(call, RD_REASON_LOGOUT, rd_span(call->sid), count);
	return rd_op_ended(call);
}

enum rd_step rd_logout_all_answer(struct rd_call *call, const struct rd_answer *answer,
				  struct rd_question *question)
{
	uint32_t count;
	enum rd_result result = rd_read_revoke(answer, &count);

	(void)question;
	if (result) {
		call->by_cookie = false; // Redis may only have lost the session: the cookie stays
		return rd_op_fail(call, result);
	}
	if (count)
		rd_op_audit_revoked(call, RD_REASON_LOGOUT, rd_span(call->sid), count);
	return rd_op_ended(call);
}
