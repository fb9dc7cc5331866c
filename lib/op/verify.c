// verify, for nginx' auth_request: is this access token good for this location? By the token alone,
// unless the location wants the store to be asked. nginx turns every status but 2xx, 401 and 403
// into a 500, so these two are said of tokens only, and a 500 is meant when verify says 500 or 503.
#include "op/access.h"
#include "op/requirements.h"

// RFC 6750 section 3; RFC 9470 section 3 for a token whose login is too long ago.
static enum rd_step challenge(struct rd_call *call, const struct rd_requirements *requirements,
			      enum rd_result result)
{
	char text[768];
	struct rd_buf buf = RD_BUF(text);

	rd_op_audit_failure(call, result);
	rd_put_lit(&buf, "Bearer realm=\"refreshd\"");
	if (result != RD_MISSING_TOKEN) {
		rd_put_lit(&buf, ", error=\"");
		rd_put_str(&buf, rd_result_rows[result].error);
		rd_put_lit(&buf, "\"");
	}
	if (result == RD_LACKS_SCOPE) {
		rd_put_lit(&buf, ", scope=\"");
		rd_put_span(&buf, requirements->scope);
		rd_put_lit(&buf, "\"");
	}
	if (result == RD_NOT_FRESH || result == RD_TOO_OLD) {
		rd_put_lit(&buf, ", max_age=");
		rd_put_u64(&buf, (uint64_t)requirements->auth_within_s);
	}
	rd_reply_error(call->reply, &rd_dialect_json, result, NULL);
	rd_reply_header(call->reply, "WWW-Authenticate", rd_buf_span(&buf));
	call->reply->status = result == RD_LACKS_SCOPE ? 403 : 401;
	return RD_STEP_REPLY;
}

static enum rd_step refuse(struct rd_call *call, const struct rd_requirements *requirements,
			   enum rd_result result)
{
	if (result == RD_INTERNAL || result == RD_STORE_OUT) // says nothing about the token
		return rd_op_fail(call, result);
	return challenge(call, requirements, result);
}

static void optional_header(struct rd_call *call, const char *name, struct rd_span value)
{
	if (value.len)
		rd_reply_header(call->reply, name, value);
}

static void member(struct rd_buf *body, const char *name, struct rd_span value)
{
	rd_put_str(body, name);
	rd_put_json(body, value);
}

static enum rd_step accept(struct rd_call *call)
{
	const struct rd_access *access = &call->access;
	struct rd_buf *body = &call->reply->body;

	call->reply->status = 200;
	rd_reply_header(call->reply, "X-Auth-Subject", access->sub);
	optional_header(call, "X-Auth-Session", access->sid);
	optional_header(call, "X-Auth-Scope", access->scope);
	optional_header(call, "X-Auth-Client", access->client_id);
	rd_reply_header(call->reply, "X-Auth-Fresh", call->fresh ? RD_SPAN("1") : RD_SPAN("0"));
	member(body, "{\"sub\":", access->sub);
	member(body, ",\"sid\":", access->sid);
	member(body, ",\"client_id\":", access->client_id);
	member(body, ",\"scope\":", access->scope);
	rd_put_lit(body, ",\"auth_time\":");
	rd_put_u64(body, (uint64_t)access->auth_time_s);
	rd_put_str(body, call->fresh ? ",\"fresh\":true}" : ",\"fresh\":false}");
	return RD_STEP_REPLY;
}

enum rd_step rd_verify_ask(struct rd_call *call, struct rd_question *question)
{
	const struct rd_config *config = call->service->config;
	const int64_t now_s = call->now_ms / 1000;
	struct rd_requirements requirements;
	enum rd_result result = rd_requirements_read(call, &requirements);

	if (!result)
		result = rd_access_take(call, RD_AUDIENCE_OF_LOCATION, &call->access);
	if (!result) {
		call->fresh =
		    call->access.fresh && now_s - call->access.auth_time_s <= config->fresh_ttl_s;
		result = rd_requirements_met(&requirements, &call->access, call->fresh, now_s);
	}
	if (!result && requirements.strict && !rd_access_session(call, &call->access))
		result = RD_NO_RECORD;
	if (result)
		return refuse(call, &requirements, result);
	if (!requirements.strict)
		return accept(call);
	rd_ask_session(question, rd_span(config->redis_prefix), call->token.slot, call->sid);
	return RD_STEP_ASK;
}

// Whether the session that the token names still stands.
static enum rd_result check_session(const struct rd_call *call, const struct rd_answer *answer)
{
	const struct rd_client *client;
	struct rd_turn turn;
	enum rd_result result = rd_read_session(answer, &turn);

	if (result)
		return result;
	client = rd_config_client(call->service->config, turn.record.client);
	// Two users can share a slot, and a client may be gone from the configuration.
	if (!client || !rd_span_is(turn.record.user, call->access.sub))
		return RD_NO_RECORD;
	return rd_session_state(&turn, (int64_t)client->idle_ttl_s * 1000);
}

enum rd_step rd_verify_answer(struct rd_call *call, const struct rd_answer *answer,
			      struct rd_question *question)
{
	const struct rd_requirements met = {0}; // by the token, or the store had not been asked
	enum rd_result result = check_session(call, answer);

	(void)question;
	return result ? refuse(call, &met, result) : accept(call);
}
