#include "base/b64.h"
#include "ring_fixture.h"
#include "unit.h"

#define KEY_A "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8"
#define KEY_B "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8"
#define ZERO  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define HEAD  RING_DEPLOYMENT RING_REFRESH

static bool read(struct rd_span text, struct rd_keys *keys, struct rd_buf *why)
{
	memset(keys, 0xee, sizeof *keys);
	return rd_keys_parse(text, keys, why);
}

static void a_file_gives_its_keys(void **state)
{
	const struct rd_keys *keys = ring();

	(void)state;
	assert_int_equal(keys->refresh_active, 7);
	assert_int_equal(keys->refresh[7].state, RD_KEY_ACTIVE);
	assert_int_equal(keys->refresh[1].state, RD_KEY_RETIRED);
	assert_int_equal(keys->refresh[1].kid, 1);
	assert_int_equal(keys->refresh[0].kid, 0);
	assert_int_equal(keys->access_count, 3);
	assert_ptr_equal(rd_keys_signer(keys, RD_ALG_EDDSA), &keys->access[0]);
	assert_ptr_equal(rd_keys_signer(keys, RD_ALG_HS256), &keys->access[1]);
	assert_int_equal(keys->access[2].state, RD_KEY_RETIRED);
}

static void a_key_has_its_state_its_time_and_its_line(void **state)
{
	static struct rd_keys keys;
	char text[100];
	struct rd_buf why = RD_BUF(text);

	(void)state;
	assert_true(read(RD_SPAN("# one\n\n" HEAD "refresh 8 next " KEY_A " 1700000000\n"
				 "access EdDSA next " KEY_B " 253402300799"),
			 &keys, &why));
	assert_int_equal(keys.refresh_active, 7);
	assert_int_equal(keys.refresh[7].state, RD_KEY_ACTIVE);
	assert_int_equal(keys.refresh[7].since_s, 0);
	assert_int_equal(keys.refresh[7].line, 4);
	assert_int_equal(keys.refresh[8].state, RD_KEY_NEXT);
	assert_int_equal(keys.refresh[8].since_s, 1700000000);
	assert_int_equal(keys.refresh[8].line, 5);
	assert_int_equal(keys.access[0].state, RD_KEY_NEXT);
	assert_int_equal(keys.access[0].since_s, RD_SINCE_MAX);
	assert_int_equal(keys.access[0].line, 6);
	assert_null(rd_keys_signer(&keys, RD_ALG_EDDSA));
	rd_keys_wipe(&keys);
}

static void subkeys_are_crypto_kdf_of_the_master(void **state)
{
	static const struct {
		const char *hex;
		size_t offset;
	} rows[] = {
	    {"a2e3dc6dc31a3f9d0cf9f5b9f25b341549ebe0fde07d25c98da68847dd07a92f",
	     offsetof(struct rd_keys, slot_key)},
	    {"ef036dc3dbb0db573b6cd91c7ec5f6c827d7ef76a8ba1b7a19c1c09bfe9532dd",
	     offsetof(struct rd_keys, refresh[7].tag_key)},
	};
	char hex[65];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		sodium_bin2hex(hex, sizeof hex, (const uint8_t *)ring() + rows[i].offset, 32);
		assert_string_equal(hex, rows[i].hex);
	}
	assert_memory_not_equal(ring()->slot_key, ring()->sid_key, 32);
	assert_memory_not_equal(ring()->refresh[7].tag_key, ring()->refresh[7].secret_key, 32);
}

