// Times of `session revoke-all --before`.
#include "fcgi/admin/sweep.h"
#include "unit.h"

static void a_time_is_a_day_or_a_second_in_UTC(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; // -1: refused
	} rows[] = {
	    {"1970-01-02", 86400},
	    {"2026-11-21", 1795219200},
	    {"2026-11-21T04:31:49Z", 1795235509},
	    {"2028-02-29T23:59:59Z", 1835481599},
	    {"1970-01-01", -1}, // 0 would mean: now
	    {"1969-12-31", -1},
	    {"2026-02-29", -1},
	    {"2026-02-31", -1},
	    {"2026-13-01", -1},
	    {"2026-00-01", -1},
	    {"2026-01-00", -1},
	    {"2026-11-21T24:00:00Z", -1},
	    {"2026-11-21T04:60:49Z", -1},
	    {"2026-11-21T04:31:49", -1},
	    {"2026-11-21T04:31:49Z ", -1},
	    {"2026-11-21T04:31Z", -1},
	    {"2026-11-21T", -1},
	    {"2026-11-21Z", -1},
	    {" 2026-11-21", -1},
	    {"+2026-11-21", -1},
	    {"2026-11", -1},
	    {"18446744073709551617-01-01", -1},
	    {"yesterday", -1},
	    {"", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int64_t wanted = rows[i].seconds < 0 ? -1 : rows[i].seconds * 1000;

		if (rd_time_from(rows[i].text) != wanted)
			fail_msg("%s is %lld", rows[i].text, (long long)rd_time_from(rows[i].text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_time_is_a_day_or_a_second_in_UTC),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
