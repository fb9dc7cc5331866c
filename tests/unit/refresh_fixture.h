// A refresh in every dialect.
#pragma once
#include "op_fixture.h"

#define PATHS 8

// Where each dialect wants the token, and how it answers.
static const struct path {
	const char *dialect, *pair, *type, *body;
	const char *access, *refresh; // members
	int missing_status, refused_status;
	const char *missing, *refused, *out;
} paths[PATHS] = {
    {"flask", "HTTP_AUTHORIZATION=Bearer %s", "", "", "access_token", "refresh_token", 401, 401,
     "{\"error\":\"missing_token\"}", "{\"error\":\"invalid_refresh_token\"}",
     "{\"error\":\"temporarily_unavailable\"}"},
    {"header", "HTTP_REFRESH_TOKEN=%s", "", "", "access_token", "refresh_token", 401, 401,
     "{\"error\":\"Invalid refresh token\"}", "{\"error\":\"Invalid refresh token\"}",
     "{\"error\":\"temporarily_unavailable\"}"},
    {"jwt-extended", "HTTP_AUTHORIZATION=Bearer %s", "", "", "access_token", "refresh_token", 401,
     401, "{\"msg\":\"Missing Authorization Header\"}", "{\"msg\":\"Token has been revoked\"}",
     "{\"msg\":\"temporarily_unavailable\"}"},
    {"express", "", "CONTENT_TYPE=application/json", "{\"refresh_token\":\"%s\"}", "accessToken",
     "refreshToken", 401, 403, "{\"message\":\"Refresh token required\"}",
     "{\"message\":\"Invalid refresh token\"}", "{\"message\":\"temporarily_unavailable\"}"},
    {"express-token", "", "CONTENT_TYPE=application/json", "{\"token\":\"%s\"}", "accessToken",
     "refreshToken", 401, 403, "{\"message\":\"Refresh token required\"}",
     "{\"message\":\"Invalid refresh token\"}", "{\"message\":\"temporarily_unavailable\"}"},
    {"express-token", "HTTP_AUTHORIZATION=Bearer %s", "", "", "accessToken", "refreshToken", 401,
     403, "{\"message\":\"Refresh token required\"}", "{\"message\":\"Invalid refresh token\"}",
     "{\"message\":\"temporarily_unavailable\"}"},
    {"oauth2", "", "CONTENT_TYPE=application/x-www-form-urlencoded",
     "grant_type=refresh_token&client_id=web&refresh_token=%s", "access_token", "refresh_token",
     400, 400, "{\"error\":\"invalid_request\"}", "{\"error\":\"invalid_grant\"}",
     "{\"error\":\"temporarily_unavailable\"}"},
    {"json", "", "CONTENT_TYPE=application/json", "{\"refresh_token\":\"%s\"}", "access_token",
     "refresh_token", 401, 401, "{\"error\":\"missing_token\"}", "{\"error\":\"invalid_token\"}",
     "{\"error\":\"temporarily_unavailable\"}"},
};

static const struct path *const flask = &paths[0], *const oauth2 = &paths[6];

// format, with the token in place of its %s.
static inline const char *filled(const char *format, const char *token)
{
	const char *at = strstr(format, "%s");

	return at ? op_text("%.*s%s%s", (int)(at - format), format, token, at + 2) : format;
}

static inline enum rd_step ask(const struct path *path, const char *token)
{
	return OP_ASK(filled(path->body, token), "REQUEST_METHOD=POST", "REFRESHD_ROUTE=refresh",
		      op_text("REFRESHD_DIALECT=%s", path->dialect), path->type,
		      filled(path->pair, token));
}

static inline void refresh(const struct path *path, const char *token, struct rd_answer answer)
{
	assert_int_equal(ask(path, token), RD_STEP_ASK);
	assert_int_equal(op_answer(answer), RD_STEP_REPLY);
}
