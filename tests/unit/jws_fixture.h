// Makes any JWS, also those that rd_jwt_sign never would.
#pragma once
#include "base/b64.h"
#include "base/buf.h"
#include "ring_fixture.h"
#include "token/jwt.h"
#include "unit.h"

#define NOW 1700000000
#define ISS "https://id.example"
#define AUD "api"

static const struct rd_jwt_wants wants = {{ISS, sizeof ISS - 1}, {AUD, sizeof AUD - 1}, NOW};

static inline const struct rd_access_key *jws_key(enum rd_alg alg)
{
	return rd_keys_signer(ring(), alg);
}

static inline void jws_put_mac(struct rd_buf *out, const void *key, size_t key_len)
{
	crypto_auth_hmacsha256_state state;
	uint8_t mac[crypto_auth_hmacsha256_BYTES];

	crypto_auth_hmacsha256_init(&state, key, key_len);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)out->ptr, out->len);
	crypto_auth_hmacsha256_final(&state, mac);
	rd_put_lit(out, ".");
	rd_put_b64(out, mac, sizeof mac);
}

// Signs what is in out, which is header and payload in base64url with a dot, and appends the
// signature.
static inline void jws_put_signature(struct rd_buf *out, const struct rd_access_key *key)
{
	uint8_t signature[crypto_sign_BYTES];

	if (key->alg == RD_ALG_HS256) {
		jws_put_mac(out, key->secret, 32);
		return;
	}
	crypto_sign_detached(signature, NULL, (const uint8_t *)out->ptr, out->len, key->secret);
	rd_put_lit(out, ".");
	rd_put_b64(out, signature, sizeof signature);
}

// The key's own header and any payload bytes, with a right signature.
static inline struct rd_span jws(struct rd_buf *out, const struct rd_access_key *key,
				 struct rd_span payload)
{
	out->len = 0;
	rd_put(out, key->header[0], key->header_len[0]);
	rd_put_lit(out, ".");
	rd_put_b64(out, payload.ptr, payload.len);
	jws_put_signature(out, key);
	assert_true(rd_buf_ok(out));
	return rd_buf_span(out);
}

// Verifies and checks what the contract says of every outcome.
static inline enum rd_result jws_verify(struct rd_span token)
{
	static const struct rd_access zero;
	struct json_object *doc = NULL;
	struct rd_access access;
	enum rd_result result = rd_jwt_verify(token, ring(), &wants, &doc, &access);

	assert_int_equal(result == RD_OK, doc != NULL);
	if (result != RD_OK)
		assert_memory_equal(&access, &zero, sizeof zero);
	rd_json_free(doc);
	return result;
}
