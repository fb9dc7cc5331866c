// The wire dialects, one row each in dialect.c: where the refresh token is, how success and errors
// are spelled, and with which status a missing or a refused token is answered.
#pragma once
#include "base/span.h"

enum rd_credential_in {
	RD_IN_BEARER,         // Authorization: Bearer (RFC 6750 section 2.1)
	RD_IN_HEADER,         // Refresh-Token:
	RD_IN_JSON,           // a member of a JSON body
	RD_IN_JSON_OR_BEARER, // one of the two, not both
	RD_IN_JSON_OR_COOKIE, // the same; a cookie only from a page of our own origin
	RD_IN_COOKIE,         // only there; the request says that it is JSON even without a body
	RD_IN_FORM,           // grant_type=refresh_token (RFC 6749 section 6)
};

// NULL: the dialect has no such name, and what would have it is left out.
struct rd_dialect {
	const char *name; // REFRESHD_DIALECT
	enum rd_credential_in in;
	const char *member; // of the JSON body: the refresh token
	const char *cookie; // the refresh token; its successor is sent the way it came
	const char *csrf;   // cookie that scripts can read: the value for X-CSRF-Token

	const char *access, *refresh, *expires_in; // members of a success
	const char *error;                         // member of a refusal
	int missing_status;                        // no token was sent
	const char *missing;
	int refused_status; // rd_refused: the token is no good
	const char *refused;
	bool oauth;          // token_type, scope and the lifetimes too; Pragma: no-cache
	bool refresh_header; // the new refresh token also as Refresh-Token response header
};

const struct rd_dialect *rd_dialect_find(struct rd_span name); // NULL: no such dialect

// The dialect of locations that name none, and of operations that have only one.
extern const struct rd_dialect rd_dialect_json;
