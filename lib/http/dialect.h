// The wire dialects: one row each. A dialect says where the credential is, how success and errors
// are spelled, and with which status a missing or a refused token is answered.
#pragma once
#include "base/span.h"

enum rd_credential_in {
	RD_IN_BEARER,         // Authorization: Bearer (RFC 6750 section 2.1)
	RD_IN_HEADER,         // Refresh-Token:
	RD_IN_JSON,           // a member of a JSON body
	RD_IN_JSON_OR_BEARER, // either, not both
	RD_IN_JSON_OR_COOKIE, // the same; a cookie only from a page of our own origin
	RD_IN_COOKIE,         // nothing else; the request says it is JSON even without a body
	RD_IN_FORM,           // grant_type=refresh_token (RFC 6749 section 6)
};

struct rd_dialect {
	const char *name;
	enum rd_credential_in in;
	const char *member; // of the JSON body
	const char
	    *cookie;      // its name; a token that came by cookie has its successor sent by cookie
	const char *csrf; // cookie for the page's scripts, with what X-CSRF-Token must say
	// members of a success; NULL: left out
	const char *access, *refresh, *expires_in;
	const char *error; // member that holds the error
	int missing_status;
	const char *missing;
	int refused_status;
	const char *refused;
	bool oauth;          // token_type, scope and the lifetimes too; Pragma: no-cache
	bool refresh_header; // the new refresh token also as Refresh-Token response header
};

const struct rd_dialect *rd_dialect_find(struct rd_span name); // NULL: no such dialect
extern const struct rd_dialect rd_dialect_json;                // for operations without a dialect
