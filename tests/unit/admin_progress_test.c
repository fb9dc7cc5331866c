// How far long work over many users has come.
#include "fcgi/admin/progress.h"
#include "unit.h"

static void a_scan_cursor_tells_how_far_it_is(void **state)
{
	static const struct {
		uint64_t cursor;
		double share;
	} rows[] = {{0, 0}, {1, 0.5}, {2, 0.25}, {3, 0.75}, {7, 0.875}, {6, 0.375}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_true(rd_scan_share(rows[i].cursor) == rows[i].share);
	assert_true(rd_scan_share(UINT64_MAX) <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_scan_cursor_tells_how_far_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
