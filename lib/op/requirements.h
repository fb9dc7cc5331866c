// What a location requires of an access token, by fastcgi_param. An empty parameter counts as
// absent (RFC 3875 section 4.1). Any other value that cannot be read is the operator's mistake, and
// nobody is let in.
#pragma once
#include "op/op.h"

struct rd_requirements {
	bool fresh;            // REFRESHD_REQUIRE_FRESH: from a login, within fresh_ttl_s of it
	bool strict;           // REFRESHD_VERIFY strict: the session stands, by the store
	int64_t max_age_s;     // REFRESHD_MAX_AGE: since the user proved who they are; -1: any
	struct rd_span scope;  // REFRESHD_REQUIRE_SCOPE: all of these words
	int64_t auth_within_s; // the shorter of fresh_ttl_s and max_age_s, for the challenge
};

// RD_OK, or RD_INTERNAL, which is logged.
[[nodiscard]] enum rd_result rd_requirements_read(const struct rd_call *call,
						  struct rd_requirements *out);

// Whether the token meets them all but strict, which the store decides. fresh: whether the token
// counts as fresh. RD_OK, RD_LACKS_SCOPE, RD_NOT_FRESH or RD_TOO_OLD, the first that applies: a new
// login mends the last two.
[[nodiscard]] enum rd_result rd_requirements_met(const struct rd_requirements *requirements,
						 const struct rd_access *access, bool fresh,
						 int64_t now_s);
