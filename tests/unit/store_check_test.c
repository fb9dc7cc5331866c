// The rights that are tried before serving are those that the scripts need.
#include "store/redis/script.h"
#include "unit.h"

static const char rights[] =
#include "redis/rights.lua.h"
    ;

static void every_command_of_a_script_is_tried(void **state)
{
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < RD_SCRIPT_COUNT; i++)
		for (const char *at = rd_script_texts[i]; (at = strstr(at, "redis.")); at++) {
			char command[32], tried[40];

			if (sscanf(at, "redis.call('%31[^']'", command) != 1) {
				assert_memory_equal(at, "redis.error_reply", 17);
				continue;
			}
			snprintf(tried, sizeof tried, "{'%s'", command);
			if (!strstr(rights, tried))
				fail_msg("rights.lua does not try %s", command);
			found++;
		}
	assert_true(found > 30);
}

static void nothing_else_is_tried(void **state)
{
	(void)state;
	for (const char *at = rights; (at = strstr(at, "{'")); at++) {
		char command[32], call[48];
		bool called = false;

		assert_int_equal(sscanf(at, "{'%31[^']'", command), 1);
		snprintf(call, sizeof call, "redis.call('%s'", command);
		for (size_t i = 0; i < RD_SCRIPT_COUNT; i++)
			called |= strstr(rd_script_texts[i], call) != NULL;
		if (!called)
			fail_msg("no script calls %s", command);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_command_of_a_script_is_tried),
	    cmocka_unit_test(nothing_else_is_tried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
