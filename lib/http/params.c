#include "http/params.h"

static const struct rd_span names[RD_PARAM_COUNT] = {
#define NAME_ROW(name, wire) RD_SPAN(wire "="),
    RD_PARAMS(NAME_ROW)
#undef NAME_ROW
};

// Operators often include nginx' fastcgi_params beside our own, so a CGI variable may come twice
// with one value. A client's header may not.
static void set_value(struct rd_params *params, size_t i, struct rd_span value)
{
	const bool header = memcmp(names[i].ptr, "HTTP_", 5) == 0;

	if (!params->value[i].ptr)
		params->value[i] = value;
	else if (header || !rd_span_is(params->value[i], value))
		params->repeated |= UINT32_C(1) << i;
}

bool rd_params_header_repeated(const struct rd_params *params, enum rd_param header)
{
	const struct rd_span value = params->value[header];

	return rd_params_repeated(params, header) ||
	       (value.len && memmem(value.ptr, value.len, ", ", 2));
}

void rd_params_add(struct rd_params *params, struct rd_span pair)
{
	for (size_t i = 0; i < RD_PARAM_COUNT; i++) {
		const size_t len = names[i].len;

		if (pair.len < len || pair.ptr[len - 1] != '=' ||
		    memcmp(pair.ptr, names[i].ptr, len) != 0)
			continue;
		set_value(params, i, (struct rd_span){pair.ptr + len, pair.len - len});
		return;
	}
}
