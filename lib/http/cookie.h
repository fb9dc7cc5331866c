// Cookies as a credential: reading one, and whether the page that sent it is ours.
#pragma once
#include "base/outcomes.h"
#include "http/params.h"

// The cookie of this name (RFC 6265 section 5.4). RD_OK, RD_MISSING_TOKEN, or RD_BAD_REQUEST when
// there are two of it or two Cookie headers. *out is borrowed.
[[nodiscard]] enum rd_result rd_cookie_find(const struct rd_params *params, struct rd_span name,
					    struct rd_span *out);

// A browser adds cookies to what foreign pages send too. RD_OK when Sec-Fetch-Site says
// same-origin, or without it Origin names our own host, or with neither: then *unnamed is set, and
// an old browser or none has sent it. Else RD_CROSS_SITE, or RD_BAD_REQUEST when one of them came
// twice.
[[nodiscard]] enum rd_result rd_cookie_same_origin(const struct rd_params *params, bool *unnamed);
