#include "ring_fixture.h"
#include "token/keytext.h"
#include "unit.h"

#define NOW   1700000000
#define KEY_A "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8"
#define KEY_B "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8"
#define KEY_C "YGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn8"

static struct rd_keys keys;

static int wipe(void **state)
{
	(void)state;
	rd_keys_wipe(&keys);
	return 0;
}

static void assert_parses(struct rd_span text)
{
	char reason[100];
	struct rd_buf why = RD_BUF(reason);

	if (!rd_keys_parse(text, &keys, &why))
		fail_msg("%.*s", (int)why.len, reason);
}

static void a_generated_file_is_a_whole_ring(void **state)
{
	char text[500], other[500];
	struct rd_buf file = RD_BUF(text), again = RD_BUF(other);

	(void)state;
	rd_keys_generate(&file, NOW);
	rd_keys_generate(&again, NOW);
	assert_true(rd_buf_ok(&file));
	assert_false(rd_span_is(rd_buf_span(&file), rd_buf_span(&again)));
	assert_parses(rd_buf_span(&file));
	assert_int_equal(keys.refresh_active, 1);
	assert_int_equal(keys.refresh[1].since_s, NOW);
	for (int alg = 0; alg < RD_ALG_COUNT; alg++) {
		const struct rd_access_key *key = rd_keys_signer(&keys, (enum rd_alg)alg);

		assert_non_null(key);
		assert_int_equal(key->since_s, NOW);
	}
	rd_keys_wipe(&keys);
	assert_true(sodium_is_zero((const uint8_t *)&keys, sizeof keys));
	assert_null(rd_keys_signer(&keys, RD_ALG_EDDSA));
}

// The clock of a machine may stand before 1970; the file must be one that loads.
static void a_time_before_1970_is_written_as_0(void **state)
{
	char text[500];
	struct rd_buf file = RD_BUF(text);

	(void)state;
	rd_keys_generate(&file, -5);
	assert_parses(rd_buf_span(&file));
	assert_int_equal(keys.refresh[1].since_s, 0);
}

static void a_new_key_is_added_at_the_end_as_next(void **state)
{
	static const struct {
		const char *before, *kept;
	} rows[] = {
	    {RING, RING},
	    {"#\n" RING_REFRESH RING_DEPLOYMENT "# end",
	     "#\n" RING_REFRESH RING_DEPLOYMENT "# end\n"},
	    {RING_REFRESH RING_DEPLOYMENT "\n\n", RING_REFRESH RING_DEPLOYMENT "\n\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[1000], other[1000];
		struct rd_buf one = RD_BUF(text), two = RD_BUF(other);
		size_t kept = strlen(rows[i].kept);

		rd_keytext_add_refresh(&one, rd_span(rows[i].before), 8, NOW);
		assert_true(rd_buf_ok(&one) && one.len > kept);
		assert_memory_equal(text, rows[i].kept, kept);
		assert_memory_equal(text + kept, "refresh 8 next ", 15);
		assert_parses(rd_buf_span(&one));
		assert_int_equal(keys.refresh[8].state, RD_KEY_NEXT);
		assert_int_equal(keys.refresh[8].since_s, NOW);
		assert_int_equal(keys.refresh_active, 7);

		kept = one.len;
		rd_keytext_add_access(&two, rd_buf_span(&one), RD_ALG_HS256, NOW + 1);
		assert_true(rd_buf_ok(&two) && two.len > kept);
		assert_memory_equal(other, text, kept);
		assert_memory_equal(other + kept, "access HS256 next ", 18);
		assert_parses(rd_buf_span(&two));
		assert_int_equal(keys.access[keys.access_count - 1].since_s, NOW + 1);
	}
}

static void two_new_keys_differ(void **state)
{
	char text[1000], other[1000];
	struct rd_buf one = RD_BUF(text), two = RD_BUF(other);

	(void)state;
	rd_keytext_add_refresh(&one, RD_SPAN(RING), 8, NOW);
	rd_keytext_add_refresh(&two, RD_SPAN(RING), 8, NOW);
	assert_int_equal(one.len, two.len);
	assert_memory_not_equal(text, other, one.len);
}

static void activation_changes_two_lines_and_no_other_byte(void **state)
{
	static const struct {
		unsigned line, former;
		const char *before, *after;
	} rows[] = {
	    {2, 1, "refresh 7 active " KEY_A "\nrefresh 8 next " KEY_B "\n",
	     "refresh 7 retired " KEY_A " 1700000000\nrefresh 8 active " KEY_B " 1700000000\n"},
	    // back again, with times that were there
	    {1, 2, "refresh 7 retired " KEY_A " 1600000000\nrefresh 8 active " KEY_B " 5",
	     "refresh 7 active " KEY_A " 1700000000\nrefresh 8 retired " KEY_B " 1700000000"},
	    // none was active
	    {2, 0,
	     "# access EdDSA next x\naccess EdDSA next " KEY_A " 1\naccess HS256 active " KEY_B,
	     "# access EdDSA next x\naccess EdDSA active " KEY_A
	     " 1700000000\naccess HS256 active " KEY_B},
	    {4, 2,
	     "#  a \t b\r\naccess EdDSA active " KEY_A "\n\naccess EdDSA next " KEY_B "\n\n# \xff\n"
	     "deployment " KEY_C "\n\n",
	     "#  a \t b\r\naccess EdDSA retired " KEY_A " 1700000000\n\naccess EdDSA active " KEY_B
	     " 1700000000\n\n# \xff\n"
	     "deployment " KEY_C "\n\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[500];
		struct rd_buf out = RD_BUF(text);

		rd_keytext_activate(&out, rd_span(rows[i].before), rows[i].line, rows[i].former,
				    NOW);
		assert_true(rd_buf_ok(&out));
		assert_text(rd_buf_span(&out), rows[i].after);
	}
}

static void removal_takes_one_line(void **state)
{
	static const struct {
		unsigned line;
		const char *before, *after;
	} rows[] = {
	    {1, RING_REFRESH_OLD RING_REFRESH, RING_REFRESH},
	    {2, RING_REFRESH RING_REFRESH_OLD "# end", RING_REFRESH "# end"},
	    {3, "\n#\nrefresh 1 retired " KEY_A, "\n#\n"},
	    {3, RING_REFRESH "#\n" RING_EDDSA_RETIRED "\n\n",
	     RING_REFRESH "#\n"
			  "\n\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[500];
		struct rd_buf out = RD_BUF(text);

		rd_keytext_remove(&out, rd_span(rows[i].before), rows[i].line);
		assert_text(rd_buf_span(&out), rows[i].after);
	}
}

static void too_little_room_is_told(void **state)
{
	char text[sizeof RING];

	(void)state;
	for (size_t max = 0; max < sizeof RING; max++) {
		struct rd_buf add = {text, 0, max, false}, change = add;

		rd_keytext_add_refresh(&add, RD_SPAN(RING), 8, NOW);
		rd_keytext_activate(&change, RD_SPAN(RING), 2, 3, NOW);
		assert_false(rd_buf_ok(&add));
		assert_false(rd_buf_ok(&change));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, wipe)
	const struct CMUnitTest tests[] = {
	    TEST(a_generated_file_is_a_whole_ring),
	    TEST(a_time_before_1970_is_written_as_0),
	    TEST(a_new_key_is_added_at_the_end_as_next),
	    TEST(two_new_keys_differ),
	    TEST(activation_changes_two_lines_and_no_other_byte),
	    TEST(removal_takes_one_line),
	    TEST(too_little_room_is_told),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
