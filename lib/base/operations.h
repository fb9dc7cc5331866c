// The operations, one row each: the name that a location of nginx gives as REFRESHD_ROUTE and that
// logs and metrics use; the methods it takes, NULL for any; the two functions, `ask` and `answer`;
// its flags, 0 for none. This makes the enum of routes and their names here, and the prototypes and
// the table in lib/op (op.h, op.c). Functions and flags are lib/op's: here they are words of a list
// and nothing is known of them. rd_op_no_answer stands where the store is never asked.
#pragma once
#include <stddef.h>

// clang-format off
#define RD_OPERATIONS(X) \
	X(refresh,    "POST",      rd_refresh_ask,    rd_refresh_answer,    0) \
	X(login,      "POST",      rd_login_ask,      rd_login_answer,      RD_OP_HASHES) \
	X(logout,     "POST",      rd_logout_ask,     rd_logout_answer,     0) \
	X(logout_all, "POST",      rd_logout_all_ask, rd_logout_all_answer, 0) \
	X(sessions,   "GET, HEAD", rd_sessions_ask,   rd_sessions_answer,   RD_OP_IGNORES_BODY) \
	X(session,    "DELETE",    rd_session_ask,    rd_session_answer,    RD_OP_IGNORES_BODY) \
	X(issue,      "POST",      rd_issue_ask,      rd_issue_answer,      0) \
	X(revoke,     "POST",      rd_revoke_ask,     rd_revoke_answer,     0) \
	X(introspect, "POST",      rd_introspect_ask, rd_introspect_answer, 0) \
	X(verify,     NULL,        rd_verify_ask,     rd_verify_answer,     RD_OP_IGNORES_BODY) \
	X(whoami,     "GET, HEAD", rd_verify_ask,     rd_verify_answer,     RD_OP_IGNORES_BODY) \
	X(metadata,   "GET, HEAD", rd_metadata_ask,   rd_op_no_answer,      RD_OP_IGNORES_BODY) \
	X(jwks,       "GET, HEAD", rd_jwks_ask,       rd_op_no_answer,      RD_OP_IGNORES_BODY) \
	X(health,     "GET, HEAD", rd_health_ask,     rd_op_no_answer,      RD_OP_IGNORES_BODY) \
	X(ready,      "GET, HEAD", rd_ready_ask,      rd_op_no_answer,      RD_OP_IGNORES_BODY) \
	X(version,    "GET, HEAD", rd_version_ask,    rd_op_no_answer,      RD_OP_IGNORES_BODY) \
	X(metrics,    "GET, HEAD", rd_metrics_ask,    rd_op_no_answer,      RD_OP_IGNORES_BODY)
// clang-format on

enum rd_route {
#define RD_ROUTE_ENUM(name, methods, ask, answer, flags) RD_ROUTE_##name,
	RD_OPERATIONS(RD_ROUTE_ENUM)
#undef RD_ROUTE_ENUM
	    RD_ROUTE_none, // a request that reaches no operation; not in the table
	RD_ROUTE_COUNT
};

extern const char *const rd_route_names[RD_ROUTE_COUNT];
