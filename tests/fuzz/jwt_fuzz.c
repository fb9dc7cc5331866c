// The input is taken twice: as a token, and as the payload of a token with a right signature.
#include "tests/fuzz/fuzz.h"
#include "tests/unit/ring_fixture.h"
#include "token/jwt.h"

static const struct rd_jwt_wants wants = {{"https://id.example", 18}, {"api", 3}, 1700000000};

static enum rd_result verify(struct rd_span token, struct json_object **doc, struct rd_access *out)
{
	enum rd_result result = rd_jwt_verify(token, ring(), &wants, doc, out);

	MUST((result == RD_OK) == (*doc != NULL));
	MUST(result == RD_OK || result == RD_MALFORMED || result == RD_FORGED ||
	     result == RD_EXPIRED);
	if (result == RD_OK)
		MUST(out->exp_s > wants.now_s && rd_span_is(out->iss, wants.iss) &&
		     rd_span_is(out->aud, wants.aud));
	return result;
}

static void as_token(struct rd_span token)
{
	RD_JSON *doc = NULL;
	struct rd_access access;

	(void)verify(token, &doc, &access);
}

// What was read, signed again by us, reads the same.
static void sign_again(const struct rd_access *access)
{
	char text[RD_JWT_MAX];
	struct rd_buf out = RD_BUF(text);
	RD_JSON *doc = NULL;
	struct rd_access again;

	if (access->iat_s < 0 || access->auth_time_s < 0)
		return;
	rd_jwt_sign(&out, access, rd_keys_signer(ring(), RD_ALG_HS256), 0);
	if (!rd_buf_ok(&out))
		return;
	MUST(verify(rd_buf_span(&out), &doc, &again) == RD_OK);
	MUST(rd_span_is(access->sub, again.sub) && rd_span_is(access->jti, again.jti));
	MUST(rd_span_is(access->scope, again.scope) && rd_span_is(access->sid, again.sid));
}

static void as_payload(struct rd_span payload)
{
	const struct rd_access_key *key = rd_keys_signer(ring(), RD_ALG_HS256);
	char text[RD_JWT_MAX + 100];
	struct rd_buf out = RD_BUF(text);
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	RD_JSON *doc = NULL;
	struct rd_access access;
	enum rd_result result;

	rd_put(&out, key->header[0], key->header_len[0]);
	rd_put_lit(&out, ".");
	rd_put_b64(&out, payload.ptr, payload.len);
	if (!rd_buf_ok(&out))
		return;
	crypto_auth_hmacsha256(mac, (const uint8_t *)out.ptr, out.len, key->secret);
	rd_put_lit(&out, ".");
	rd_put_b64(&out, mac, sizeof mac);
	if (!rd_buf_ok(&out))
		return;
	result = verify(rd_buf_span(&out), &doc, &access);
	MUST(result != RD_FORGED);
	if (result == RD_OK)
		sign_again(&access);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_token(input(data, size));
	as_payload(input(data, size));
	return 0;
}
