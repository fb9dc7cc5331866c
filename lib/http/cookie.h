// Cookies as a credential: finding one, and whether a page of our own has sent it.
#pragma once
#include "base/outcomes.h"
#include "http/params.h"

// Finds the cookie of this name (RFC 6265 section 5.4). RD_OK, RD_MISSING_TOKEN, or RD_BAD_REQUEST
// for two of that name or two Cookie headers. *out borrows from params.
[[nodiscard]] enum rd_result rd_cookie_find(const struct rd_params *params, struct rd_span name,
					    struct rd_span *out);

// Whether a page of our own sent the request, as browsers add cookies to those of foreign pages
// too. RD_OK when Sec-Fetch-Site says same-origin; without that header, when Origin names our own
// host; and without either, which is an old browser or none: then *unnamed is set. Else
// RD_CROSS_SITE, or RD_BAD_REQUEST when one of the headers came twice.
[[nodiscard]] enum rd_result rd_cookie_same_origin(const struct rd_params *params, bool *unnamed);
