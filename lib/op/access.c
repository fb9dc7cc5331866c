#include "op/access.h"
#include <assert.h>
#include "http/cookie.h"
#include "op/text.h"

static bool repeated(const struct rd_call *call, enum rd_param param)
{
	return call->params.repeated >> param & 1;
}

// RFC 6265 section 4.1.1: a token of RFC 9110.
static bool cookie_name(struct rd_span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] > '~' ||
		    memchr("()<>@,;:\\\"/[]?={}", name.ptr[i], 17))
			return false;
	return true;
}

// The Authorization header, or where the location names one, the cookie. Not both: which one is
// meant? A cookie beside Basic is refused too.
static enum rd_result find_token(struct rd_call *call, bool cookie_may, struct rd_span *out)
{
	const struct rd_params *params = &call->params;
	struct rd_span name = params->value[RD_PARAM_ACCESS_COOKIE], cookie;
	enum rd_result result = rd_decode_bearer(params, out), by_cookie;

	if (!cookie_may || !params->value[RD_PARAM_ACCESS_COOKIE].ptr)
		return result;
	if (repeated(call, RD_PARAM_ACCESS_COOKIE) || !cookie_name(name))
		return rd_op_misrouted("REFRESHD_ACCESS_COOKIE is no name of a cookie");
	if (!name.len || result == RD_BAD_REQUEST)
		return result;
	by_cookie = rd_cookie_find(params, name, &cookie);
	if (by_cookie == RD_ABSENT_TOKEN)
		return result;
	if (params->value[RD_PARAM_AUTHORIZATION].len)
		return RD_BAD_REQUEST;
	*out = cookie;
	return by_cookie;
}

static enum rd_result wanted(const struct rd_call *call, enum rd_audience audience,
			     struct rd_jwt_wants *out)
{
	const struct rd_config *config = call->service->config;
	struct rd_span location_s = call->params.value[RD_PARAM_AUDIENCE];

	*out = (struct rd_jwt_wants){rd_span(config->issuer), rd_span(config->audience),
				     call->now_ms / 1000};
	if (audience != RD_AUDIENCE_OURS) // clients have no audience of their own yet
		return RD_OK;
	if (repeated(call, RD_PARAM_AUDIENCE))
		return rd_op_misrouted("REFRESHD_AUDIENCE is given twice");
	if (location_s.len)
		out->aud = location_s;
	return RD_OK;
}

// A backend that shares an HS256 key can sign what we never would.
static bool fit_for_headers(const struct rd_access *access)
{
	return access->auth_time_s >= 0 && rd_text_is_user(access->sub) &&
	       rd_text_is_scope(access->scope) &&
	       (!access->sid.len || rd_text_is_user(access->sid)) &&
	       (!access->client_id.len || rd_text_is_user(access->client_id));
}

// cache: NULL: none.
static enum rd_result verify(struct rd_call *call, struct rd_verified *cache, struct rd_span token,
			     const struct rd_jwt_wants *wants, struct rd_access *out)
{
	const struct rd_keys *keys = call->service->keys;
	uint8_t id[RD_VERIFIED_ID];
	const bool keep = cache && rd_verified_id(cache, token, keys, id);
	enum rd_result result;

	static_assert(sizeof call->claims >= RD_VERIFIED_TEXT);
	if (keep && rd_verified_get(cache, id, wants, call->claims, out))
		return RD_OK;
	result = rd_jwt_verify(token, keys, wants, &call->json, out);
	if (!result && !fit_for_headers(out))
		result = RD_MALFORMED;
	if (!result && keep)
		rd_verified_put(cache, id, out, wants->now_s);
	return result;
}

enum rd_result rd_access_take(struct rd_call *call, enum rd_audience audience,
			      struct rd_access *out)
{
	const bool ours = audience == RD_AUDIENCE_OURS;
	struct rd_jwt_wants wants;
	struct rd_span token;
	enum rd_result result = wanted(call, audience, &wants);

	if (!result)
		result = find_token(call, ours, &token);
	return result ? result : verify(call, ours ? call->verified : NULL, token, &wants, out);
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
