#include "config_fixture.h"
#include "fcgi/admin/verb_key.h"

// A key is held on to for as long as the longest-lived token it may have made.
static void the_longest_life_of_any_client_counts(void **state)
{
	static const struct {
		const char *text;
		uint32_t jwks_s, access_s, refresh_s;
	} rows[] = {
	    {"", 300, 900, 15552000},
	    {"access_ttl_s = 60\njwks_max_age_s = 7\n", 7, 60, 15552000},
	    {"[client a]\naccess_ttl_s = 3600\n", 300, 3600, 15552000},
	    {"[client a]\naccess_ttl_s = 60\n", 300, 900, 15552000},
	    {"[client a]\nrefresh_max_ttl_s = 31104000\n[client b]\naccess_ttl_s = 901\n", 300, 901,
	     31104000},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_key_lives lives;

		assert_true(load_text(rows[i].text));
		lives = rd_key_lives_of(&read_.config);
		assert_int_equal(lives.jwks_s, rows[i].jwks_s);
		assert_int_equal(lives.access_s, rows[i].access_s);
		assert_int_equal(lives.refresh_s, rows[i].refresh_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_longest_life_of_any_client_counts),
	};

	return cmocka_run_group_tests(tests, start_config, stop_config);
}
