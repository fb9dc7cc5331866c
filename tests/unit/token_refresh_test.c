#include "ring_fixture.h"
#include "token/refresh.h"
#include "unit.h"

// Made by an independent BLAKE2b over the ring's keys.
#define GOLDEN                                                                              \
	"rt1_AQcEhwHuJYM8HaChoqOkpaanqKmqq6ytrq8BAgMEqMKUNXpihGNW134AJcg6bXLctoTETiLRmMIB_" \
	"RL0x52Pv5"                                                                         \
	"OjsIEXKw"
#define CLIENT RD_SPAN("spa")

static const uint8_t seed[RD_SEED_LEN] = {0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
					  0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf};

static struct rd_token unsealed(void)
{
	struct rd_token token = {.version = RD_TOKEN_VERSION, .kid = 7, .generation = 0x01020304};

	rd_slot_of(token.slot, ring(), RD_SPAN("user-1"));
	for (uint8_t i = 0; i < RD_FAMILY_LEN; i++)
		token.family[i] = (uint8_t)(0xa0 + i);
	return token;
}

static struct rd_token sealed(void)
{
	struct rd_token token = unsealed();

	rd_token_seal(&token, ring(), CLIENT, seed);
	return token;
}

// What a refused token must be: not parsed, or parsed and not ours.
static bool accepted(const char *text, size_t len)
{
	struct rd_token token;
	enum rd_result result = rd_token_parse((struct rd_span){text, len}, &token);

	if (result != RD_OK) {
		assert_int_equal(result, RD_MALFORMED);
		assert_true(sodium_is_zero((uint8_t *)&token, sizeof token));
	}
	return result == RD_OK && rd_token_authentic(&token, ring(), CLIENT);
}

static void s1_a_generation_is_always_the_same_token(void **state)
{
	char text[RD_TOKEN_TEXT_LEN + 1];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct rd_token token = sealed();

		rd_token_print(&token, text);
		assert_string_equal(text, GOLDEN);
	}
}

static void print_and_parse_are_inverse(void **state)
{
	static const uint32_t generations[] = {0, 1, 255, 256, 0x80000000, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < COUNT(generations); i++) {
		struct rd_token token = unsealed(), back;
		char text[RD_TOKEN_TEXT_LEN + 1], again[RD_TOKEN_TEXT_LEN + 1];

		token.generation = generations[i];
		rd_token_seal(&token, ring(), CLIENT, seed);
		rd_token_print(&token, text);
		assert_int_equal(strlen(text), RD_TOKEN_TEXT_LEN);
		assert_int_equal(rd_token_parse(rd_span(text), &back), RD_OK);
		assert_int_equal(back.generation, generations[i]);
		assert_true(rd_token_authentic(&back, ring(), CLIENT));
		assert_true(rd_token_lineage(&back, ring(), CLIENT, seed));
		rd_token_print(&back, again);
		assert_string_equal(text, again);
	}
}

static void s5_flipped_bit_anywhere_is_refused(void **state)
{
	char text[] = GOLDEN;

	(void)state;
	assert_true(accepted(text, RD_TOKEN_TEXT_LEN));
	for (size_t bit = 0; bit < RD_TOKEN_TEXT_LEN * 8; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		if (accepted(text, RD_TOKEN_TEXT_LEN))
			fail_msg("bit %zu", bit);
		text[bit / 8] = GOLDEN[bit / 8];
	}
}

static void s5_other_byte_anywhere_is_refused(void **state)
{
	char text[] = GOLDEN;

	(void)state;
	for (size_t i = 0; i < RD_TOKEN_TEXT_LEN; i++) {
		for (int c = 0; c < 256; c++) {
			text[i] = (char)c;
			assert_int_equal(accepted(text, RD_TOKEN_TEXT_LEN), text[i] == GOLDEN[i]);
		}
		text[i] = GOLDEN[i];
	}
}

static void s5_truncated_or_extended_is_refused(void **state)
{
	(void)state;
	for (size_t len = 0; len < RD_TOKEN_TEXT_LEN; len++)
		assert_false(accepted(GOLDEN, len));
	for (size_t from = 1; from < RD_TOKEN_TEXT_LEN; from++)
		assert_false(accepted(&GOLDEN[from], RD_TOKEN_TEXT_LEN - from));
	for (int c = 0; c < 256; c++) {
		char text[] = GOLDEN "x";

		text[RD_TOKEN_TEXT_LEN] = (char)c;
		assert_false(accepted(text, RD_TOKEN_TEXT_LEN + 1));
	}
	assert_false(accepted(NULL, 0));
}

static void c_unknown_version_is_malformed(void **state)
{
	(void)state;
	for (int version = 0; version < 256; version++) {
		struct rd_token token = unsealed(), back;
		char text[RD_TOKEN_TEXT_LEN + 1];

		token.version = (uint8_t)version;
		rd_token_seal(&token, ring(), CLIENT, seed);
		rd_token_print(&token, text);
		assert_int_equal(rd_token_parse(rd_span(text), &back),
				 version == RD_TOKEN_VERSION ? RD_OK : RD_MALFORMED);
	}
}

static void t17_an_access_token_is_no_refresh_token(void **state)
{
	struct rd_token token;

	(void)state;
	assert_int_equal(rd_token_parse(RD_SPAN("eyJhbGciOiJFZERTQSJ9.e30.AAAA"), &token),
			 RD_MALFORMED);
}

