// The list "J" of hostile tokens. Each is signed as well as its forger could: where a table says
// so, with our own key.
#include "jws_fixture.h"

// Members of a good payload; each ends in a comma, and X ends the object.
#define M_ISS   "\"iss\":\"" ISS "\","
#define M_SUB   "\"sub\":\"user-1\","
#define M_AUD   "\"aud\":\"" AUD "\","
#define M_EXP   "\"exp\":1700000300,"
#define M_IAT   "\"iat\":1700000000,"
#define M_JTI   "\"jti\":\"j\","
#define M_TIME  "\"auth_time\":1700000000,"
#define M_FRESH "\"fresh\":false,"
#define X       "\"x\":1}"

#define WITH_ISS(m)   RD_SPAN("{" m M_SUB M_AUD M_EXP M_IAT M_JTI M_TIME M_FRESH X)
#define WITH_SUB(m)   RD_SPAN("{" M_ISS m M_AUD M_EXP M_IAT M_JTI M_TIME M_FRESH X)
#define WITH_AUD(m)   RD_SPAN("{" M_ISS M_SUB m M_EXP M_IAT M_JTI M_TIME M_FRESH X)
#define WITH_EXP(m)   RD_SPAN("{" M_ISS M_SUB M_AUD m M_IAT M_JTI M_TIME M_FRESH X)
#define WITH_IAT(m)   RD_SPAN("{" M_ISS M_SUB M_AUD M_EXP m M_JTI M_TIME M_FRESH X)
#define WITH_JTI(m)   RD_SPAN("{" M_ISS M_SUB M_AUD M_EXP M_IAT m M_TIME M_FRESH X)
#define WITH_TIME(m)  RD_SPAN("{" M_ISS M_SUB M_AUD M_EXP M_IAT M_JTI m M_FRESH X)
#define WITH_FRESH(m) RD_SPAN("{" M_ISS M_SUB M_AUD M_EXP M_IAT M_JTI M_TIME m X)
#define GOOD          "{" M_ISS M_SUB M_AUD M_EXP M_IAT M_JTI M_TIME M_FRESH
#define WITH(m)       RD_SPAN(GOOD m X)

#define NEST_8 "[[[[[[[["
#define TSEN_8 "]]]]]]]]"

