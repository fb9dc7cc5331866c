#include "jws_fixture.h"
#include "token/keylist.h"
#include "token/refresh.h"

#define EDDSA_KID "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
#define HS256_KID "35fLq28ejp1ttbXmvnScmHG9oHTnEHcS994tBu56pzY"

static const struct rd_key_lives lives = {.jwks_s = 300, .access_s = 900, .refresh_s = 15552000};

static struct rd_key_list listed(void)
{
	struct rd_key_list list;

	rd_keys_list(ring(), &list);
	return list;
}

static void a_list_has_every_key_and_says_where_it_stands(void **state)
{
	static const struct {
		const char *kid;
		bool refresh;
		enum rd_alg alg;
		enum rd_key_state state;
		unsigned line;
	} rows[] = {
	    {"1", true, 0, RD_KEY_RETIRED, 2},
	    {"7", true, 0, RD_KEY_ACTIVE, 3},
	    {EDDSA_KID, false, RD_ALG_EDDSA, RD_KEY_ACTIVE, 4},
	    {HS256_KID, false, RD_ALG_HS256, RD_KEY_ACTIVE, 5},
	    {NULL, false, RD_ALG_EDDSA, RD_KEY_RETIRED, 6},
	};
	const struct rd_key_list list = listed();

	(void)state;
	assert_int_equal(list.count, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct rd_key_entry *key = &list.entry[i];

		assert_string_equal(key->kid, rows[i].kid ? rows[i].kid : ring()->access[2].kid);
		assert_int_equal(key->refresh, rows[i].refresh);
		assert_int_equal(key->alg, rows[i].alg);
		assert_int_equal(key->state, rows[i].state);
		assert_int_equal(key->line, rows[i].line);
		assert_int_equal(key->since_s, 0);
	}
}

static void a_key_is_found_by_number_thumbprint_or_six_characters_of_it(void **state)
{
	static const struct {
		const char *name;
		size_t count;
		unsigned line;
	} rows[] = {
	    {"1", 1, 2},           {"7", 1, 3},     {EDDSA_KID, 1, 4}, {"kPrK_q", 1, 4},
	    {"35fLq28ejp", 1, 5},  {"kPrK_", 0, 0}, {"kPrK_x", 0, 0},  {"KPRK_Q", 0, 0},
	    {EDDSA_KID "x", 0, 0}, {"", 0, 0},      {"0", 0, 0},       {"2", 0, 0},
	    {"07", 0, 0},          {"7 ", 0, 0},
	};
	const struct rd_key_list list = listed();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct rd_key_entry *found;

		assert_int_equal(rd_key_find(&list, rd_span(rows[i].name), &found), rows[i].count);
		assert_int_equal(found ? found->line : 0, rows[i].line);
	}
}

static void a_prefix_of_two_keys_means_both(void **state)
{
	struct rd_key_list list = listed();
	const struct rd_key_entry *found;

	(void)state;
	memcpy(list.entry[3].kid, "kPrK_q0", 7);
	assert_int_equal(rd_key_find(&list, RD_SPAN("kPrK_q"), &found), 2);
	assert_int_equal(rd_key_find(&list, RD_SPAN("kPrK_qm"), &found), 1);
	assert_int_equal(found->line, 4);
	assert_int_equal(rd_key_find(&list, RD_SPAN(EDDSA_KID), &found), 1);
}

static void the_active_key_is_one_of_the_same_kind_and_algorithm(void **state)
{
	struct rd_key_list list = listed();

	(void)state;
	assert_ptr_equal(rd_key_active(&list, &list.entry[0]), &list.entry[1]);
	assert_ptr_equal(rd_key_active(&list, &list.entry[4]), &list.entry[2]);
	assert_ptr_equal(rd_key_active(&list, &list.entry[3]), &list.entry[3]);
	list.entry[2].state = RD_KEY_NEXT;
	assert_null(rd_key_active(&list, &list.entry[4]));
}

