#include "base/json_write.h"
#include "unit.h"

static void commas_stand_between_members_and_nowhere_else(void **state)
{
	char text[200];
	struct rd_buf buf = RD_BUF(text);

	(void)state;
	rd_json_put(&buf, NULL, "{");
	rd_json_put_text(&buf, "a", RD_SPAN("x\"{"));
	rd_json_put_number(&buf, "b", 18446744073709551615U);
	rd_json_put(&buf, "c", "[");
	for (uint64_t i = 0; i < 3; i++)
		rd_json_put_number(&buf, NULL, i);
	rd_put_lit(&buf, "]");
	rd_json_put(&buf, "d", "{");
	rd_json_put_bool(&buf, "e", true);
	rd_json_put_bool(&buf, "f", false);
	rd_put_lit(&buf, "}}");
	assert_true(rd_span_is(rd_buf_span(&buf),
			       RD_SPAN("{\"a\":\"x\\\"{\",\"b\":18446744073709551615,\"c\":[0,1,2],"
				       "\"d\":{\"e\":true,\"f\":false}}")));
}

static void too_much_writes_nothing_more(void **state)
{
	char text[10];
	struct rd_buf buf = RD_BUF(text);

	(void)state;
	rd_json_put(&buf, NULL, "{");
	rd_json_put_text(&buf, "name", RD_SPAN("value"));
	assert_false(rd_buf_ok(&buf));
	assert_true(buf.len <= sizeof text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commas_stand_between_members_and_nowhere_else),
	    cmocka_unit_test(too_much_writes_nothing_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