static const struct {
	struct rd_span payload;
	enum rd_result result;
} signed_rows[] = {
    {WITH(""), RD_OK},
    {WITH("\"client_id\":\"c\",\"scope\":\"s\",\"sid\":\"i\","), RD_OK},
    {WITH("\"client_id\":null,"), RD_OK},
    {WITH_AUD("\"aud\":[\"api\"],"), RD_OK},
    {WITH_AUD("\"aud\":[\"other\",\"api\"],"), RD_OK},
    {WITH("\"l\":" NEST_8 NEST_8 NEST_8 "[[[[[[["
	  "]]]]]]]" TSEN_8 TSEN_8 TSEN_8 ","),
     RD_OK},
    // exp
    {WITH_EXP(""), RD_MALFORMED},
    {WITH_EXP("\"exp\":null,"), RD_MALFORMED},
    {WITH_EXP("\"exp\":1e400,"), RD_MALFORMED},
    {WITH_EXP("\"exp\":-1e400,"), RD_MALFORMED},
    {WITH_EXP("\"exp\":NaN,"), RD_MALFORMED},
    {WITH_EXP("\"exp\":Infinity,"), RD_MALFORMED},
    {WITH_EXP("\"exp\":9223372036854775808,"), RD_MALFORMED},
    {WITH_EXP("\"exp\":18446744073709551616,"), RD_MALFORMED},
    {WITH_EXP("\"exp\":\"1700000300\","), RD_MALFORMED},
    {WITH_EXP("\"exp\":1700000300.5,"), RD_MALFORMED},
    {WITH_EXP("\"exp\":1.7000003e9,"), RD_MALFORMED},
    {WITH_EXP("\"exp\":17e8,"), RD_MALFORMED},
    {WITH_EXP("\"exp\":01700000300,"), RD_MALFORMED},
    {WITH_EXP("\"exp\":+1700000300,"), RD_MALFORMED},
    {WITH_EXP("\"exp\":[1700000300],"), RD_MALFORMED},
    {WITH_EXP("\"exp\":{},"), RD_MALFORMED},
    {WITH_EXP("\"exp\":true,"), RD_MALFORMED},
    {WITH_EXP("\"Exp\":1700000300,"), RD_MALFORMED},
    {WITH_EXP("\"exp\":-1700000300,"), RD_EXPIRED},
    {WITH_EXP("\"exp\":-9223372036854775808,"), RD_EXPIRED},
    {WITH_EXP("\"exp\":0,"), RD_EXPIRED},
    {WITH_EXP("\"exp\":1699999999,"), RD_EXPIRED},
    {WITH_EXP("\"exp\":1700000000,"), RD_EXPIRED},
    {WITH_EXP("\"exp\":1700000001,"), RD_OK},
    {WITH_EXP("\"exp\":9223372036854775807,"), RD_OK},
    // iss
    {WITH_ISS(""), RD_MALFORMED},
    {WITH_ISS("\"iss\":\"\","), RD_MALFORMED},
    {WITH_ISS("\"iss\":\"https://evil.example\","), RD_MALFORMED},
    {WITH_ISS("\"iss\":\"https://id.example/\","), RD_MALFORMED},
    {WITH_ISS("\"iss\":\"https://id.exampl\","), RD_MALFORMED},
    {WITH_ISS("\"iss\":[\"https://id.example\"],"), RD_MALFORMED},
    {WITH_ISS("\"iss\":1,"), RD_MALFORMED},
    // aud
    {WITH_AUD(""), RD_MALFORMED},
    {WITH_AUD("\"aud\":null,"), RD_MALFORMED},
    {WITH_AUD("\"aud\":\"\","), RD_MALFORMED},
    {WITH_AUD("\"aud\":\"API\","), RD_MALFORMED},
    {WITH_AUD("\"aud\":\"api other\","), RD_MALFORMED},
    {WITH_AUD("\"aud\":[],"), RD_MALFORMED},
    {WITH_AUD("\"aud\":[\"other\"],"), RD_MALFORMED},
    {WITH_AUD("\"aud\":[\"api\",1],"), RD_MALFORMED},
    {WITH_AUD("\"aud\":[null,\"api\"],"), RD_MALFORMED},
    {WITH_AUD("\"aud\":[[\"api\"]],"), RD_MALFORMED},
    {WITH_AUD("\"aud\":{\"api\":\"api\"},"), RD_MALFORMED},
    // Types of the others.
    {WITH_SUB(""), RD_MALFORMED},
    {WITH_SUB("\"sub\":1,"), RD_MALFORMED},
    {WITH_SUB("\"sub\":null,"), RD_MALFORMED},
    {WITH_IAT(""), RD_MALFORMED},
    {WITH_IAT("\"iat\":\"1\","), RD_MALFORMED},
    {WITH_IAT("\"iat\":1.5,"), RD_MALFORMED},
    {WITH_JTI(""), RD_MALFORMED},
    {WITH_JTI("\"jti\":7,"), RD_MALFORMED},
    {WITH_TIME(""), RD_MALFORMED},
    {WITH_TIME("\"auth_time\":true,"), RD_MALFORMED},
    {WITH_FRESH(""), RD_MALFORMED},
    {WITH_FRESH("\"fresh\":1,"), RD_MALFORMED},
    {WITH_FRESH("\"fresh\":\"true\","), RD_MALFORMED},
    {WITH_FRESH("\"fresh\":True,"), RD_MALFORMED},
    {WITH("\"client_id\":1,"), RD_MALFORMED},
    {WITH("\"scope\":[\"a\"],"), RD_MALFORMED},
    {WITH("\"sid\":{},"), RD_MALFORMED},
    // Structure.
    {WITH(M_EXP), RD_MALFORMED},
    {WITH(M_SUB), RD_MALFORMED},
    {WITH("\"\\u0073ub\":\"root\","), RD_MALFORMED},
    {WITH("\"o\":{\"a\":1,\"a\":2},"), RD_MALFORMED},
    {WITH("\"s\":\"\\u0000\","), RD_MALFORMED},
    {WITH("\"s\":\"\0\","), RD_MALFORMED},
    {WITH("\"s\":\"\xff\","), RD_MALFORMED},
    {WITH("\"s\":\"\xc0\xaf\","), RD_MALFORMED},
    {WITH("\"s\":\"\\ud800\","), RD_MALFORMED},
    {WITH("\"s\":\"\n\","), RD_MALFORMED},
    {WITH("'s':1,"), RD_MALFORMED},
    {WITH("/**/"), RD_MALFORMED},
    {WITH("\"l\":" NEST_8 NEST_8 NEST_8 NEST_8 TSEN_8 TSEN_8 TSEN_8 TSEN_8 ","), RD_MALFORMED},
    {RD_SPAN(GOOD X "\0"), RD_MALFORMED},
    {RD_SPAN(GOOD X "{}"), RD_MALFORMED},
    {RD_SPAN(GOOD X "x"), RD_MALFORMED},
    {RD_SPAN(GOOD), RD_MALFORMED},
    {RD_SPAN("[" GOOD X "]"), RD_MALFORMED},
    {RD_SPAN("{}"), RD_MALFORMED},
    {RD_SPAN("null"), RD_MALFORMED},
    {RD_SPAN(""), RD_MALFORMED},
};