static void published_before_it_signs_and_kept_until_its_tokens_are_dead(void **state)
{
	static const struct {
		bool refresh;
		enum rd_alg alg;
		enum rd_key_state state;
		int64_t since_s, activate_s, remove_s;
	} rows[] = {
	    {false, RD_ALG_EDDSA, RD_KEY_NEXT, 1000, 1300, 0},
	    {false, RD_ALG_EDDSA, RD_KEY_NEXT, 0, 300, 0},
	    {false, RD_ALG_HS256, RD_KEY_NEXT, 1000, 0, 0},
	    {true, 0, RD_KEY_NEXT, 1000, 0, 0},
	    {false, RD_ALG_EDDSA, RD_KEY_RETIRED, 1000, 0, 1960},
	    {false, RD_ALG_HS256, RD_KEY_RETIRED, 1000, 0, 1960},
	    {true, 0, RD_KEY_RETIRED, 1000, 0, 15553000},
	    {true, 0, RD_KEY_RETIRED, 0, 0, 15552000},
	    {false, RD_ALG_EDDSA, RD_KEY_RETIRED, RD_SINCE_MAX, 0, RD_SINCE_MAX + 960},
	    {false, RD_ALG_EDDSA, RD_KEY_ACTIVE, 1000, INT64_MAX, INT64_MAX},
	    {true, 0, RD_KEY_ACTIVE, 0, INT64_MAX, INT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct rd_key_entry key = {.refresh = rows[i].refresh,
						 .alg = rows[i].alg,
						 .state = rows[i].state,
						 .since_s = rows[i].since_s};

		assert_int_equal(rd_key_activate_from(&key, &lives), rows[i].activate_s);
		assert_int_equal(rd_key_remove_from(&key, &lives), rows[i].remove_s);
	}
}

static void a_new_refresh_key_has_a_number_past_all_others(void **state)
{
	static const struct {
		uint8_t held[4], wanted;
	} rows[] = {
	    {{7}, 8},   {{1, 7}, 8},   {{1, 2, 3}, 4},      {{254}, 255},
	    {{255}, 1}, {{1, 255}, 2}, {{1, 2, 4, 255}, 3},
	};
	static struct rd_keys keys;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(&keys, 0, sizeof keys);
		for (size_t k = 0; k < COUNT(rows[i].held); k++)
			keys.refresh[rows[i].held[k]].kid = rows[i].held[k];
		assert_int_equal(rd_keys_new_kid(&keys), rows[i].wanted);
	}
}

// What overlap is for: workers that have not been told yet, and tokens of before.
static void a_key_that_is_next_or_retired_checks(void **state)
{
	static const char *const states[] = {"next", "active", "retired"};
	static const uint8_t seed[RD_SEED_LEN] = {1};
	const struct rd_access access = {.iss = RD_SPAN(ISS),
					 .aud = RD_SPAN(AUD),
					 .sub = RD_SPAN("u"),
					 .client_id = RD_SPAN("c"),
					 .jti = RD_SPAN("j"),
					 .iat_s = NOW,
					 .exp_s = NOW + 300};
	static struct rd_keys keys;

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		char text[1000], jwt[RD_JWT_MAX], reason[100];
		struct rd_buf file = RD_BUF(text), token = RD_BUF(jwt), why = RD_BUF(reason);
		struct rd_token refresh = {.version = RD_TOKEN_VERSION, .kid = 9};
		struct rd_access out;
		RD_JSON *doc = NULL;

		rd_put_lit(&file, RING_DEPLOYMENT "access EdDSA ");
		rd_put_str(&file, states[i]);
		rd_put_lit(&file, " nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\nrefresh 9 ");
		rd_put_str(&file, states[i]);
		rd_put_lit(&file, " QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8 1\n");
		if (i != RD_KEY_ACTIVE)
			rd_put_lit(&file,
				   "refresh 1 active gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8");
		assert_true(rd_keys_parse(rd_buf_span(&file), &keys, &why));
		rd_jwt_sign(&token, &access, &keys.access[0], 0);
		assert_int_equal(rd_jwt_verify(rd_buf_span(&token), &keys, &wants, &doc, &out),
				 RD_OK);
		rd_token_seal(&refresh, &keys, RD_SPAN("c"), seed);
		assert_true(rd_token_authentic(&refresh, &keys, RD_SPAN("c")));
		assert_true(rd_token_lineage(&refresh, &keys, RD_SPAN("c"), seed));
		assert_int_equal(rd_keys_signer(&keys, RD_ALG_EDDSA) != NULL, i == RD_KEY_ACTIVE);
	}
	rd_keys_wipe(&keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_list_has_every_key_and_says_where_it_stands),
	    cmocka_unit_test(a_key_is_found_by_number_thumbprint_or_six_characters_of_it),
	    cmocka_unit_test(a_prefix_of_two_keys_means_both),
	    cmocka_unit_test(the_active_key_is_one_of_the_same_kind_and_algorithm),
	    cmocka_unit_test(published_before_it_signs_and_kept_until_its_tokens_are_dead),
	    cmocka_unit_test(a_new_refresh_key_has_a_number_past_all_others),
	    cmocka_unit_test(a_key_that_is_next_or_retired_checks),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
