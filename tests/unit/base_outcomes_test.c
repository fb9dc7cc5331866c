#include "base/outcomes.h"
#include "unit.h"

static void all_refusals_of_a_grant_look_alike(void **state)
{
	(void)state;
	for (int r = 0; r < RD_RESULT_COUNT; r++) {
		const struct rd_result_row *row = &rd_result_rows[r];

		if (!rd_refused((enum rd_result)r))
			continue;
		assert_int_equal(row->status, 401);
		assert_string_equal(row->error, "invalid_token");
	}
}

static void outcome_names_are_unique(void **state)
{
	(void)state;
	for (int a = 0; a < RD_RESULT_COUNT; a++)
		for (int b = 0; b < a; b++)
			assert_string_not_equal(rd_result_rows[a].outcome,
						rd_result_rows[b].outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_refusals_of_a_grant_look_alike),
	    cmocka_unit_test(outcome_names_are_unique),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