static void j_a_right_signature_does_not_excuse_the_claims(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(signed_rows); i++) {
		for (int alg = 0; alg < RD_ALG_COUNT; alg++) {
			char text[RD_JWT_MAX];
			struct rd_buf out = RD_BUF(text);
			struct rd_span token =
			    jws(&out, jws_key((enum rd_alg)alg), signed_rows[i].payload);
			enum rd_result result = jws_verify(token);

			if (result != signed_rows[i].result)
				fail_msg("%s is %s with %s", rd_result_rows[result].outcome,
					 rd_alg_names[alg], signed_rows[i].payload.ptr);
		}
	}
}

#define ED_KID "\"kid\":\"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k\""
#define HS_KID "\"kid\":\"35fLq28ejp1ttbXmvnScmHG9oHTnEHcS994tBu56pzY\""
#define ED_JWK                                                \
	"\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":" \
	"\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"

static const char *const headers[] = {
    "",
    "{}",
    "null",
    "{\"alg\":\"none\"}",
    "{\"typ\":\"at+jwt\",\"alg\":\"none\"}",
    "{\"typ\":\"at+jwt\",\"alg\":\"none\"," ED_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"None\"," ED_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"NONE\"," ED_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"nOnE\"," HS_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"\"," ED_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":null," ED_KID "}",
    "{\"typ\":\"at+jwt\"," ED_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"HS256\"," ED_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"hs256\"," HS_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"HS384\"," HS_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"HS512\"," HS_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"," HS_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"Ed25519\"," HS_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"Ed448\"," ED_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"RS256\"," ED_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"ES256\"," ED_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":[\"EdDSA\"]," ED_KID "}",
    "{\"typ\":\"JWT\",\"alg\":\"EdDSA\"," ED_KID "}",
    "{\"typ\":\"jwt\",\"alg\":\"EdDSA\"," ED_KID "}",
    "{\"typ\":\"AT+JWT\",\"alg\":\"EdDSA\"," ED_KID "}",
    "{\"typ\":\"application/at+jwt\",\"alg\":\"EdDSA\"," ED_KID "}",
    "{\"typ\":\"refresh+jwt\",\"alg\":\"EdDSA\"," ED_KID "}",
    "{\"alg\":\"EdDSA\"," ED_KID "}",
    "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"," ED_KID "}",
    "{ \"typ\":\"at+jwt\",\"alg\":\"EdDSA\"," ED_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"\"}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":0}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"../../../../dev/null\"}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"' OR 1=1 --\"}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"kPrK_"
    "qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4K\"}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":{\"$ne\":1}}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"," ED_KID "," ED_JWK "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"," ED_JWK "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"," ED_KID ",\"jku\":\"https://evil.example/jwks\"}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"," ED_KID ",\"x5u\":\"https://evil.example/x\"}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"," ED_KID ",\"x5c\":[\"MAA=\"]}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"," ED_KID ",\"crit\":[\"exp\"]}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"," ED_KID ",\"crit\":[]}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"," ED_KID ",\"b64\":false,\"crit\":[\"b64\"]}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"," ED_KID ",\"zip\":\"DEF\"}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"," ED_KID ",\"cty\":\"JWT\"}",
    "{\"typ\":\"at+jwt\",\"alg\":\"none\",\"alg\":\"EdDSA\"," ED_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"alg\":\"none\"," ED_KID "}",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"," ED_KID "} ",
    "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"," ED_KID,
};

