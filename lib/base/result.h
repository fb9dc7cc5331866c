// The one list of outcomes. A row gives the enum, the HTTP status, the wire error and the outcome's
// name in logs and metrics. Rows from RD_MALFORMED to RD_CONFLICT are refusals of a grant: they
// look alike to a client (RFC 6749 section 5.2) and differ only in logs and metrics.
#pragma once
#include <stdbool.h>

// clang-format off
#define RD_RESULTS(X) \
	X(OK,             200, "",                                 "ok") \
	X(MISSING_TOKEN,  401, "missing_token",                    "missing") \
	X(MALFORMED,      401, "invalid_token",                    "malformed") \
	X(FORGED,         401, "invalid_token",                    "forged") \
	X(NO_RECORD,      401, "invalid_token",                    "absent") \
	X(REVOKED,        401, "invalid_token",                    "revoked") \
	X(EXPIRED,        401, "invalid_token",                    "expired") \
	X(WRONG_CLIENT,   401, "invalid_token",                    "wrong_client") \
	X(REUSE,          401, "invalid_token",                    "reuse") \
	X(FUTURE,         401, "invalid_token",                    "future") \
	X(CONFLICT,       401, "invalid_token",                    "lineage_conflict") \
	X(BAD_LOGIN,      401, "invalid_credentials",              "bad_login") \
	X(BAD_CLIENT,     401, "invalid_client",                   "bad_client") \
	X(NOT_FRESH,      401, "insufficient_user_authentication", "not_fresh") \
	X(TOO_OLD,        401, "insufficient_user_authentication", "too_old") \
	X(BAD_REQUEST,    400, "invalid_request",                  "bad_request") \
	X(BAD_GRANT_TYPE, 400, "unsupported_grant_type",           "bad_grant_type") \
	X(BAD_SCOPE,      400, "invalid_scope",                    "bad_scope") \
	X(NOT_ALLOWED,    400, "unauthorized_client",              "not_allowed") \
	X(CROSS_SITE,     403, "cross_site_request",               "cross_site") \
	X(LACKS_SCOPE,    403, "insufficient_scope",               "lacks_scope") \
	X(NO_ROUTE,       404, "not_found",                        "no_route") \
	X(SESSION_NOT_FOUND, 404, "not_found",                        "no_session") \
	X(BAD_METHOD,     405, "method_not_allowed",               "bad_method") \
	X(TOO_LARGE,      413, "payload_too_large",                "too_large") \
	X(BAD_TYPE,       415, "unsupported_media_type",           "bad_type") \
	X(WAIT,           429, "too_many_attempts",                "wait") \
	X(INTERNAL,       500, "server_error",                     "internal") \
	X(STORE_OUT,      503, "temporarily_unavailable",          "store_out") \
	X(BUSY,           503, "temporarily_unavailable",          "login_busy")
// clang-format on

enum rd_result {
#define RD_RESULT_ENUM(name, status, error, outcome) RD_##name,
	RD_RESULTS(RD_RESULT_ENUM)
#undef RD_RESULT_ENUM
	    RD_RESULT_COUNT
};

struct rd_result_row {
	int status;          // HTTP
	const char *error;   // what the wire says
	const char *outcome; // what logs and metrics say
};

extern const struct rd_result_row rd_result_rows[RD_RESULT_COUNT];

static inline bool rd_refused(enum rd_result r)
{
	return r >= RD_MALFORMED && r <= RD_CONFLICT;
}
