// POST refresh: takes a refresh token, replies with an access token and mostly with the successor.
// One question; a second one when the token is newer than what Redis knows and Redis may have lost
// writes.
#include <arpa/inet.h>
#include "op/refresh_token.h"

// Of the sender's browser and network. It tells an honest late retry from a thief, so that most
// senders differ is enough.
static void make_fingerprint(const struct rd_call *call, uint8_t out[static RD_FINGERPRINT_LEN])
{
	struct rd_span ip = call->params.value[RD_PARAM_REMOTE_ADDR];
	char text[RD_IP_MAX + 1] = "", address[16];
	struct rd_span net = {address, 0};

	if (ip.len && ip.len < sizeof text)
		memcpy(text, ip.ptr, ip.len);
	if (inet_pton(AF_INET, text, address) == 1)
		net.len = 3; // /24
	else if (inet_pton(AF_INET6, text, address) == 1)
		net.len = 7; // /56
	rd_fingerprint_of(out, call->service->keys, call->token.family, net,
			  call->params.value[RD_PARAM_USER_AGENT]);
}

// adopt: how many generations ahead of the record the token may be.
static void ask_rotate(struct rd_call *call, struct rd_question *question, unsigned adopt)
{
	const struct rd_service *service = call->service;
	struct rd_rotation rotation = {
	    .prefix = rd_span(service->config->redis_prefix),
	    .token = &call->token,
	    .sid = call->sid,
	    .client = rd_span(call->client->id),
	    .grace_ms = (int64_t)call->client->grace_s * 1000,
	    .idle_ms = (int64_t)call->client->idle_ttl_s * 1000,
	    .kid = adopt ? call->token.kid : service->keys->refresh_active,
	    .rotate = call->client->rotation,
	    .scope = call->refresh.scope,
	    .late_ms = (int64_t)service->config->late_retry_s * 1000,
	    .adopt = adopt,
	};

	if (rotation.late_ms && rotation.grace_ms)
		make_fingerprint(call, rotation.fingerprint);
	rd_ask_rotate(question, &rotation);
}

enum rd_step rd_refresh_ask(struct rd_call *call, struct rd_question *question)
{
	struct rd_credential credential;
	enum rd_result result =
	    rd_decode_refresh(&call->request, call->scratch, &call->json, &credential);

	if (!result)
		result = rd_refresh_token_take(call, &credential);
	if (result)
		return rd_op_fail(call, result);
	call->refresh.scope = credential.scope;
	ask_rotate(call, question, 0);
	return RD_STEP_ASK;
}

// Whether to believe a token that is ahead of the store. It is ours in all its parts; Redis must
// have lost writes lately, and no more generations be missing than a failover loses.
static bool adoptable(const struct rd_call *call, const struct rd_turn *turn)
{
	return call->store_lost && !call->refresh.adopting &&
	       call->token.generation - turn->record.generation <= RD_ADOPT_MAX;
}

// Whether the reply carries a refresh token. A cookie that repeats the one of the request may
// arrive after its successor and overwrite it in the browser (the model's counterexample), so it is
// not sent. A client whose token is kept needs it only as a cookie, for the cookie's new age.
static bool sends_refresh(const struct rd_call *call, enum rd_turn_kind kind)
{
	if (kind == RD_TURN_KEPT)
		return call->by_cookie;
	return !call->by_cookie || (kind != RD_TURN_COALESCED && kind != RD_TURN_ADOPTED);
}

enum rd_step rd_refresh_answer(struct rd_call *call, const struct rd_answer *answer,
			       struct rd_question *question)
{
	struct rd_new_tokens tokens;
	struct rd_turn turn;
	enum rd_result result = rd_read_rotate(answer, &turn);

	if ((!result || result == RD_FUTURE) &&
	    !rd_token_lineage(&call->token, call->service->keys, rd_span(call->client->id),
			      turn.record.seed))
		result = RD_CONFLICT; // the tag is ours, the secret is not: the tag key has leaked
	if (result == RD_FUTURE && adoptable(call, &turn)) {
		call->refresh.adopting = true;
		ask_rotate(call, question, RD_ADOPT_MAX);
		return RD_STEP_ASK;
	}
	if (result)
		return rd_op_fail(call, result);
	rd_op_audit_refresh(call, turn.kind);
	if (call->refresh.scope.len)
		turn.record.scope = call->refresh.scope; // of this access token; the grant stays
	tokens = (struct rd_new_tokens){
	    .record = &turn.record,
	    .now_ms = turn.now_ms,
	    .generation = turn.record.generation,
	    .kid = turn.record.kid,
	    .with_refresh = sends_refresh(call, turn.kind),
	};
	return rd_op_token_response(call, &tokens);
}