static void rfc7638_thumbprint_of_rfc8037_example(void **state)
{
	(void)state;
	assert_string_equal(ring()->access[0].kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

static void rfc7638_thumbprint_of_a_symmetric_key(void **state)
{
	(void)state;
	assert_string_equal(ring()->access[1].kid, "35fLq28ejp1ttbXmvnScmHG9oHTnEHcS994tBu56pzY");
}

static void rfc8037_a4_signature(void **state)
{
	static const char text[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
	const struct rd_access_key *key = &ring()->access[0];
	uint8_t signature[crypto_sign_BYTES];
	char out[RD_B64_LEN(sizeof signature) + 1];

	(void)state;
	crypto_sign_detached(signature, NULL, (const uint8_t *)text, sizeof text - 1, key->secret);
	rd_b64_encode(out, signature, sizeof signature);
	assert_string_equal(out, "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5B"
				 "hVsPt9g7sVvpAr_MuM0KAg");
	rd_b64_encode(out, key->public, sizeof key->public);
	assert_string_equal(out, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
}

static void header_has_typ_alg_kid_in_this_order(void **state)
{
	static const struct {
		int key, name;
		const char *json;
	} rows[] = {
	    {0, 0,
	     "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":"
	     "\"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k\"}"},
	    {0, 1,
	     "{\"typ\":\"at+jwt\",\"alg\":\"Ed25519\",\"kid\":"
	     "\"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k\"}"},
	    {1, 0,
	     "{\"typ\":\"at+jwt\",\"alg\":\"HS256\",\"kid\":"
	     "\"35fLq28ejp1ttbXmvnScmHG9oHTnEHcS994tBu56pzY\"}"},
	    {1, 1, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct rd_access_key *key = &ring()->access[rows[i].key];
		char json[RD_JWT_HEADER_MAX];
		long len = rd_b64_decode(
		    json, sizeof json,
		    (struct rd_span){key->header[rows[i].name], key->header_len[rows[i].name]});

		assert_true(len >= 0);
		assert_text((struct rd_span){json, (size_t)len}, rows[i].json);
	}
}

static void layout_is_free_of_guesses(void **state)
{
	static const char *const good[] = {
	    HEAD,
	    "# comment\n\n" HEAD "\n#\n",
	    RING_DEPLOYMENT "refresh 255 active " KEY_A,
	    HEAD "refresh 1 retired " KEY_A "\n",
	    HEAD "access EdDSA retired " KEY_A "\naccess EdDSA retired " KEY_B "\n",
	    RING_EDDSA RING_HS256 RING_REFRESH RING_DEPLOYMENT,
	    RING_DEPLOYMENT "refresh 255 active " KEY_A " 0",
	    HEAD "refresh 1 next " KEY_A " 1\nrefresh 2 next " KEY_B " 1700000000",
	    HEAD RING_EDDSA "access EdDSA next " KEY_A "\naccess EdDSA next " KEY_B " 7\n",
	};
	static struct rd_keys keys;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		char text[100];
		struct rd_buf why = RD_BUF(text);

		if (!read(rd_span(good[i]), &keys, &why))
			fail_msg("row %zu: %.*s", i, (int)why.len, text);
		assert_int_equal(why.len, 0);
	}
}

static void each_error_names_its_line_and_no_secret(void **state)
{
	static const struct {
		struct rd_span file;
		const char *why;
	} rows[] = {
	    {RD_SPAN(""), "no deployment key"},
	    {RD_SPAN(RING_REFRESH), "no deployment key"},
	    {RD_SPAN(RING_DEPLOYMENT), "no active refresh key"},
	    {RD_SPAN(RING_DEPLOYMENT RING_REFRESH_OLD), "no active refresh key"},
	    {RD_SPAN(HEAD "hello"), "line 3: is neither deployment nor refresh nor access"},
	    {RD_SPAN(HEAD " # x"), "line 3: is neither deployment nor refresh nor access"},
	    {RD_SPAN("\0" HEAD), "line 1: is neither deployment nor refresh nor access"},
	    {RD_SPAN("\xef\xbb\xbf" HEAD), "line 1: is neither deployment nor refresh nor access"},
	    {RD_SPAN("deployment\n"), "line 1: wrong number of fields"},
	    {RD_SPAN("deployment " KEY_A " x\n"), "line 1: wrong number of fields"},
	    {RD_SPAN("\n#\nrefresh 1 active\n"), "line 3: wrong number of fields"},
	    {RD_SPAN("access EdDSA active " KEY_A " a b c\n"), "line 1: wrong number of fields"},
	    {RD_SPAN("refresh 1 active " KEY_A " 1 x\n"), "line 1: wrong number of fields"},
	    {RD_SPAN("deployment " KEY_A " 1700000000\n"), "line 1: wrong number of fields"},
	    {RD_SPAN("deployment  " KEY_A "\n"), "line 1: wrong number of fields"},
	    {RD_SPAN("deployment\t" KEY_A "\n"),
	     "line 1: is neither deployment nor refresh nor access"},
	    {RD_SPAN("deployment \n"), "line 1: secret is not 32 bytes of base64url"},
	    {RD_SPAN("deployment " KEY_A "=\n"), "line 1: secret is not 32 bytes of base64url"},
	    {RD_SPAN("deployment " KEY_A "\r\n"), "line 1: secret is not 32 bytes of base64url"},
	    {RD_SPAN("deployment " KEY_A "A\n"), "line 1: secret is not 32 bytes of base64url"},
	    {RD_SPAN("deployment c2hvcnQ\n"), "line 1: secret is not 32 bytes of base64url"},
	    {RD_SPAN(HEAD "access HS256 active c2hvcnQ\n"),
	     "line 3: secret is not 32 bytes of base64url"},
	    {RD_SPAN("deployment " ZERO "\n"), "line 1: secret is all zero"},
	    {RD_SPAN("refresh 1 active " ZERO "\n"), "line 1: secret is all zero"},
	    {RD_SPAN("access EdDSA active " ZERO "\n"), "line 1: secret is all zero"},
	    {RD_SPAN(HEAD "deployment " KEY_A), "line 3: a second deployment key"},
	    {RD_SPAN(HEAD "refresh 7 retired " KEY_A), "line 3: a second refresh key of this kid"},
	    {RD_SPAN(HEAD "refresh 8 active " KEY_A), "line 3: a second active refresh key"},
	    {RD_SPAN(HEAD RING_EDDSA "access EdDSA active " KEY_A),
	     "line 4: a second active access key of this algorithm"},
	    {RD_SPAN(HEAD "access EdDSA active " KEY_A "\naccess EdDSA retired " KEY_A),
	     "line 4: secret stands on an earlier line too"},
	    {RD_SPAN("deployment " KEY_A "\nrefresh 1 active " KEY_A),
	     "line 2: secret stands on an earlier line too"},
	    {RD_SPAN("refresh 0 active " KEY_A), "line 1: kid is not 1..255"},
	    {RD_SPAN("refresh 256 active " KEY_A), "line 1: kid is not 1..255"},
	    {RD_SPAN("refresh 01 active " KEY_A), "line 1: kid is not 1..255"},
	    {RD_SPAN("refresh 1000 active " KEY_A), "line 1: kid is not 1..255"},
	    {RD_SPAN("refresh -1 active " KEY_A), "line 1: kid is not 1..255"},
	    {RD_SPAN("refresh x active " KEY_A), "line 1: kid is not 1..255"},
	    {RD_SPAN("refresh  active " KEY_A), "line 1: kid is not 1..255"},
	    {RD_SPAN("refresh 1 Active " KEY_A),
	     "line 1: state is neither next nor active nor retired"},
	    {RD_SPAN("access EdDSA off " KEY_A),
	     "line 1: state is neither next nor active nor retired"},
	    {RD_SPAN("refresh 1  " KEY_A), "line 1: state is neither next nor active nor retired"},
	    {RD_SPAN(HEAD RING_REFRESH_OLD "refresh 1 next " KEY_A),
	     "line 4: a second refresh key of this kid"},
	    {RD_SPAN("refresh 1 active " KEY_A "  1"), "line 1: wrong number of fields"},
	    {RD_SPAN("access none active " KEY_A), "line 1: algorithm is neither EdDSA nor HS256"},
	    {RD_SPAN("access hs256 active " KEY_A), "line 1: algorithm is neither EdDSA nor HS256"},
	};
	static struct rd_keys keys;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[100];
		struct rd_buf why = RD_BUF(text);

		assert_false(read(rows[i].file, &keys, &why));
		assert_text(rd_buf_span(&why), rows[i].why);
		assert_true(sodium_is_zero((const uint8_t *)&keys, sizeof keys));
	}
}

static void a_time_is_whole_seconds_before_the_year_10000(void **state)
{
	static const char *const rows[] = {
	    "refresh 1 active " KEY_A " ",
	    "refresh 1 active " KEY_A " 01",
	    "refresh 1 active " KEY_A " -1",
	    "refresh 1 active " KEY_A " +1",
	    "refresh 1 active " KEY_A " 1.0",
	    "access EdDSA next " KEY_A " now",
	    "access EdDSA next " KEY_A " 253402300800",
	    "access EdDSA next " KEY_A " 18446744073709551616",
	    "access EdDSA next " KEY_A " 1700000000\r\n",
	    "access EdDSA next 1700000000 " KEY_A,
	};
	static struct rd_keys keys;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[100];
		struct rd_buf why = RD_BUF(text);

		assert_false(read(rd_span(rows[i]), &keys, &why));
		assert_text(rd_buf_span(&why), "line 1: since is not a time in unix seconds");
		assert_true(sodium_is_zero((const uint8_t *)&keys, sizeof keys));
	}
}

static void sixteen_keys_of_a_kind_and_not_one_more(void **state)
{
	static const struct {
		const char *start, *why;
		size_t first; // HEAD holds one refresh key already
	} rows[] = {
	    {"refresh 1", "line 18: too many refresh keys", 1},
	    {"access EdDSA", "line 19: too many access keys", 0},
	};
	static struct rd_keys keys;
	char text[4000], reason[100];

	(void)state;
	for (size_t row = 0; row < COUNT(rows); row++) {
		struct rd_buf file = RD_BUF(text), why = RD_BUF(reason);

		rd_put_lit(&file, HEAD);
		for (size_t i = rows[row].first; i <= RD_KEYS_MAX; i++) {
			const uint8_t secret[32] = {0xff, (uint8_t)i};

			assert_true(read(rd_buf_span(&file), &keys, &why));
			rd_put_str(&file, rows[row].start);
			if (rows[row].first == 1)
				rd_put_u64(&file, 10 + i); // kids 110 to 126
			rd_put_lit(&file, " retired ");
			rd_put_b64(&file, secret, sizeof secret);
			rd_put_lit(&file, "\n");
		}
		assert_true(rd_buf_ok(&file));
		assert_false(read(rd_buf_span(&file), &keys, &why));
		assert_text(rd_buf_span(&why), rows[row].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_gives_its_keys),
	    cmocka_unit_test(a_key_has_its_state_its_time_and_its_line),
	    cmocka_unit_test(subkeys_are_crypto_kdf_of_the_master),
	    cmocka_unit_test(rfc7638_thumbprint_of_rfc8037_example),
	    cmocka_unit_test(rfc7638_thumbprint_of_a_symmetric_key),
	    cmocka_unit_test(rfc8037_a4_signature),
	    cmocka_unit_test(header_has_typ_alg_kid_in_this_order),
	    cmocka_unit_test(layout_is_free_of_guesses),
	    cmocka_unit_test(each_error_names_its_line_and_no_secret),
	    cmocka_unit_test(a_time_is_whole_seconds_before_the_year_10000),
	    cmocka_unit_test(sixteen_keys_of_a_kind_and_not_one_more),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
