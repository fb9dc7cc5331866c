// POST issue: the first tokens of a new family, for a user whom a trusted backend has logged in by
// its own means.
#include "base/scope.h"
#include "op/client.h"
#include "op/text.h"

// The custom claims as JSON members without their braces.
static bool read_claims(struct rd_call *call)
{
	struct json_object *claims = NULL;
	const char *text;
	size_t len;

	switch (rd_json_obj(call->json, "claims", &claims)) {
	case 0:
		return true;
	case 1:
		break;
	default:
		return false;
	}
	json_object_object_foreach(claims, name, member)
	{
		(void)member;
		if (rd_claim_reserved(rd_span(name)))
			return false;
	}
	text = json_object_to_json_string_length(
	    claims, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	if (len - 2 > sizeof call->claims)
		return false;
	memcpy(call->claims, text + 1, len - 2);
	call->issue.family.about.claims = (struct rd_span){call->claims, len - 2};
	return true;
}

static bool read_times(struct rd_call *call)
{
	int64_t auth_time_s = 0;

	if (rd_json_bool(call->json, "fresh", &call->issue.fresh) < 0)
		return false;
	switch (rd_json_int(call->json, "auth_time", &auth_time_s)) {
	case 0:
		return true;
	case 1: // the two clocks may differ by a minute
		if (auth_time_s <= 0 || auth_time_s > call->now_ms / 1000 + 60)
			return false;
		call->issue.family.auth_time_ms = auth_time_s * 1000;
		return true;
	default:
		return false;
	}
}

// Whom the tokens are for. The client is the one that will refresh, not the backend that asks.
static enum rd_result read_family(struct rd_call *call)
{
	struct rd_record *about = &call->issue.family.about;
	struct rd_span client = rd_span(call->service->config->default_client);

	if (rd_json_str(call->json, "sub", &about->user) != 1 || !rd_text_is_user(about->user) ||
	    rd_json_str(call->json, "scope", &about->scope) < 0 ||
	    !rd_text_is_scope(about->scope) || rd_json_str(call->json, "ip", &about->ip) < 0 ||
	    !rd_text_is_ip(about->ip) || rd_json_str(call->json, "user_agent", &about->agent) < 0 ||
	    rd_json_str(call->json, "client_id", &client) < 0 || !read_times(call) ||
	    !read_claims(call))
		return RD_BAD_REQUEST;
	call->client = rd_config_client(call->service->config, client);
	if (!call->client)
		return RD_BAD_REQUEST;
	if (*call->client->scopes && !rd_scope_covers(rd_span(call->client->scopes), about->scope))
		return RD_BAD_SCOPE;
	if (!about->scope.len)
		about->scope = rd_span(call->client->scopes);
	about->client = rd_span(call->client->id);
	call->sub = about->user;
	return RD_OK;
}

enum rd_step rd_issue_ask(struct rd_call *call, struct rd_question *question)
{
	struct rd_client_claim claim = {0};
	enum rd_result result = rd_decode_basic(&call->params, call->scratch, &claim);

	call->client = NULL; // that of the location must not pass for an authenticated one
	if (!result)
		result = rd_client_check(call, &claim);
	if (!result && !call->client->issue)
		result = RD_NOT_ALLOWED;
	if (!result)
		result = rd_decode_json(&call->request, &call->json);
	if (!result)
		result = read_family(call);
	if (result)
		return rd_op_fail(call, result);
	return rd_op_issue_family(call, &call->issue.family, question);
}

enum rd_step rd_issue_answer(struct rd_call *call, const struct rd_answer *answer,
			     struct rd_question *question)
{
	struct rd_new_tokens tokens = {.kid = call->token.kid,
				       .fresh = call->issue.fresh,
				       .with_refresh = true,
				       .bearer_type = true};
	struct rd_turn turn;
	enum rd_result result = rd_op_issued(call, &call->issue.family, answer, &turn);

	(void)question;
	if (result)
		return rd_op_fail(call, result);
	rd_op_audit_success(call, "issue.ok");
	tokens.record = &turn.record;
	tokens.now_ms = turn.now_ms;
	return rd_op_token_response(call, &tokens);
}
