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

// before: comma, name and colon.
static void put_optional(struct rd_buf *out, const char *before, struct rd_span text)
{
	if (text.len) {
		rd_put_str(out, before);
		rd_put_json(out, text);
	}
}

// By literals: the member by member writer of base/json_write.h makes a refresh 3 % dearer.
static void put_claims(struct rd_buf *out, const struct rd_access *access)
{
	rd_put_lit(out, "{\"iss\":");
	rd_put_json(out, access->iss);
	rd_put_lit(out, ",\"sub\":");
	rd_put_json(out, access->sub);
	rd_put_lit(out, ",\"aud\":");
	rd_put_json(out, access->aud);
	rd_put_lit(out, ",\"exp\":");
	put_seconds(out, access->exp_s);
	rd_put_lit(out, ",\"iat\":");
	put_seconds(out, access->iat_s);
	rd_put_lit(out, ",\"jti\":");
	rd_put_json(out, access->jti);
	put_optional(out, ",\"client_id\":", access->client_id);
	put_optional(out, ",\"scope\":", access->scope);
	put_optional(out, ",\"sid\":", access->sid);
	rd_put_lit(out, ",\"auth_time\":");
	put_seconds(out, access->auth_time_s);
	rd_put_str(out, access->fresh ? ",\"fresh\":true" : ",\"fresh\":false");
	if (access->extra.len > 0) {
		rd_put_lit(out, ",");
		rd_put_span(out, access->extra);
	}
	rd_put_lit(out, "}");
}

static void hmac_state_wipe(crypto_auth_hmacsha256_state *state)
{
	rd_wipe(state, sizeof *state);
}

// signed_text begins with the key's header, which key->hmac has hashed already.
static void compute_hmac(uint8_t mac[static crypto_auth_hmacsha256_BYTES],
			 const struct rd_access_key *key, struct rd_span signed_text)
{
	RD_WIPE(hmac_state_wipe) crypto_auth_hmacsha256_state state = key->hmac;
	const size_t seen = key->header_len[0];

	crypto_auth_hmacsha256_update(&state, (const uint8_t *)signed_text.ptr + seen,
				      signed_text.len - seen);
	crypto_auth_hmacsha256_final(&state, mac);
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
		compute_hmac(signature, key, signed_text);
	rd_put_lit(out, ".");
	rd_put_b64(out, signature, signature_len[key->alg]);
}

// The three parts of a compact JWS, still in base64url.
struct parts {
	struct rd_span header, payload, signature;
	struct rd_span signed_text; // header, dot, payload
};

// False unless there are exactly two dots.
static bool split_jws(struct rd_span token, struct parts *parts)
{
	struct rd_span rest = token;
	size_t dots;

	parts->header = rd_span_cut(&rest, '.');
	parts->payload = rd_span_cut(&rest, '.');
	parts->signature = rest;
	dots = token.len - parts->header.len - parts->payload.len - parts->signature.len;
	if (dots != 2 || (rest.len && memchr(rest.ptr, '.', rest.len)))
		return false;
	parts->signed_text = (struct rd_span){token.ptr, token.len - rest.len - 1};
	return true;
}

static const struct rd_access_key *find_key(const struct rd_keys *keys, struct rd_span header)
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

static bool signature_matches(const struct rd_access_key *key, const struct parts *parts,
			      const uint8_t signature[static SIGNATURE_MAX])
{
	RD_SECRET_BYTES(mac, 32);

	static_assert(sizeof mac == crypto_auth_hmacsha256_BYTES);
	if (key->alg == RD_ALG_EDDSA)
		return crypto_sign_verify_detached(signature,
						   (const uint8_t *)parts->signed_text.ptr,
						   parts->signed_text.len, key->public) == 0;
	compute_hmac(mac, key, parts->signed_text);
	return sodium_memcmp(mac, signature, sizeof mac) == 0;
}

const struct rd_access_key *rd_jwt_key(struct rd_span token, const struct rd_keys *keys)
{
	struct rd_span rest = token;
	const struct rd_span header = rd_span_cut(&rest, '.');

	return header.len < token.len ? find_key(keys, header) : NULL;
}

static enum rd_result check_signature(struct rd_span token, const struct rd_keys *keys,
				      struct rd_span *payload)
{
	uint8_t signature[SIGNATURE_MAX];
	const struct rd_access_key *key;
	struct parts parts;
	long len;

	if (token.len > RD_JWT_MAX || !split_jws(token, &parts))
		return RD_MALFORMED;
	key = find_key(keys, parts.header);
	if (!key)
		return RD_FORGED;
	len = rd_b64_decode(signature, sizeof signature, parts.signature);
	if (len < 0 || (size_t)len != signature_len[key->alg])
		return RD_MALFORMED;
	*payload = parts.payload;
	return signature_matches(key, &parts, signature) ? RD_OK : RD_FORGED;
}

static struct json_object *parse_payload(struct rd_span payload)
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
	*doc = parse_payload(payload);
	result = *doc ? read_claims(*doc, wants, out) : RD_MALFORMED;
	if (result != RD_OK) {
		rd_json_free(*doc);
		*doc = NULL;
		*out = (struct rd_access){};
	}
	return result;
}

// RFC 7519, RFC 9068, cnf of RFC 7800 (proof of possession), and our own.
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