static void start(struct rd_buf *out, struct rd_span header, struct rd_span payload)
{
	out->len = 0;
	rd_put_b64(out, header.ptr, header.len);
	rd_put_lit(out, ".");
	rd_put_b64(out, payload.ptr, payload.len);
}

static void j_a_header_not_ours_is_forged_whoever_signed_it(void **state)
{
	const struct rd_access_key *ed = jws_key(RD_ALG_EDDSA), *hs = jws_key(RD_ALG_HS256);

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		for (int way = 0; way < 5; way++) {
			char text[RD_JWT_MAX];
			struct rd_buf out = RD_BUF(text);

			start(&out, rd_span(headers[i]), WITH(""));
			if (way == 0)
				rd_put_lit(&out, ".");
			else if (way == 1)
				jws_put_signature(&out, ed);
			else if (way == 2)
				jws_put_signature(&out, hs);
			else if (way == 3)
				jws_put_mac(&out, ed->public, sizeof ed->public);
			else
				jws_put_mac(&out, "", 0);
			if (jws_verify(rd_buf_span(&out)) != RD_FORGED)
				fail_msg("way %d: %s", way, headers[i]);
		}
	}
}

// Our own header with a signature of another kind.
static void j_the_algorithm_comes_from_the_key(void **state)
{
	const struct rd_access_key *ed = jws_key(RD_ALG_EDDSA), *hs = jws_key(RD_ALG_HS256);
	char text[RD_JWT_MAX], public_text[RD_B64_LEN(32) + 1];
	struct rd_buf out = RD_BUF(text);
	uint8_t wide[crypto_sign_BYTES] = {0};

	(void)state;
	for (int name = 0; name < 2; name++) {
		struct rd_span head = {ed->header[name], ed->header_len[name]};
		size_t len;

		out.len = 0;
		rd_put_span(&out, head);
		rd_put_lit(&out, ".");
		rd_put_b64(&out, WITH("").ptr, WITH("").len);
		len = out.len;
		jws_put_mac(&out, ed->public, sizeof ed->public);
		assert_int_equal(jws_verify(rd_buf_span(&out)), RD_MALFORMED);
		out.len = len;
		rd_b64_encode(public_text, ed->public, sizeof ed->public);
		jws_put_mac(&out, public_text, sizeof public_text - 1);
		assert_int_equal(jws_verify(rd_buf_span(&out)), RD_MALFORMED);
		out.len = len;
		crypto_auth_hmacsha256(wide, (const uint8_t *)text, len, ed->public);
		rd_put_lit(&out, ".");
		rd_put_b64(&out, wide, sizeof wide);
		assert_int_equal(jws_verify(rd_buf_span(&out)), RD_FORGED);
		out.len = len;
		rd_put_lit(&out, ".");
		assert_int_equal(jws_verify(rd_buf_span(&out)), RD_MALFORMED);
	}
	out.len = 0;
	rd_put(&out, hs->header[0], hs->header_len[0]);
	rd_put_lit(&out, ".");
	rd_put_b64(&out, WITH("").ptr, WITH("").len);
	jws_put_signature(&out, ed);
	assert_int_equal(jws_verify(rd_buf_span(&out)), RD_MALFORMED);
}

