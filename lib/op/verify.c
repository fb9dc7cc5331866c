// verify, for nginx' auth_request, and whoami: is this access token good for this location? The
// store is asked only where the location is strict. nginx turns every status but 2xx, 401 and 403
// into a 500; so 401 and 403 always are about the token, and verify's 500 and 503 mean that 500.
#include "op/access.h"
#include "op/requirements.h"

// RFC 6750 section 3; RFC 9470 section 3 for a token whose login is too long ago.
static enum rd_step reply_challenge(struct rd_call *call,
				    const struct rd_requirements *requirements,
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

static enum rd_step refuse_token(struct rd_call *call, const struct rd_requirements *requirements,
				 enum rd_result result)
{
	if (result == RD_INTERNAL || result == RD_STORE_OUT) // says nothing about the token
		return rd_op_fail(call, result);
	return reply_challenge(call, requirements, result);
}

static void add_header(struct rd_call *call, const char *name, struct rd_span value)
{
	if (value.len)
		rd_reply_header(call->reply, name, value);
}

// before: brace or comma, name and colon.
static void put_text(struct rd_buf *body, const char *before, struct rd_span text)
{
	rd_put_str(body, before);
	rd_put_json(body, text);
}

// By literals: member by member (base/json_write.h) a verify of a known token is 6 % dearer.
static enum rd_step accept_token(struct rd_call *call)
{
	const struct rd_access *access = &call->verify.access;
	const bool fresh = call->verify.fresh;
	struct rd_buf *body = &call->reply->body;

	call->reply->status = 200;
	rd_reply_header(call->reply, "X-Auth-Subject", access->sub);
	add_header(call, "X-Auth-Session", access->sid);
	add_header(call, "X-Auth-Scope", access->scope);
	add_header(call, "X-Auth-Client", access->client_id);
	rd_reply_header(call->reply, "X-Auth-Fresh", rd_span(fresh ? "1" : "0"));
	put_text(body, "{\"sub\":", access->sub);
	put_text(body, ",\"sid\":", access->sid);
	put_text(body, ",\"client_id\":", access->client_id);
	put_text(body, ",\"scope\":", access->scope);
	rd_put_lit(body, ",\"auth_time\":");
	rd_put_u64(body, (uint64_t)access->auth_time_s);
	rd_put_str(body, fresh ? ",\"fresh\":true}" : ",\"fresh\":false}");
	return RD_STEP_REPLY;
}

enum rd_step rd_verify_ask(struct rd_call *call, struct rd_question *question)
{
	const struct rd_config *config = call->service->config;
	const int64_t now_s = call->now_ms / 1000;
	struct rd_access *access = &call->verify.access;
	struct rd_requirements requirements;
	enum rd_result result = rd_requirements_read(call, &requirements);

	if (!result)
		result = rd_access_take(call, RD_AUDIENCE_OF_LOCATION, access);
	if (!result) {
		call->verify.fresh =
		    access->fresh && now_s - access->auth_time_s <= config->fresh_ttl_s;
		result = rd_requirements_met(&requirements, access, call->verify.fresh, now_s);
	}
	if (!result && requirements.strict && !rd_access_use_session(call, access))
		result = RD_NO_RECORD;
	if (result)
		return refuse_token(call, &requirements, result);
	if (!requirements.strict)
		return accept_token(call);
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
	if (!client || !rd_span_is(turn.record.user, call->verify.access.sub))
		return RD_NO_RECORD;
	return rd_session_state(&turn, (int64_t)client->idle_ttl_s * 1000);
}

enum rd_step rd_verify_answer(struct rd_call *call, const struct rd_answer *answer,
			      struct rd_question *question)
{
	const struct rd_requirements met = {0}; // all but strict: else the store is not asked
	enum rd_result result = check_session(call, answer);

	(void)question;
	return result ? refuse_token(call, &met, result) : accept_token(call);
}
