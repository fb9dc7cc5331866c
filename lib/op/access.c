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

bool rd_access_is_for_client(const struct rd_config *config, struct json_object *doc,
			     struct rd_access *access)
{
	const struct rd_client *client = rd_config_client(config, access->client_id);

	if (!access->client_id.len)
		return rd_jwt_is_for(doc, rd_span(config->audience), &access->aud);
	return client && rd_jwt_is_for(doc, rd_span(client->audience), &access->aud);
}

enum rd_result rd_access_read(struct rd_call *call, struct rd_span token, enum rd_audience audience,
			      struct rd_access *out)
{
	const struct rd_config *config = call->service->config;
	const bool ours = audience == RD_AUDIENCE_OURS;
	const struct rd_jwt_wants wants = {
	    rd_span(config->issuer), rd_span(ours ? config->audience : NULL), call->now_ms / 1000};
	enum rd_result result = rd_jwt_verify(token, call->service->keys, &wants, &call->json, out);

	if (result)
		return result;
	if (!ours && !rd_access_is_for_client(config, call->json, out))
		return RD_MALFORMED;
	return fit_for_headers(out) ? RD_OK : RD_MALFORMED;
}

enum rd_result rd_access_take(struct rd_call *call, enum rd_audience audience,
			      struct rd_access *out)
{
	struct rd_span token;
	enum rd_result result = rd_decode_bearer(&call->params, &token);

	return result ? result : rd_access_read(call, token, audience, out);
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
