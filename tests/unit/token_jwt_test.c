#include "jws_fixture.h"
#include "token/keytext.h"

#define GOLDEN_PAYLOAD                                                                             \
	"eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIiOiJ1c2VyLTEiLCJhdWQiOiJhcGkiLCJleHAiOjE3MDAw" \
	"MDAzMDAsImlhdCI6MTcwMDAwMDAwMCwianRpIjoiajEiLCJjbGllbnRfaWQiOiJzcGEiLCJzY29wZSI6InJlYWQg" \
	"d3JpdGUiLCJzaWQiOiJzMSIsImF1dGhfdGltZSI6MTY5OTk5OTAwMCwiZnJlc2giOnRydWUsInJvbGUiOiJhZG1p" \
	"biJ9"

// Made by two other implementations.
static const char *const golden[RD_ALG_COUNT] = {
    "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6ImtQcktfcW14VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ"
    "1R3WEJ5Z3JTNGsifQ." GOLDEN_PAYLOAD
    ".Pgx8BgtgWgV4Okuf29uaqVlOTMFc9aNdNQ1DRJ91LtoxRFgRqkXe19GnM1W-QNGBVWfSzHTWMcBNB9JWmauRBw",
    "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiIsImtpZCI6IjM1ZkxxMjhlanAxdHRiWG12blNjbUhHOW9IVG5FSGNTO"
    "Tk0dEJ1NTZwelkifQ." GOLDEN_PAYLOAD ".dD3PYcEcsG5mGtJ6XT1hRA_IaofA1cpnJbRhCcKAHyo",
};

static struct rd_access sample(void)
{
	return (struct rd_access){
	    .iss = RD_SPAN(ISS),
	    .sub = RD_SPAN("user-1"),
	    .aud = RD_SPAN(AUD),
	    .client_id = RD_SPAN("spa"),
	    .scope = RD_SPAN("read write"),
	    .sid = RD_SPAN("s1"),
	    .jti = RD_SPAN("j1"),
	    .extra = RD_SPAN("\"role\":\"admin\""),
	    .iat_s = NOW,
	    .exp_s = NOW + 300,
	    .auth_time_s = NOW - 1000,
	    .fresh = true,
	};
}

static void signs_what_other_implementations_sign(void **state)
{
	const struct rd_access access = sample();

	(void)state;
	for (int alg = 0; alg < RD_ALG_COUNT; alg++) {
		char text[RD_JWT_MAX];
		struct rd_buf token = RD_BUF(text);

		rd_jwt_sign(&token, &access, jws_key((enum rd_alg)alg), 0);
		assert_true(rd_buf_ok(&token));
		assert_text(rd_buf_span(&token), golden[alg]);
	}
}

static void what_it_signs_it_verifies_and_reads_back(void **state)
{
	struct rd_access in = sample(), out;

	(void)state;
	in.sub = RD_SPAN("q\"b\\n\n\xc3\xa9</script>");
	for (int row = 0; row < 2 * RD_ALG_COUNT; row++) {
		const struct rd_access_key *key = jws_key((enum rd_alg)(row / 2));
		char text[RD_JWT_MAX];
		struct rd_buf token = RD_BUF(text);
		RD_JSON *doc = NULL;

		in.fresh = row % 2;
		rd_jwt_sign(&token, &in, key, row % 2);
		assert_int_equal(rd_jwt_verify(rd_buf_span(&token), ring(), &wants, &doc, &out),
				 RD_OK);
		assert_true(rd_span_is(in.iss, out.iss) && rd_span_is(in.sub, out.sub));
		assert_true(rd_span_is(in.aud, out.aud) && rd_span_is(in.jti, out.jti));
		assert_true(rd_span_is(in.client_id, out.client_id));
		assert_true(rd_span_is(in.scope, out.scope) && rd_span_is(in.sid, out.sid));
		assert_int_equal(in.iat_s, out.iat_s);
		assert_int_equal(in.exp_s, out.exp_s);
		assert_int_equal(in.auth_time_s, out.auth_time_s);
		assert_int_equal(in.fresh, out.fresh);
		assert_int_equal(out.extra.len, 0);
		assert_string_equal(json_object_get_string(json_object_object_get(doc, "role")),
				    "admin");
	}
}

