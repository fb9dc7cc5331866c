// POST refresh: a refresh token for a new access token and, mostly, its successor.
#include "op/client.h"
#include "op/op.h"
#include "op/text.h"

enum rd_step rd_refresh_ask(struct rd_call *call, struct rd_question *question)
{
	const struct rd_service *service = call->service;
	struct rd_credential credential;
	enum rd_result result =
	    rd_decode_refresh(&call->request, call->scratch, &call->json, &credential);

	if (!result)
		result = rd_client_check(call, &credential.client);
	call->scope = credential.scope;
	call->by_cookie = credential.by_cookie;
	if (!result && !rd_text_is_scope(call->scope))
		result = RD_BAD_SCOPE;
	if (!result)
		result = rd_token_parse(credential.token, &call->token);
	if (!result && !rd_token_authentic(&call->token, service->keys, rd_span(call->client->id)))
		result = RD_FORGED;
	if (result)
		return rd_op_fail(call, result);
	rd_ask_rotate(question, &(struct rd_rotation){
				    .prefix = rd_span(service->config->redis_prefix),
				    .token = &call->token,
				    .client = rd_span(call->client->id),
				    .grace_ms = (int64_t)call->client->grace_s * 1000,
				    .idle_ms = (int64_t)call->client->idle_ttl_s * 1000,
				    .kid = service->keys->refresh_active,
				    .rotate = call->client->rotation,
				    .scope = call->scope,
				});
	return RD_STEP_ASK;
}

enum rd_step rd_refresh_answer(struct rd_call *call, const struct rd_answer *answer,
			       struct rd_question *question)
{
	struct rd_turn turn;
	enum rd_result result = rd_read_rotate(answer, &turn);

	(void)question;
	if (!result && !rd_token_lineage(&call->token, call->service->keys,
					 rd_span(call->client->id), turn.record.seed))
		result = RD_CONFLICT; // the tag is ours, the secret is not: the tag key has leaked
	if (result)
		return rd_op_fail(call, result);
	if (call->scope.len)
		turn.record.scope = call->scope; // for this access token; the grant stays whole
	return rd_op_grant(call, &(struct rd_granting){
				     .record = &turn.record,
				     .now_ms = turn.now_ms,
				     .generation = turn.record.generation,
				     .kid = turn.record.kid,
				     .with_refresh = !turn.kept,
				 });
}
