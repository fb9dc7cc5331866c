#include "op/access.h"
#include <assert.h>
#include "http/cookie.h"
#include "op/text.h"

// RFC 6265 section 4.1.1: a token of RFC 9110.
static bool is_cookie_name(struct rd_span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] > '~' ||
		    memchr("()<>@,;:\\\"/[]?={}", name.ptr[i], 17))
			return false;
	return true;
}

// The Authorization header's, or where the location names one, the cookie's. Both are refused, as
// nothing says which one is meant; a cookie beside Basic too.
static enum rd_result find_token(const struct rd_call *call, bool or_cookie, struct rd_span *out)
{
	const struct rd_params *params = &call->params;
	struct rd_span name = params->value[RD_PARAM_ACCESS_COOKIE], cookie;
	enum rd_result result = rd_decode_bearer(params, out), by_cookie;

	if (!or_cookie || !name.ptr)
		return result;
	if (rd_params_repeated(params, RD_PARAM_ACCESS_COOKIE) || !is_cookie_name(name))
		return rd_op_misrouted("REFRESHD_ACCESS_COOKIE is no name of a cookie");
	if (!name.len || result == RD_BAD_REQUEST)
		return result;
	by_cookie = rd_cookie_find(params, name, &cookie);
	if (by_cookie == RD_MISSING_TOKEN)
		return result;
	if (params->value[RD_PARAM_AUTHORIZATION].len)
		return RD_BAD_REQUEST;
	*out = cookie;
	return by_cookie;
}

// What a token must say, now and here. aud stays open where it is that of the token's client.
static enum rd_result get_wants(const struct rd_call *call, enum rd_audience audience,
				struct rd_jwt_wants *out)
{
	const struct rd_config *config = call->service->config;
	struct rd_span of_location = call->params.value[RD_PARAM_AUDIENCE];

	*out = (struct rd_jwt_wants){.iss = rd_span(config->issuer), .now_s = call->now_ms / 1000};
	if (audience != RD_AUDIENCE_OF_LOCATION)
		return RD_OK;
	if (rd_params_repeated(&call->params, RD_PARAM_AUDIENCE))
		return rd_op_misrouted("REFRESHD_AUDIENCE is given twice");
	out->aud = of_location.len ? of_location : rd_span(config->audience);
	return RD_OK;
}

// Whether it can go into header lines: a backend that shares an HS256 key can sign what we never
// would.
static bool fits_headers(const struct rd_access *access)
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

// By way of the worker's cache, which knows a token that was verified before.
static enum rd_result read_cached(struct rd_call *call, struct rd_span token,
				  const struct rd_jwt_wants *wants, struct rd_access *out)
{
	const struct rd_keys *keys = call->service->keys;
	struct rd_jwt_cache *cache = call->jwt_cache;
	uint8_t id[RD_JWT_CACHE_ID];
	const bool keep = cache && rd_jwt_cache_id(cache, token, keys, id);
	enum rd_result result;

	static_assert(sizeof call->claims >= RD_JWT_CACHE_TEXT);
	if (keep && rd_jwt_cache_get(cache, id, wants, call->claims, out)) {
		rd_count(call->counts, RD_METRIC_VERIFY_HITS);
		return RD_OK;
	}
	rd_count(call->counts, RD_METRIC_VERIFY_MISSES);
	result = rd_jwt_verify(token, keys, wants, &call->json, out);
	if (!result && !fits_headers(out))
		result = RD_MALFORMED;
	if (!result && keep)
		rd_jwt_cache_put(cache, id, out, wants->now_s);
	return result;
}

enum rd_result rd_access_read(struct rd_call *call, struct rd_span token, enum rd_audience audience,
			      struct rd_access *out)
{
	struct rd_jwt_wants wants;
	enum rd_result result = get_wants(call, audience, &wants);

	if (result)
		return result;
	if (audience == RD_AUDIENCE_OF_LOCATION)
		return read_cached(call, token, &wants, out);
	result = rd_jwt_verify(token, call->service->keys, &wants, &call->json, out);
	if (result)
		return result;
	if (!rd_access_is_for_client(call->service->config, call->json, out))
		return RD_MALFORMED;
	return fits_headers(out) ? RD_OK : RD_MALFORMED;
}

enum rd_result rd_access_take(struct rd_call *call, enum rd_audience audience,
			      struct rd_access *out)
{
	struct rd_jwt_wants wants;
	struct rd_span token;
	// The operator hears of a mistake even while requests come without a token.
	enum rd_result result = get_wants(call, audience, &wants);

	if (!result)
		result = find_token(call, audience == RD_AUDIENCE_OF_LOCATION, &token);
	return result ? result : rd_access_read(call, token, audience, out);
}

bool rd_access_use_session(struct rd_call *call, const struct rd_access *access)
{
	if (access->sid.len != RD_SID_TEXT_LEN)
		return false;
	memcpy(call->sid, access->sid.ptr, RD_SID_TEXT_LEN);
	call->sub = access->sub;
	rd_slot_of(call->token.slot, call->service->keys, access->sub);
	return true;
}

enum rd_result rd_access_take_session(struct rd_call *call)
{
	struct rd_access access;
	enum rd_result result = rd_access_take(call, RD_AUDIENCE_OF_CLIENT, &access);

	return !result && !rd_access_use_session(call, &access) ? RD_MALFORMED : result;
}