static void empty_client_scope_and_sid_are_left_out(void **state)
{
	struct rd_access in = sample(), out;
	char text[RD_JWT_MAX];
	struct rd_buf token = RD_BUF(text);
	RD_JSON *doc = NULL;

	(void)state;
	in.client_id = in.scope = in.sid = in.extra = (struct rd_span){NULL, 0};
	rd_jwt_sign(&token, &in, jws_key(RD_ALG_EDDSA), 0);
	assert_int_equal(rd_jwt_verify(rd_buf_span(&token), ring(), &wants, &doc, &out), RD_OK);
	assert_int_equal(json_object_object_length(doc), 8);
	assert_int_equal(out.client_id.len + out.scope.len + out.sid.len, 0);
}

static void it_appends_and_signs_only_its_own(void **state)
{
	const struct rd_access access = sample();
	char text[RD_JWT_MAX];
	struct rd_buf out = RD_BUF(text);

	(void)state;
	rd_put_lit(&out, "Bearer ");
	rd_jwt_sign(&out, &access, jws_key(RD_ALG_EDDSA), 0);
	assert_text((struct rd_span){text + 7, out.len - 7}, golden[RD_ALG_EDDSA]);
}

static void any_buffer_too_small_is_full_and_nothing_is_written_past_it(void **state)
{
	const struct rd_access access = sample();
	const size_t need = strlen(golden[RD_ALG_HS256]);
	char text[RD_JWT_MAX];

	(void)state;
	for (size_t max = 0; max <= need; max++) {
		struct rd_buf out = {text, 0, max, false};

		memset(text, '~', need + 1);
		rd_jwt_sign(&out, &access, jws_key(RD_ALG_HS256), 0);
		assert_int_equal(rd_buf_ok(&out), max == need);
		assert_true(out.len <= max);
		assert_int_equal(text[max], '~');
	}
}

static void claims_too_large_for_any_verifier_are_not_signed(void **state)
{
	static char sub[RD_JWT_MAX], text[2 * RD_JWT_MAX];
	struct rd_access access = sample();

	(void)state;
	memset(sub, 'u', sizeof sub);
	for (size_t len = 5000; len < sizeof sub; len += 50) {
		struct rd_buf out = RD_BUF(text);

		access.sub = (struct rd_span){sub, len};
		rd_jwt_sign(&out, &access, jws_key(RD_ALG_EDDSA), 0);
		if (rd_buf_ok(&out))
			assert_int_equal(jws_verify(rd_buf_span(&out)), RD_OK);
		assert_true(rd_buf_ok(&out) || len > 5500);
	}
}

static void exp_is_the_first_second_in_which_it_is_expired(void **state)
{
	static const struct {
		int64_t exp_s;
		enum rd_result result;
	} rows[] = {{0, RD_EXPIRED},
		    {NOW - 1, RD_EXPIRED},
		    {NOW, RD_EXPIRED},
		    {NOW + 1, RD_OK},
		    {INT64_MAX, RD_OK}};
	struct rd_access access = sample();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[RD_JWT_MAX];
		struct rd_buf token = RD_BUF(text);

		access.exp_s = rows[i].exp_s;
		rd_jwt_sign(&token, &access, jws_key(RD_ALG_EDDSA), 0);
		assert_int_equal(jws_verify(rd_buf_span(&token)), rows[i].result);
	}
}

static void a_retired_key_still_verifies_and_an_unknown_one_never(void **state)
{
	static struct rd_keys other;
	const struct rd_access access = sample();
	char text[RD_JWT_MAX], file[400], reason[100];
	struct rd_buf token = RD_BUF(text), keys = RD_BUF(file), why = RD_BUF(reason);

	(void)state;
	rd_jwt_sign(&token, &access, &ring()->access[2], 0);
	assert_int_equal(jws_verify(rd_buf_span(&token)), RD_OK);
	rd_keys_generate(&keys, NOW);
	assert_true(rd_keys_parse(rd_buf_span(&keys), &other, &why));
	for (size_t i = 0; i < other.access_count; i++) {
		token.len = 0;
		rd_jwt_sign(&token, &access, &other.access[i], 0);
		assert_int_equal(jws_verify(rd_buf_span(&token)), RD_FORGED);
	}
	rd_keys_wipe(&other);
}

static void flipped_bit_anywhere_is_refused(void **state)
{
	char text[RD_JWT_MAX];

	(void)state;
	for (int alg = 0; alg < RD_ALG_COUNT; alg++) {
		const size_t len = strlen(strcpy(text, golden[alg]));

		for (size_t bit = 0; bit < len * 8; bit++) {
			enum rd_result result;

			text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
			result = jws_verify((struct rd_span){text, len});
			if (result != RD_FORGED && result != RD_MALFORMED)
				fail_msg("bit %zu gives %d", bit, (int)result);
			text[bit / 8] = golden[alg][bit / 8];
		}
	}
}

