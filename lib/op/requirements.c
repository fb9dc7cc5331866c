#include "op/requirements.h"
#include "base/scope.h"
#include "op/text.h"

#define MAX_AGE_MOST_S 999999999 // 31 years

// False for a parameter that is given more than once.
static bool read_once(const struct rd_call *call, enum rd_param param, struct rd_span *out)
{
	*out = call->params.value[param];
	return !rd_params_repeated(&call->params, param);
}

// Anything but an absent parameter or "0" requires it, also a misspelled or a second value.
static bool requires_fresh(const struct rd_call *call)
{
	struct rd_span value;

	return !read_once(call, RD_PARAM_REQUIRE_FRESH, &value) ||
	       (value.len && !rd_span_is(value, RD_SPAN("0")));
}

static bool read_strict(const struct rd_call *call, bool *strict)
{
	struct rd_span value;

	if (!read_once(call, RD_PARAM_VERIFY, &value))
		return false;
	*strict = value.len > 0;
	return !*strict || rd_span_is(value, RD_SPAN("strict"));
}

// *max_age_s stays as it is for an absent parameter.
static bool read_max_age(const struct rd_call *call, int64_t *max_age_s)
{
	struct rd_span value;
	uint64_t seconds;

	if (!read_once(call, RD_PARAM_MAX_AGE, &value))
		return false;
	if (!value.len)
		return true;
	if (!rd_span_number(value, MAX_AGE_MOST_S, &seconds))
		return false;
	*max_age_s = (int64_t)seconds;
	return true;
}

// What is wrong with the location's parameters, or NULL.
static const char *find_mistake(const struct rd_call *call, struct rd_requirements *out)
{
	if (!read_strict(call, &out->strict))
		return "REFRESHD_VERIFY is not strict";
	if (!read_max_age(call, &out->max_age_s))
		return "REFRESHD_MAX_AGE is no number of seconds";
	if (!read_once(call, RD_PARAM_REQUIRE_SCOPE, &out->scope) || !rd_text_is_scope(out->scope))
		return "REFRESHD_REQUIRE_SCOPE is no list of scopes divided by single blanks";
	return NULL;
}

enum rd_result rd_requirements_read(const struct rd_call *call, struct rd_requirements *out)
{
	const int64_t fresh_ttl_s = call->service->config->fresh_ttl_s;
	const char *mistake;

	*out = (struct rd_requirements){.fresh = requires_fresh(call), .max_age_s = -1};
	mistake = find_mistake(call, out);
	out->auth_within_s = out->max_age_s;
	if (out->fresh && (out->max_age_s < 0 || out->max_age_s > fresh_ttl_s))
		out->auth_within_s = fresh_ttl_s;
	return mistake ? rd_op_misrouted(mistake) : RD_OK;
}

enum rd_result rd_requirements_met(const struct rd_requirements *requirements,
				   const struct rd_access *access, bool fresh, int64_t now_s)
{
	if (!rd_scope_covers(access->scope, requirements->scope))
		return RD_LACKS_SCOPE;
	if (requirements->fresh && !fresh)
		return RD_NOT_FRESH;
	if (requirements->max_age_s >= 0 && now_s - access->auth_time_s > requirements->max_age_s)
		return RD_TOO_OLD;
	return RD_OK;
}
