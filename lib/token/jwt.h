// Access tokens: JWT (RFC 7519) as compact JWS (RFC 7515), with the claims of RFC 9068, sid and
// fresh.
#pragma once
#include <stdint.h>
#include "base/buf.h"
#include "base/json.h"
#include "base/outcomes.h"
#include "token/keys.h"

#define RD_JWT_MAX    8192 // bytes of a whole token; a longer one is refused
#define RD_CLAIMS_MAX 2048 // bytes of the custom claims

struct rd_access {
	struct rd_span iss, sub, aud, client_id, scope, sid, jti;
	struct rd_span extra; // custom claims: JSON members without the outer braces, or empty
	int64_t iat_s, exp_s, auth_time_s;
	bool fresh;
};

// Appends the signed token to out. Empty scope, client_id and sid are left out. name: of the key's
// algorithm, 1 for "Ed25519" (RFC 9864) with an EdDSA key, else 0.
void rd_jwt_sign(struct rd_buf *out, const struct rd_access *access,
		 const struct rd_access_key *key, int name);

// What a token must say.
struct rd_jwt_wants {
	struct rd_span iss;
	struct rd_span aud; // ptr NULL: any; the caller goes on with rd_jwt_is_for
	int64_t now_s;
};

// Verifies the signature, iss, aud (a string, or an array that has it), exp (past now_s; no skew,
// as the clock is our own), and the type of every claim in struct rd_access. RD_OK fills *out, but
// for extra; it borrows from *doc, which is the caller's to rd_json_free. Else *doc is NULL:
// RD_MALFORMED, RD_FORGED (a header of none of our keys, or a wrong signature), RD_EXPIRED. Pure.
[[nodiscard]] enum rd_result rd_jwt_verify(struct rd_span token, const struct rd_keys *keys,
					   const struct rd_jwt_wants *wants,
					   struct json_object **doc, struct rd_access *out);

// Returns the key of the ring whose header the token has, or NULL. Nothing else of it is checked.
const struct rd_access_key *rd_jwt_key(struct rd_span token, const struct rd_keys *keys);

// Whether aud of a verified token is this audience or an array that has it; then *out is that,
// borrowed from doc.
[[nodiscard]] bool rd_jwt_is_for(struct json_object *doc, struct rd_span audience,
				 struct rd_span *out);

// Whether issue refuses a custom claim of this name. It does so for our own claims and for the
// registered ones that say who made the token, for whom, or how the user was authenticated (RFC
// 7519 section 4.1, RFC 9068, RFC 7800). roles, groups and entitlements are free.
[[nodiscard]] bool rd_claim_reserved(struct rd_span name);
