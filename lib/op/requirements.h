// What a location requirements of an access token, by fastcgi_param. A parameter that is empty is
// as good as absent (RFC 3875 section 4.1); anything else that cannot be read is the operator's
// mistake and lets nobody in.
#pragma once
#include "op/op.h"

struct rd_requirements {
	bool fresh;            // REFRESHD_REQUIRE_FRESH: from a login, within fresh_ttl_s of it
	bool strict;           // REFRESHD_VERIFY strict: the store says that the session stands
	int64_t max_age_s;     // REFRESHD_MAX_AGE: since the user proved who they are; -1: any
	struct rd_span scope;  // REFRESHD_REQUIRE_SCOPE: all of these words
	int64_t auth_within_s; // the least that fresh and max_age_s allow, for the challenge
};

// RD_OK, or RD_INTERNAL, which is logged.
[[nodiscard]] enum rd_result rd_requirements_read(const struct rd_call *call,
						  struct rd_requirements *out);

// Whether the token has what is demanded, but for strict, which the store knows. fresh: whether it
// counts as fresh. RD_OK, RD_LACKS_SCOPE, RD_NOT_FRESH or RD_TOO_OLD: first what no login mends.
[[nodiscard]] enum rd_result rd_requirements_met(const struct rd_requirements *requirements,
						 const struct rd_access *access, bool fresh,
						 int64_t now_s);