static void truncated_or_extended_is_refused(void **state)
{
	(void)state;
	for (int alg = 0; alg < RD_ALG_COUNT; alg++) {
		const size_t len = strlen(golden[alg]);
		char text[RD_JWT_MAX];

		for (size_t cut = 1; cut <= len; cut++) {
			assert_int_not_equal(jws_verify((struct rd_span){golden[alg], len - cut}),
					     RD_OK);
			assert_int_not_equal(
			    jws_verify((struct rd_span){golden[alg] + cut, len - cut}), RD_OK);
		}
		strcpy(text, golden[alg]);
		for (int c = 0; c < 256; c++) {
			text[len] = (char)c;
			assert_int_not_equal(jws_verify((struct rd_span){text, len + 1}), RD_OK);
		}
	}
	assert_int_equal(jws_verify((struct rd_span){NULL, 0}), RD_MALFORMED);
}

static void j_a_token_of_8_kib_is_taken_and_a_longer_one_refused(void **state)
{
	static char text[RD_JWT_MAX + 200], payload[RD_JWT_MAX];
	static const char claims[] =
	    "{\"iss\":\"" ISS "\",\"sub\":\"u\",\"aud\":\"" AUD "\",\"exp\":1800000000,\"iat\":1,"
	    "\"jti\":\"j\",\"auth_time\":1,\"fresh\":false}";

	(void)state;
	memset(payload, ' ', sizeof payload);
	memcpy(payload, claims, sizeof claims - 1);
	for (int alg = 0; alg < RD_ALG_COUNT; alg++) {
		size_t longest = 0, shortest = SIZE_MAX;

		for (size_t len = 5900; len < 6100; len++) {
			struct rd_buf out = RD_BUF(text);
			struct rd_span token =
			    jws(&out, jws_key((enum rd_alg)alg), (struct rd_span){payload, len});
			enum rd_result result = jws_verify(token);

			assert_int_equal(result, token.len <= RD_JWT_MAX ? RD_OK : RD_MALFORMED);
			longest = result == RD_OK ? token.len : longest;
			shortest = result != RD_OK && token.len < shortest ? token.len : shortest;
		}
		// One length in four cannot be made: base64url of n bytes is never 4k + 1 long.
		assert_in_range(longest, RD_JWT_MAX - 1, RD_JWT_MAX);
		assert_in_range(shortest, RD_JWT_MAX + 1, RD_JWT_MAX + 2);
	}
}

static void t17_a_refresh_token_is_no_access_token(void **state)
{
	(void)state;
	assert_int_equal(
	    jws_verify(RD_SPAN("rt1_AQcEhwHuJYM8HaChoqOkpaanqKmqq6ytrq8BAgMEqMKUNXpihGNW134AJcg6bXL"
			       "ctoTETiLRmMIB_RL0x52Pv5OjsIEXKw")),
	    RD_MALFORMED);
}

static void custom_claims_may_not_take_a_registered_name(void **state)
{
	static const struct {
		const char *name;
		bool reserved;
	} rows[] = {
	    {"iss", true},     {"sub", true},       {"aud", true},   {"exp", true},
	    {"nbf", true},     {"iat", true},       {"jti", true},   {"client_id", true},
	    {"scope", true},   {"auth_time", true}, {"acr", true},   {"amr", true},
	    {"cnf", true},     {"sid", true},       {"fresh", true}, {"roles", false},
	    {"groups", false}, {"tenant", false},   {"ISS", false},  {"is", false},
	    {"issuer", false}, {"", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(rd_claim_reserved(rd_span(rows[i].name)), rows[i].reserved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signs_what_other_implementations_sign),
	    cmocka_unit_test(what_it_signs_it_verifies_and_reads_back),
	    cmocka_unit_test(empty_client_scope_and_sid_are_left_out),
	    cmocka_unit_test(it_appends_and_signs_only_its_own),
	    cmocka_unit_test(any_buffer_too_small_is_full_and_nothing_is_written_past_it),
	    cmocka_unit_test(claims_too_large_for_any_verifier_are_not_signed),
	    cmocka_unit_test(exp_is_the_first_second_in_which_it_is_expired),
	    cmocka_unit_test(a_retired_key_still_verifies_and_an_unknown_one_never),
	    cmocka_unit_test(flipped_bit_anywhere_is_refused),
	    cmocka_unit_test(truncated_or_extended_is_refused),
	    cmocka_unit_test(j_a_token_of_8_kib_is_taken_and_a_longer_one_refused),
	    cmocka_unit_test(t17_a_refresh_token_is_no_access_token),
	    cmocka_unit_test(custom_claims_may_not_take_a_registered_name),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