static void j_a_part_in_another_spelling_is_refused(void **state)
{
	static const char *const payloads[] = {"e30=",  "e31", "e3 0",
					       "e30\n", "e",   "\xff\xff\xff\xff"};

	(void)state;
	for (int alg = 0; alg < RD_ALG_COUNT; alg++) {
		const struct rd_access_key *key = jws_key((enum rd_alg)alg);

		for (size_t i = 0; i < COUNT(payloads); i++) {
			char text[RD_JWT_MAX];
			struct rd_buf out = RD_BUF(text);

			rd_put(&out, key->header[0], key->header_len[0]);
			rd_put_lit(&out, ".");
			rd_put_str(&out, payloads[i]);
			jws_put_signature(&out, key);
			assert_int_equal(jws_verify(rd_buf_span(&out)), RD_MALFORMED);
		}
	}
}

static void j_dots_are_two(void **state)
{
	static const char *const tokens[] = {"",    ".",       "..",        "...",
					     "a.b", "a.b.c.d", "a.b.c.d.e", "abc"};

	(void)state;
	for (size_t i = 0; i < COUNT(tokens); i++)
		assert_int_equal(jws_verify(rd_span(tokens[i])),
				 strcmp(tokens[i], "..") == 0 ? RD_FORGED : RD_MALFORMED);
}

static void put_own(struct rd_buf *out, uint8_t signature[static crypto_sign_BYTES])
{
	const struct rd_access_key *key = jws_key(RD_ALG_EDDSA);

	out->len = 0;
	rd_put(out, key->header[0], key->header_len[0]);
	rd_put_lit(out, ".");
	rd_put_b64(out, WITH("").ptr, WITH("").len);
	if (sodium_is_zero(signature, crypto_sign_BYTES))
		crypto_sign_detached(signature, NULL, (const uint8_t *)out->ptr, out->len,
				     key->secret);
	rd_put_lit(out, ".");
	rd_put_b64(out, signature, crypto_sign_BYTES);
}

// S + L verifies in the group equation: only the range check of RFC 8032 section 5.1.7 refuses it.
static void j_ed25519_s_plus_l_is_forged(void **state)
{
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a,       0x63,
					  0x12, 0x58, 0xd6, 0x9c, 0xf7,       0xa2,
					  0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
	uint8_t signature[crypto_sign_BYTES] = {0};
	char text[RD_JWT_MAX];
	struct rd_buf out = RD_BUF(text);

	(void)state;
	put_own(&out, signature);
	assert_int_equal(jws_verify(rd_buf_span(&out)), RD_OK);
	for (int times = 1; times < 15; times++) {
		sodium_add(signature + 32, order, sizeof order);
		put_own(&out, signature);
		assert_int_equal(jws_verify(rd_buf_span(&out)), RD_FORGED);
	}
}

static void j_ed25519_small_order_r_is_forged(void **state)
{
	static const uint8_t points[][32] = {
	    {1},
	    {0xec, [1 ... 30] = 0xff, [31] = 0x7f},
	    {0},
	    {[31] = 0x80},
	    {0xed, [1 ... 30] = 0xff, [31] = 0x7f},
	    {0xee, [1 ... 30] = 0xff, [31] = 0x7f},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(points); i++) {
		uint8_t signature[crypto_sign_BYTES] = {0};
		char text[RD_JWT_MAX];
		struct rd_buf out = RD_BUF(text);

		memcpy(signature, points[i], 32);
		signature[32] = 1;
		put_own(&out, signature);
		assert_int_equal(jws_verify(rd_buf_span(&out)), RD_FORGED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(j_a_right_signature_does_not_excuse_the_claims),
	    cmocka_unit_test(j_a_header_not_ours_is_forged_whoever_signed_it),
	    cmocka_unit_test(j_the_algorithm_comes_from_the_key),
	    cmocka_unit_test(j_a_part_in_another_spelling_is_refused),
	    cmocka_unit_test(j_dots_are_two),
	    cmocka_unit_test(j_ed25519_s_plus_l_is_forged),
	    cmocka_unit_test(j_ed25519_small_order_r_is_forged),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
