#include "http/dialect.h"

// clang-format off
static const struct rd_dialect dialects[] = {
	{"flask", RD_IN_BEARER, NULL, NULL, NULL, "access_token", "refresh_token", "expires_in",
	 "error", 401, "missing_token", 401, "invalid_refresh_token", false, false},
	{"header", RD_IN_HEADER, NULL, NULL, NULL, "access_token", "refresh_token", NULL,
	 "error", 401, "Invalid refresh token", 401, "Invalid refresh token", false, true},
	{"jwt-extended", RD_IN_BEARER, NULL, NULL, NULL, "access_token", "refresh_token", NULL,
	 "msg", 401, "Missing Authorization Header", 401, "Token has been revoked", false, false},
	{"express", RD_IN_JSON_OR_COOKIE, "refresh_token", "refreshToken", NULL, "accessToken", "refreshToken", "expiresIn",
	 "message", 401, "Refresh token required", 403, "Invalid refresh token", false, false},
	{"express-token", RD_IN_JSON_OR_BEARER, "token", NULL, NULL, "accessToken", "refreshToken", NULL,
	 "message", 401, "Refresh token required", 403, "Invalid refresh token", false, false},
	{"oauth2", RD_IN_FORM, "refresh_token", NULL, NULL, "access_token", "refresh_token", "expires_in",
	 "error", 400, "invalid_request", 400, "invalid_grant", true, false},
	{"cookie", RD_IN_COOKIE, "refresh_token", "__Host-refresh_token", "__Host-csrf_token", "access_token", NULL, "expires_in",
	 "error", 401, "missing_token", 401, "invalid_token", false, false},
};

const struct rd_dialect rd_dialect_json = {
	"json", RD_IN_JSON, "refresh_token", NULL, NULL, "access_token", "refresh_token", "expires_in",
	"error", 401, "missing_token", 401, "invalid_token", false, false,
};
// clang-format on

const struct rd_dialect *rd_dialect_find(struct rd_span name)
{
	for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
		if (rd_span_is(rd_span(dialects[i].name), name))
			return &dialects[i];
	return rd_span_is(name, rd_span(rd_dialect_json.name)) ? &rd_dialect_json : NULL;
}