static void tag_binds_every_field_and_the_client(void **state)
{
	static const char *const others[] = {"", "sp", "spb", "spa ", "SPA", "spaspa"};
	const struct rd_token token = sealed();

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(rd_token_authentic(&token, ring(), rd_span(others[i])));
#define FLIPPED(field, change)                                            \
	do {                                                              \
		struct rd_token other = token;                            \
		other.field change;                                       \
		assert_false(rd_token_authentic(&other, ring(), CLIENT)); \
	} while (0)
	FLIPPED(version, ^= 2);
	FLIPPED(kid, = 1);
	FLIPPED(slot[7], ^= 1);
	FLIPPED(family[15], ^= 1);
	FLIPPED(generation, += 1);
	FLIPPED(secret[23], ^= 1);
	FLIPPED(tag[15], ^= 1);
#undef FLIPPED
}

static void secret_differs_by_client_generation_seed_family_and_kid(void **state)
{
	const uint8_t other_seed[RD_SEED_LEN] = {0xc0};
	struct rd_token tokens[6];

	(void)state;
	for (size_t i = 0; i < COUNT(tokens); i++)
		tokens[i] = unsealed();
	tokens[1].generation++;
	tokens[2].family[0] ^= 1;
	tokens[3].kid = 1;
	for (size_t i = 0; i < COUNT(tokens); i++)
		rd_token_seal(&tokens[i], ring(), i == 4 ? RD_SPAN("app") : CLIENT,
			      i == 5 ? other_seed : seed);
	for (size_t a = 0; a < COUNT(tokens); a++)
		for (size_t b = 0; b < a; b++)
			assert_memory_not_equal(tokens[a].secret, tokens[b].secret, RD_SECRET_LEN);
}

static void t13_lineage_needs_the_seed_and_the_client(void **state)
{
	const struct rd_token token = sealed();
	uint8_t other[RD_SEED_LEN];

	(void)state;
	assert_true(rd_token_lineage(&token, ring(), CLIENT, seed));
	assert_false(rd_token_lineage(&token, ring(), RD_SPAN("app"), seed));
	for (size_t bit = 0; bit < sizeof other * 8; bit++) {
		memcpy(other, seed, sizeof other);
		other[bit / 8] = (uint8_t)(other[bit / 8] ^ 1 << bit % 8);
		assert_false(rd_token_lineage(&token, ring(), CLIENT, other));
	}
}

static void s_a_retired_kid_still_checks_and_an_unknown_one_never(void **state)
{
	struct rd_token token = unsealed();

	(void)state;
	token.kid = 1;
	rd_token_seal(&token, ring(), CLIENT, seed);
	assert_true(rd_token_authentic(&token, ring(), CLIENT));
	for (int kid = 0; kid < 256; kid++) {
		token.kid = (uint8_t)kid;
		assert_int_equal(rd_token_authentic(&token, ring(), CLIENT), kid == 1);
		assert_int_equal(rd_token_lineage(&token, ring(), CLIENT, seed), kid == 1);
	}
}

static void client_ids_up_to_64_bytes(void **state)
{
	char client[RD_CLIENT_MAX + 1];
	struct rd_token token = unsealed();

	(void)state;
	memset(client, 'c', sizeof client);
	for (size_t len = 0; len <= RD_CLIENT_MAX; len++) {
		rd_token_seal(&token, ring(), (struct rd_span){client, len}, seed);
		assert_true(rd_token_authentic(&token, ring(), (struct rd_span){client, len}));
		assert_false(rd_token_authentic(&token, ring(), (struct rd_span){client, len + 1}));
	}
	assert_false(
	    rd_token_lineage(&token, ring(), (struct rd_span){client, sizeof client}, seed));
}

static void slot_and_sid_come_from_the_deployment_key_alone(void **state)
{
	static const uint8_t golden_slot[RD_SLOT_LEN] = {0x04, 0x87, 0x01, 0xee,
							 0x25, 0x83, 0x3c, 0x1d};
	static struct rd_keys rotated;
	const struct rd_token token = unsealed();
	uint8_t slot[RD_SLOT_LEN], other[RD_SLOT_LEN];
	char sid[RD_SID_TEXT_LEN + 1], text[100];
	struct rd_buf why = RD_BUF(text);

	(void)state;
	assert_true(rd_keys_parse(RD_SPAN(RING_DEPLOYMENT "refresh 9 active "
							  "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJma"
							  "m5ydnp8"),
				  &rotated, &why));
	rd_slot_of(slot, &rotated, RD_SPAN("user-1"));
	assert_memory_equal(slot, golden_slot, sizeof slot);
	assert_memory_equal(slot, token.slot, sizeof slot);
	rd_slot_of(other, &rotated, RD_SPAN("user-2"));
	assert_memory_not_equal(slot, other, sizeof slot);
	rd_slot_of(other, &rotated, (struct rd_span){NULL, 0});
	rd_sid_of(sid, &rotated, token.family);
	assert_string_equal(sid, "vOtSHaqSXWx9IedySlGDPQ");
	rd_keys_wipe(&rotated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(s1_a_generation_is_always_the_same_token),
	    cmocka_unit_test(print_and_parse_are_inverse),
	    cmocka_unit_test(s5_flipped_bit_anywhere_is_refused),
	    cmocka_unit_test(s5_other_byte_anywhere_is_refused),
	    cmocka_unit_test(s5_truncated_or_extended_is_refused),
	    cmocka_unit_test(c_unknown_version_is_malformed),
	    cmocka_unit_test(t17_an_access_token_is_no_refresh_token),
	    cmocka_unit_test(tag_binds_every_field_and_the_client),
	    cmocka_unit_test(secret_differs_by_client_generation_seed_family_and_kid),
	    cmocka_unit_test(t13_lineage_needs_the_seed_and_the_client),
	    cmocka_unit_test(s_a_retired_kid_still_checks_and_an_unknown_one_never),
	    cmocka_unit_test(client_ids_up_to_64_bytes),
	    cmocka_unit_test(slot_and_sid_come_from_the_deployment_key_alone),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
