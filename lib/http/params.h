// What nginx says of a request: the FastCGI parameters that we know. Others are ignored.
#pragma once
#include <assert.h>
#include "base/span.h"

// clang-format off
#define RD_PARAMS(X) \
	X(METHOD,         "REQUEST_METHOD") \
	X(CONTENT_TYPE,   "CONTENT_TYPE") \
	X(TYPE_HEADER,    "HTTP_CONTENT_TYPE") \
	X(CONTENT_LENGTH, "CONTENT_LENGTH") \
	X(REMOTE_ADDR,    "REMOTE_ADDR") \
	X(AUTHORIZATION,  "HTTP_AUTHORIZATION") \
	X(REFRESH_TOKEN,  "HTTP_REFRESH_TOKEN") \
	X(USER_AGENT,     "HTTP_USER_AGENT") \
	X(COOKIE,         "HTTP_COOKIE") \
	X(ORIGIN,         "HTTP_ORIGIN") \
	X(FETCH_SITE,     "HTTP_SEC_FETCH_SITE") \
	X(HOST,           "HTTP_HOST") \
	X(CSRF,           "HTTP_X_CSRF_TOKEN") \
	X(ROUTE,          "REFRESHD_ROUTE") \
	X(DIALECT,        "REFRESHD_DIALECT") \
	X(CLIENT,         "REFRESHD_CLIENT") \
	X(REQUEST_ID,     "REFRESHD_REQUEST_ID") \
	X(SID,            "REFRESHD_SID") \
	X(VERIFY,         "REFRESHD_VERIFY") \
	X(REQUIRE_FRESH,  "REFRESHD_REQUIRE_FRESH") \
	X(REQUIRE_SCOPE,  "REFRESHD_REQUIRE_SCOPE") \
	X(MAX_AGE,        "REFRESHD_MAX_AGE") \
	X(AUDIENCE,       "REFRESHD_AUDIENCE") \
	X(ACCESS_COOKIE,  "REFRESHD_ACCESS_COOKIE")
// clang-format on

enum rd_param {
#define RD_PARAM_ENUM(name, wire) RD_PARAM_##name,
	RD_PARAMS(RD_PARAM_ENUM)
#undef RD_PARAM_ENUM
	    RD_PARAM_COUNT
};

struct rd_params {
	struct rd_span value[RD_PARAM_COUNT]; // empty: not sent
	// Bit set of rd_param: two headers of one name, or one CGI variable with two values.
	uint32_t repeated;
};
static_assert(RD_PARAM_COUNT <= 32, "struct rd_params keeps its repeats in 32 bits");

// Whether it came more than once, so that its value may not be believed.
static inline bool rd_params_repeated(const struct rd_params *params, enum rd_param param)
{
	return params->repeated >> param & 1;
}

// Whether a header that holds one value came more than once: as two parameters from nginx
// before 1.23, joined into one by ", " since (RFC 9110 section 5.3), which no such value has in it.
bool rd_params_header_repeated(const struct rd_params *params, enum rd_param header);

// Adds one `NAME=value`, borrowed. Unknown names are ignored.
void rd_params_add(struct rd_params *params, struct rd_span pair);
