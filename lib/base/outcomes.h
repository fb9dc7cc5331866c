// What can become of a request, in three tables: its result, the session's turn in the store, and
// the reason for which a session ended. Enums, names in logs and metrics, HTTP statuses and the
// letters of the scripts all come from here.
#pragma once
#include <stdbool.h>

// Results: name, HTTP status, error on the wire, outcome in logs and metrics. Rows from
// RD_MALFORMED to RD_CONFLICT are refusals of a grant: they look alike to a client (RFC 6749
// section 5.2) and differ only in logs and metrics.

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

// Turns: name, the letter by which a script says so, the result, and for the successes of a refresh
// (ROTATED to KEPT, which stand together) the outcome in logs and metrics. A refusal's outcome is
// its result's.
// clang-format off
#define RD_TURNS(X) \
	X(ISSUED,       'I', OK,           "")          /* a new session */ \
	X(FOUND,        'G', OK,           "")          /* looked at, not changed */ \
	X(ENDED,        'D', OK,           "")          /* as many sessions as there were to end */ \
	X(ROTATED,      'R', OK,           "rotated")   /* the head has a successor */ \
	X(COALESCED,    'C', OK,           "coalesced") /* the head is young and stays */ \
	X(REPLAYED,     'P', OK,           "replay")    /* the predecessor came within the grace */ \
	X(LATE,         'L', OK,           "late")      /* the predecessor came late, its answer was lost */ \
	X(ADOPTED,      'H', OK,           "adopted")   /* Redis had lost this generation */ \
	X(KEPT,         'K', OK,           "kept")      /* this client's tokens do not rotate */ \
	X(NO_RECORD,    'A', NO_RECORD,    "") \
	X(BAD_LOGIN,    'B', BAD_LOGIN,    "") \
	X(REVOKED,      'V', REVOKED,      "") \
	X(EXPIRED,      'E', EXPIRED,      "") \
	X(WRONG_CLIENT, 'W', WRONG_CLIENT, "") \
	X(REUSE,        'U', REUSE,        "") \
	X(FUTURE,       'F', FUTURE,       "") \
	X(BAD_SCOPE,    'S', BAD_SCOPE,    "") \
	X(UNREADABLE,   'X', STORE_OUT,    "")          /* a record of a version that we do not know */

// Why a session ended: name, text. The record holds the number of the row, so rows are only added
// behind the last. The scripts write REUSE and CAP by themselves.
#define RD_REASONS(X) \
	X(NONE,    "") \
	X(REUSE,   "reuse") \
	X(CAP,     "cap") \
	X(LOGOUT,  "logout") \
	X(USER,    "user") \
	X(ADMIN,   "admin") \
	X(ACCOUNT, "account")
// clang-format on

enum rd_result {
#define RD_RESULT_ENUM(name, status, error, outcome) RD_##name,
	RD_RESULTS(RD_RESULT_ENUM)
#undef RD_RESULT_ENUM
	    RD_RESULT_COUNT
};

enum rd_turn_kind {
	RD_TURN_NONE, // the store was not asked, or has not answered
#define RD_TURN_ENUM(name, letter, result, outcome) RD_TURN_##name,
	RD_TURNS(RD_TURN_ENUM)
#undef RD_TURN_ENUM
	    RD_TURN_COUNT
};

enum rd_reason {
#define RD_REASON_ENUM(name, text) RD_REASON_##name,
	RD_REASONS(RD_REASON_ENUM)
#undef RD_REASON_ENUM
	    RD_REASON_COUNT
};

struct rd_result_row {
	int status;          // HTTP
	const char *error;   // what the wire says
	const char *outcome; // what logs and metrics say
};

struct rd_turn_row {
	char letter;
	enum rd_result result;
	const char *outcome;
};

extern const struct rd_result_row rd_result_rows[RD_RESULT_COUNT];
extern const struct rd_turn_row rd_turn_rows[RD_TURN_COUNT]; // that of RD_TURN_NONE is all zero
extern const char *const rd_reason_names[RD_REASON_COUNT];

static inline bool rd_refused(enum rd_result r)
{
	return r >= RD_MALFORMED && r <= RD_CONFLICT;
}
