// Access tokens: compact JWS (RFC 7515) with the claim set of RFC 9068 plus sid and fresh.
#pragma once
#include <stdint.h>
#include "base/buf.h"
#include "base/json.h"
#include "base/outcomes.h"
#include "token/keys.h"

#define RD_JWT_MAX    8192 // bytes of a whole token; one more is refused
#define RD_CLAIMS_MAX 2048 // bytes of the custom claims

struct rd_access {
	struct rd_span iss, sub, aud, client_id, scope, sid, jti;
	struct rd_span extra; // custom claims: JSON members without the outer braces, or empty
	int64_t iat_s, exp_s, auth_time_s;
	bool fresh;
};

// Appends the signed token to out. Empty scope, client_id and sid are left out. name 1 writes the
// alg "Ed25519" (RFC 9864) for an EdDSA key, 0 the key's usual name.
void rd_jwt_sign(struct rd_buf *out, const struct rd_access *access,
		 const struct rd_access_key *key, int name);

struct rd_jwt_wants {
	struct rd_span iss;
	struct rd_span aud; // ptr NULL: not looked at, that is left to rd_jwt_is_for
	int64_t now_s;
};

// Verifies signature, iss, aud (a string, or an array that holds it), exp (> now, no skew: we made
// it), and that every claim of struct rd_access has its type. RD_OK fills *out, which borrows from
// *doc; free *doc with rd_json_free. Else RD_MALFORMED, RD_FORGED (no key of ours has this header,
// or a wrong signature) or RD_EXPIRED, with *doc NULL. extra stays empty. Pure.
[[nodiscard]] enum rd_result rd_jwt_verify(struct rd_span token, const struct rd_keys *keys,
					   const struct rd_jwt_wants *wants,
					   struct json_object **doc, struct rd_access *out);

// The key of the ring that a token with this header would be by, or NULL. Says nothing of the rest.
const struct rd_access_key *rd_jwt_key(struct rd_span token, const struct rd_keys *keys);

// Whether aud of a verified token is, or holds, this audience; then *out is that, borrowed from
// doc.
[[nodiscard]] bool rd_jwt_is_for(struct json_object *doc, struct rd_span audience,
				 struct rd_span *out);

// Whether a custom claim of this name would clash with one of ours or with a registered one that
// says who made the token, for whom, or how the user proved who they are (RFC 7519 section 4.1, RFC
// 9068, RFC 7800): such a claim is refused at issue. roles, groups and entitlements are free.
[[nodiscard]] bool rd_claim_reserved(struct rd_span name);
