// verify, for nginx' auth_request: is this access token good for this location? Stateless. nginx
// turns every status but 2xx, 401 and 403 into a 500, so refusals are 401 whatever their reason.
#include "op/access.h"

// RFC 6750 section 3; RFC 9470 section 3 for a token that is good but not fresh.
static enum rd_step challenge(struct rd_call *call, enum rd_result result)
{
	char text[160];
	struct rd_buf buf = RD_BUF(text);

	rd_put_lit(&buf, "Bearer realm=\"refreshd\"");
	if (result != RD_ABSENT_TOKEN) {
		rd_put_lit(&buf, ", error=\"");
		rd_put_str(&buf, rd_result_rows[result].error);
		rd_put_lit(&buf, "\"");
	}
	if (result == RD_NOT_FRESH) {
		rd_put_lit(&buf, ", max_age=");
		rd_put_u64(&buf, call->service->config->fresh_ttl_s);
	}
	rd_reply_error(call->reply, &rd_dialect_json, result, NULL);
	rd_reply_header(call->reply, "WWW-Authenticate", rd_buf_span(&buf));
	call->reply->status = 401;
	return RD_STEP_REPLY;
}

// Anything but an absent parameter or "0" demands it, also a misspelled value.
static bool wants_fresh(const struct rd_call *call)
{
	struct rd_span value = call->params.value[RD_PARAM_REQUIRE_FRESH];

	return (value.len && !rd_span_is(value, RD_SPAN("0"))) ||
	       call->params.repeated >> RD_PARAM_REQUIRE_FRESH & 1;
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

static enum rd_step accept(struct rd_call *call, const struct rd_access *access, bool fresh)
{
	struct rd_buf *body = &call->reply->body;

	call->reply->status = 200;
	rd_reply_header(call->reply, "X-Auth-Subject", access->sub);
	optional_header(call, "X-Auth-Session", access->sid);
	optional_header(call, "X-Auth-Scope", access->scope);
	optional_header(call, "X-Auth-Client", access->client_id);
	rd_reply_header(call->reply, "X-Auth-Fresh", fresh ? RD_SPAN("1") : RD_SPAN("0"));
	member(body, "{\"sub\":", access->sub);
	member(body, ",\"sid\":", access->sid);
	member(body, ",\"client_id\":", access->client_id);
	member(body, ",\"scope\":", access->scope);
	rd_put_lit(body, ",\"auth_time\":");
	rd_put_u64(body, (uint64_t)access->auth_time_s);
	rd_put_str(body, fresh ? ",\"fresh\":true}" : ",\"fresh\":false}");
	return RD_STEP_REPLY;
}

enum rd_step rd_verify_ask(struct rd_call *call, struct rd_question *question)
{
	const struct rd_config *config = call->service->config;
	struct rd_access access;
	enum rd_result result = rd_access_take(call, RD_AUDIENCE_OURS, &access);
	bool fresh;

	(void)question;
	if (result)
		return challenge(call, result);
	fresh = access.fresh && call->now_ms / 1000 - access.auth_time_s <= config->fresh_ttl_s;
	if (wants_fresh(call) && !fresh)
		return challenge(call, RD_NOT_FRESH);
	return accept(call, &access, fresh);
}
