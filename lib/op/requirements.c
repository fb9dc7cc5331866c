#include "op/requirements.h"
#include "base/scope.h"
#include "op/text.h"

#define MAX_AGE_DIGITS 9 // more might not fit, and 31 years will do

static bool seconds(struct rd_span text, int64_t *out)
{
	*out = 0;
	if (text.len < 1 || text.len > MAX_AGE_DIGITS)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		*out = *out * 10 + (text.ptr[i] - '0');
	}
	return true;
}

static bool once(const struct rd_call *call, enum rd_param param, struct rd_span *out)
{
	*out = call->params.value[param];
	return !(call->params.repeated >> param & 1);
}

// Anything but an absent parameter or "0" requirements it, also a misspelled or a second value.
static bool wants_fresh(const struct rd_call *call)
{
	struct rd_span value;

	return !once(call, RD_PARAM_REQUIRE_FRESH, &value) ||
	       (value.len && !rd_span_is(value, RD_SPAN("0")));
}

static const char *fault(const struct rd_call *call, struct rd_requirements *out)
{
	struct rd_span verify, max_age;

	if (!once(call, RD_PARAM_VERIFY, &verify) ||
	    (verify.len && !rd_span_is(verify, RD_SPAN("strict"))))
		return "REFRESHD_VERIFY is not strict";
	out->strict = verify.len > 0;
	if (!once(call, RD_PARAM_MAX_AGE, &max_age) ||
	    (max_age.len && !seconds(max_age, &out->max_age_s)))
		return "REFRESHD_MAX_AGE is no number of seconds";
	if (!once(call, RD_PARAM_REQUIRE_SCOPE, &out->scope) || !rd_text_is_scope(out->scope))
		return "REFRESHD_REQUIRE_SCOPE is no list of scopes divided by single blanks";
	return NULL;
}

enum rd_result rd_requirements_read(const struct rd_call *call, struct rd_requirements *out)
{
	const int64_t fresh_ttl_s = call->service->config->fresh_ttl_s;
	const char *why;

	*out = (struct rd_requirements){.fresh = wants_fresh(call), .max_age_s = -1};
	why = fault(call, out);
	out->auth_within_s = out->max_age_s;
	if (out->fresh && (out->max_age_s < 0 || out->max_age_s > fresh_ttl_s))
		out->auth_within_s = fresh_ttl_s;
	return why ? rd_op_misrouted(why) : RD_OK;
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
