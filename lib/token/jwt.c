#include <assert.h>
#include "base/b64.h"
#include "base/secret.h"
#include "token/jwt.h"

#define SIGNATURE_MAX crypto_sign_BYTES
// So that no token is longer than what rd_jwt_verify takes.
#define PAYLOAD_MAX ((RD_JWT_MAX - RD_JWT_HEADER_MAX - 2 - RD_B64_LEN(SIGNATURE_MAX)) / 4 * 3)

static const size_t signature_len[RD_ALG_COUNT] = {
    [RD_ALG_EDDSA] = crypto_sign_BYTES,
    [RD_ALG_HS256] = crypto_auth_hmacsha256_BYTES,
};

static void put_seconds(struct rd_buf *out, int64_t seconds)
{
	assert(seconds >= 0);
	rd_put_u64(out, (uint64_t)seconds);
}

static void put_optional(struct rd_buf *out, const char *name, struct rd_span text)
{
	if (text.len == 0)
		return;
	rd_put_str(out, name);
	rd_put_json(out, text);
}

static void put_claims(struct rd_buf *out, const struct rd_access *a)
{
	rd_put_lit(out, "{\"iss\":");
	rd_put_json(out, a->iss);
	rd_put_lit(out, ",\"sub\":");
	rd_put_json(out, a->sub);
	rd_put_lit(out, ",\"aud\":");
	rd_put_json(out, a->aud);
	rd_put_lit(out, ",\"exp\":");
	put_seconds(out, a->exp_s);
	rd_put_lit(out, ",\"iat\":");
	put_seconds(out, a->iat_s);
	rd_put_lit(out, ",\"jti\":");
	rd_put_json(out, a->jti);
	put_optional(out, ",\"client_id\":", a->client_id);
	put_optional(out, ",\"scope\":", a->scope);
	put_optional(out, ",\"sid\":", a->sid);
	rd_put_lit(out, ",\"auth_time\":");
	put_seconds(out, a->auth_time_s);
	rd_put_str(out, a->fresh ? ",\"fresh\":true" : ",\"fresh\":false");
	if (a->extra.len > 0) {
		rd_put_lit(out, ",");
		rd_put_span(out, a->extra);
	}
	rd_put_lit(out, "}");
}

// signed_text begins with the key's header, which key->hmac has seen already.
static void hmac(uint8_t mac[static crypto_auth_hmacsha256_BYTES], const struct rd_access_key *key,
		 struct rd_span signed_text)
{
	crypto_auth_hmacsha256_state state = key->hmac;
	const size_t seen = key->header_len[0];

	crypto_auth_hmacsha256_update(&state, (const uint8_t *)signed_text.ptr + seen,
				      signed_text.len - seen);
	crypto_auth_hmacsha256_final(&state, mac);
	rd_wipe(&state, sizeof state);
}

void rd_jwt_sign(struct rd_buf *out, const struct rd_access *access,
		 const struct rd_access_key *key, int name)
{
	char text[PAYLOAD_MAX];
	struct rd_buf payload = RD_BUF(text);
	uint8_t signature[SIGNATURE_MAX];
	struct rd_span signed_text;
	size_t start = out->len;

	if (key->header_len[name] == 0)
		name = 0;
	put_claims(&payload, access);
	if (!rd_buf_ok(&payload))
		out->full = true;
	rd_put(out, key->header[name], key->header_len[name]);
	rd_put_lit(out, ".");
	rd_put_b64_public(out, payload.ptr, payload.len);
	if (!rd_buf_ok(out))
		return;
	signed_text = (struct rd_span){out->ptr + start, out->len - start};
	if (key->alg == RD_ALG_EDDSA)
		crypto_sign_detached(signature, NULL, (const uint8_t *)signed_text.ptr,
				     signed_text.len, key->secret);
	else
		hmac(signature, key, signed_text);
	rd_put_lit(out, ".");
	rd_put_b64(out, signature, signature_len[key->alg]);
}

// The three parts of a compact JWS, still in base64url.
struct parts {
	struct rd_span header, payload, signature;
	struct rd_span signed_text; // header, dot, payload
};

static bool divide(struct rd_span token, struct parts *parts)
{
	const char *end = token.ptr + token.len, *dot, *dot2;

	dot = token.len > 0 ? memchr(token.ptr, '.', token.len) : NULL;
	dot2 = dot ? memchr(dot + 1, '.', (size_t)(end - dot - 1)) : NULL;
	if (!dot2 || memchr(dot2 + 1, '.', (size_t)(end - dot2 - 1)))
		return false;
	parts->header = (struct rd_span){token.ptr, (size_t)(dot - token.ptr)};
	parts->payload = (struct rd_span){dot + 1, (size_t)(dot2 - dot - 1)};
	parts->signature = (struct rd_span){dot2 + 1, (size_t)(end - dot2 - 1)};
	parts->signed_text = (struct rd_span){token.ptr, (size_t)(dot2 - token.ptr)};
	return true;
}

static const struct rd_access_key *key_of(const struct rd_keys *keys, struct rd_span header)
{
	for (size_t i = 0; header.len > 0 && i < keys->access_count; i++) {
		const struct rd_access_key *key = &keys->access[i];

		for (int name = 0; name < 2; name++)
			if (rd_span_is(header,
				       (struct rd_span){key->header[name], key->header_len[name]}))
				return key;
	}
	return NULL;
}

