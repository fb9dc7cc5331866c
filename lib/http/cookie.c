#include "http/cookie.h"

// Takes the next `name=value` off *rest, without blanks around it.
static struct rd_span take_pair(struct rd_span *rest)
{
	struct rd_span pair = rd_span_cut(rest, ';');

	while (rd_span_begins(pair, RD_SPAN(" ")))
		(void)rd_span_take(&pair, 1);
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
	if (rd_params_repeated(params, RD_PARAM_COOKIE))
		return RD_BAD_REQUEST;
	while (rest.len) {
		struct rd_span pair = take_pair(&rest);

		if (!rd_span_begins(pair, name))
			continue;
		(void)rd_span_take(&pair, name.len);
		if (!rd_span_begins(pair, RD_SPAN("=")))
			continue;
		(void)rd_span_take(&pair, 1);
		if (result == RD_OK)
			return RD_BAD_REQUEST;
		*out = pair;
		result = RD_OK;
	}
	return result == RD_OK && !out->len ? RD_MISSING_TOKEN : result;
}

// Whether an origin such as https://app.example:8443 is that of the Host header.
static bool origin_is_host(struct rd_span origin, struct rd_span host)
{
	static const struct rd_span schemes[] = {RD_SPAN("https://"), RD_SPAN("http://")};

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		struct rd_span rest = origin;

		if (!rd_span_begins(origin, schemes[i]))
			continue;
		(void)rd_span_take(&rest, schemes[i].len);
		if (rest.len && rd_span_is(rest, host))
			return true;
	}
	return false;
}

enum rd_result rd_cookie_same_origin(const struct rd_params *params, bool *unnamed)
{
	struct rd_span site = params->value[RD_PARAM_FETCH_SITE];
	struct rd_span origin = params->value[RD_PARAM_ORIGIN];

	*unnamed = !site.len && !origin.len;
	if (rd_params_header_repeated(params, RD_PARAM_FETCH_SITE) ||
	    rd_params_header_repeated(params, RD_PARAM_ORIGIN) ||
	    rd_params_header_repeated(params, RD_PARAM_HOST))
		return RD_BAD_REQUEST;
	if (site.len)
		return rd_span_is(site, RD_SPAN("same-origin")) ? RD_OK : RD_CROSS_SITE;
	if (origin.len)
		return origin_is_host(origin, params->value[RD_PARAM_HOST]) ? RD_OK : RD_CROSS_SITE;
	return RD_OK;
}
