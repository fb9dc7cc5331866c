#include "op/access.h"
#include "op/text.h"

// A backend that shares an HS256 key can sign what we never would.
static bool fit_for_headers(const struct rd_access *access)
{
	return access->auth_time_s >= 0 && rd_text_is_user(access->sub) &&
	       rd_text_is_scope(access->scope) &&
	       (!access->sid.len || rd_text_is_user(access->sid)) &&
	       (!access->client_id.len || rd_text_is_user(access->client_id));
}

enum rd_result rd_access_take(struct rd_call *call, enum rd_audience audience,
			      struct rd_access *out)
{
	const struct rd_config *config = call->service->config;
	const struct rd_jwt_wants wants = {rd_span(config->issuer), rd_span(config->audience),
					   call->now_ms / 1000};
	struct rd_span token;
	enum rd_result result = rd_decode_bearer(&call->params, &token);

	(void)audience; // clients have no audience of their own yet
	if (!result)
		result = rd_jwt_verify(token, call->service->keys, &wants, &call->json, out);
	if (!result && !fit_for_headers(out))
		result = RD_MALFORMED;
	return result;
}

bool rd_access_session(struct rd_call *call, const struct rd_access *access)
{
	if (access->sid.len != RD_SID_TEXT_LEN)
		return false;
	memcpy(call->sid, access->sid.ptr, RD_SID_TEXT_LEN);
	call->sub = access->sub;
	rd_slot_of(call->token.slot, call->service->keys, access->sub);
	return true;
}

enum rd_result rd_access_asker(struct rd_call *call)
{
	struct rd_access access;
	enum rd_result result = rd_access_take(call, RD_AUDIENCE_CLIENT_S, &access);

	return !result && !rd_access_session(call, &access) ? RD_MALFORMED : result;
}
