#include "http/cookie.h"

static bool repeated(const struct rd_params *params, enum rd_param param)
{
	return params->repeated >> param & 1;
}

// Takes the next `name=value` off *rest, without blanks around it.
static struct rd_span next_pair(struct rd_span *rest)
{
	const char *semicolon = memchr(rest->ptr, ';', rest->len);
	struct rd_span pair = {rest->ptr, semicolon ? (size_t)(semicolon - rest->ptr) : rest->len};
	const size_t used = pair.len + (semicolon != NULL);

	*rest = (struct rd_span){rest->ptr + used, rest->len - used};
	while (pair.len && *pair.ptr == ' ')
		pair = (struct rd_span){pair.ptr + 1, pair.len - 1};
	while (pair.len && pair.ptr[pair.len - 1] == ' ')
		pair.len--;
	return pair;
}

enum rd_result rd_cookie_find(const struct rd_params *params, struct rd_span name,
			      struct rd_span *out)
{
	struct rd_span rest = params->value[RD_PARAM_COOKIE];
	enum rd_result result = RD_MISSING_TOKEN;

	*out = (struct rd_span){0};
	if (repeated(params, RD_PARAM_COOKIE))
		return RD_BAD_REQUEST;
	while (rest.len) {
		struct rd_span pair = next_pair(&rest);

		if (pair.len <= name.len || pair.ptr[name.len] != '=' ||
		    memcmp(pair.ptr, name.ptr, name.len) != 0)
			continue;
		if (result == RD_OK)
			return RD_BAD_REQUEST;
		*out = (struct rd_span){pair.ptr + name.len + 1, pair.len - name.len - 1};
		result = RD_OK;
	}
	return result == RD_OK && !out->len ? RD_MISSING_TOKEN : result;
}

// Whether an origin such as https://app.example:8443 is that of the Host header.
static bool is_host(struct rd_span origin, struct rd_span host)
{
	static const struct rd_span schemes[] = {RD_SPAN("https://"), RD_SPAN("http://")};

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		const size_t len = schemes[i].len;

		if (origin.len > len && memcmp(origin.ptr, schemes[i].ptr, len) == 0 &&
		    rd_span_is((struct rd_span){origin.ptr + len, origin.len - len}, host))
			return true;
	}
	return false;
}

enum rd_result rd_cookie_same_origin(const struct rd_params *params, bool *unnamed)
{
	struct rd_span site = params->value[RD_PARAM_FETCH_SITE];
	struct rd_span origin = params->value[RD_PARAM_ORIGIN];

	*unnamed = !site.len && !origin.len;
	if (repeated(params, RD_PARAM_FETCH_SITE) || repeated(params, RD_PARAM_ORIGIN) ||
	    repeated(params, RD_PARAM_HOST))
		return RD_BAD_REQUEST;
	if (site.len)
		return rd_span_is(site, RD_SPAN("same-origin")) ? RD_OK : RD_CROSS_SITE;
	if (origin.len)
		return is_host(origin, params->value[RD_PARAM_HOST]) ? RD_OK : RD_CROSS_SITE;
	return RD_OK;
}
