#include "op/agent.h"
#include "copies_fixture.h"
#include "unit.h"

static void browsers_are_told_in_brief(void **state)
{
	static const struct {
		const char *agent, *brief;
	} rows[] = {
	    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
	     "Chrome/126.0.0.0 Safari/537.36",
	     "Chrome/126 Windows"},
	    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
	     "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
	     "Edge/126 Windows"},
	    {"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
	     "Firefox/127 Linux"},
	    {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
	     "Gecko) Version/17.5 Safari/605.1.15",
	     "Safari/17 macOS"},
	    {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
	     "like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
	     "Chrome/126 iPhone"},
	    {"Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) "
	     "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
	     "Samsung/25 Android"},
	    {"Mozilla/5.0 (Haiku) Chrome/1", "Chrome/1"},
	};
	char out[RD_AGENT_BRIEF_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_text(rd_agent_brief(copy_of(rd_span(rows[i].agent)), out), rows[i].brief);
	copies_free();
}

static void anything_else_stays_as_it_is(void **state)
{
	static const char *const agents[] = {
	    "",
	    "curl/7.88.1",
	    "Mozilla/5.0",
	    "Mozilla/5.0 (",
	    "Mozilla/5.0 (X11; Linux x86_64)",
	    "Mozilla/5.0 (X11; Linux) Chrome/",
	    "Mozilla/5.0 (X11; Linux) Chrome/x",
	    "Mozilla/5.0 (X11; Linux) Chrome/123456789",
	    "MyApp/1.0 Chrome/126",
	    "mozilla/5.0 (Linux) Chrome/1",
	};
	char out[RD_AGENT_BRIEF_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(agents); i++)
		assert_text(rd_agent_brief(copy_of(rd_span(agents[i])), out), agents[i]);
	copies_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(browsers_are_told_in_brief),
	    cmocka_unit_test(anything_else_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