static bool signature_right(const struct rd_access_key *key, const struct parts *parts,
			    const uint8_t signature[static SIGNATURE_MAX])
{
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	bool right;

	if (key->alg == RD_ALG_EDDSA)
		return crypto_sign_verify_detached(signature,
						   (const uint8_t *)parts->signed_text.ptr,
						   parts->signed_text.len, key->public) == 0;
	hmac(mac, key, parts->signed_text);
	right = sodium_memcmp(mac, signature, sizeof mac) == 0;
	rd_wipe(mac, sizeof mac);
	return right;
}

const struct rd_access_key *rd_jwt_key(struct rd_span token, const struct rd_keys *keys)
{
	const char *dot = token.len > 0 ? memchr(token.ptr, '.', token.len) : NULL;

	return dot ? key_of(keys, (struct rd_span){token.ptr, (size_t)(dot - token.ptr)}) : NULL;
}

static enum rd_result check_signature(struct rd_span token, const struct rd_keys *keys,
				      struct rd_span *payload)
{
	uint8_t signature[SIGNATURE_MAX];
	const struct rd_access_key *key;
	struct parts parts;
	long len;

	if (token.len > RD_JWT_MAX || !divide(token, &parts))
		return RD_MALFORMED;
	key = key_of(keys, parts.header);
	if (!key)
		return RD_FORGED;
	len = rd_b64_decode(signature, sizeof signature, parts.signature);
	if (len < 0 || (size_t)len != signature_len[key->alg])
		return RD_MALFORMED;
	*payload = parts.payload;
	return signature_right(key, &parts, signature) ? RD_OK : RD_FORGED;
}

static struct json_object *payload_json(struct rd_span payload)
{
	char text[RD_JWT_MAX / 4 * 3];
	long len = rd_b64_decode(text, sizeof text, payload);

	return len < 0 ? NULL : rd_json_parse((struct rd_span){text, (size_t)len});
}

// aud is a string or an array of strings (RFC 7519 section 4.1.3).
bool rd_jwt_is_for(struct json_object *doc, struct rd_span audience, struct rd_span *out)
{
	struct json_object *aud = json_object_object_get(doc, "aud");
	bool array = json_object_is_type(aud, json_type_array), found = false;
	size_t count = array ? json_object_array_length(aud) : 1;

	for (size_t i = 0; i < count; i++) {
		struct json_object *one = array ? json_object_array_get_idx(aud, i) : aud;
		struct rd_span text;

		if (!json_object_is_type(one, json_type_string))
			return false;
		text = (struct rd_span){json_object_get_string(one),
					(size_t)json_object_get_string_len(one)};
		if (!found && rd_span_is(text, audience)) {
			*out = text;
			found = true;
		}
	}
	return found;
}

static enum rd_result read_claims(struct json_object *doc, const struct rd_jwt_wants *wants,
				  struct rd_access *out)
{
	if (rd_json_str(doc, "iss", &out->iss) != 1 || !rd_span_is(out->iss, wants->iss) ||
	    (wants->aud.ptr && !rd_jwt_is_for(doc, wants->aud, &out->aud)) ||
	    rd_json_int(doc, "exp", &out->exp_s) != 1 ||
	    rd_json_int(doc, "iat", &out->iat_s) != 1 ||
	    rd_json_int(doc, "auth_time", &out->auth_time_s) != 1 ||
	    rd_json_bool(doc, "fresh", &out->fresh) != 1 ||
	    rd_json_str(doc, "sub", &out->sub) != 1 || rd_json_str(doc, "jti", &out->jti) != 1 ||
	    rd_json_str(doc, "client_id", &out->client_id) < 0 ||
	    rd_json_str(doc, "scope", &out->scope) < 0 || rd_json_str(doc, "sid", &out->sid) < 0)
		return RD_MALFORMED;
	return out->exp_s > wants->now_s ? RD_OK : RD_EXPIRED;
}

enum rd_result rd_jwt_verify(struct rd_span token, const struct rd_keys *keys,
			     const struct rd_jwt_wants *wants, struct json_object **doc,
			     struct rd_access *out)
{
	struct rd_span payload;
	enum rd_result result;

	*doc = NULL;
	*out = (struct rd_access){};
	result = check_signature(token, keys, &payload);
	if (result != RD_OK)
		return result;
	*doc = payload_json(payload);
	result = *doc ? read_claims(*doc, wants, out) : RD_MALFORMED;
	if (result != RD_OK) {
		rd_json_free(*doc);
		*doc = NULL;
		*out = (struct rd_access){};
	}
	return result;
}

// RFC 7519, RFC 9068, cnf of RFC 7800 (proof of possession), ours.
static const char *const reserved[] = {"iss", "sub", "aud",       "exp",   "nbf",
				       "iat", "jti", "client_id", "scope", "auth_time",
				       "acr", "amr", "cnf",       "sid",   "fresh"};

bool rd_claim_reserved(struct rd_span name)
{
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (rd_span_is(name, rd_span(reserved[i])))
			return true;
	return false;
}
