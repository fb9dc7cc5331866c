#include "base/nearest.h"
#include "unit.h"

static const char *const names[] = {"workers",           "redis",   "redis_timeout_ms",
				    "read_timeout_ms",   "grace_s", "access_ttl_s",
				    "refresh_idle_ttl_s"};

static const char *nearest(const char *given)
{
	struct rd_nearest n = rd_nearest_to(rd_span(given));

	for (size_t i = 0; i < COUNT(names); i++)
		rd_nearest_try(&n, names[i]);
	return n.name ? n.name : "";
}

static void a_typo_is_understood(void **state)
{
	static const struct {
		const char *given, *name;
	} rows[] = {
	    {"grace", "grace_s"},
	    {"grace_ms", "grace_s"},
	    {"garce_s", "grace_s"},
	    {"GRACE-S", "grace_s"},
	    {"graces", "grace_s"},
	    {"worker", "workers"},
	    {"wokrers", "workers"},
	    {"redis_timeout", "redis_timeout_ms"},
	    {"timeout_ms", "read_timeout_ms"},
	    {"rediss", "redis"},
	    {"acces_ttl", "access_ttl_s"},
	    {"refresh_idle", "refresh_idle_ttl_s"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(nearest(rows[i].given), rows[i].name);
}

static void what_is_like_nothing_has_no_nearest(void **state)
{
	static const char *const given[] = {
	    "",         "x",
	    "hello",    "1234567890",
	    "\xff\xfe", "grace_s_grace_s_grace_s_grace_s_grace_s_grace_s_grace_s_grace_s_grace_s"};

	(void)state;
	for (size_t i = 0; i < COUNT(given); i++)
		assert_string_equal(nearest(given[i]), "");
}

static void it_is_told_as_a_question(void **state)
{
	struct rd_nearest n = rd_nearest_to(RD_SPAN("grace"));
	char text[64];
	struct rd_buf out = RD_BUF(text);

	(void)state;
	rd_put_nearest(&out, &n);
	assert_text(rd_buf_span(&out), "");
	rd_nearest_try(&n, "grace_s");
	rd_put_nearest(&out, &n);
	assert_text(rd_buf_span(&out), "; did you mean grace_s?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_typo_is_understood),
	    cmocka_unit_test(what_is_like_nothing_has_no_nearest),
	    cmocka_unit_test(it_is_told_as_a_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
