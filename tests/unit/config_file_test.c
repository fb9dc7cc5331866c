#include "config_fixture.h"

#define SHA "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" // of "test"

static void a_file_may_look_like_this(void **state)
{
	static const char *const texts[] = {
	    "grace_s = 5\nissuer = x\n",
	    "grace_s=5\nissuer=x",
	    "grace_s : 5\r\nissuer = x\r\n",
	    "\n; comment\n# comment\n  \t\ngrace_s = 5 ; why\nissuer = x\n",
	    "  grace_s = 5\n\tissuer = x\n",
	    "\xef\xbb\xbfgrace_s = 5\nissuer = x\n",
	    "GRACE-S = 5\nissuer = y\nissuer = x\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (!load_text(texts[i]))
			fail_msg("%s", read_.why);
		assert_int_equal(read_.config.grace_s, 5);
		assert_string_equal(read_.config.issuer, "x");
	}
}

static void a_mistake_is_reported_with_its_line(void **state)
{
	static const struct {
		const char *text;
		int line;
		const char *reason;
	} rows[] = {
	    {"grace = 5", 1, "unknown key: grace; did you mean grace_s?"},
	    {"whatever = 5", 1, "unknown key: whatever"},
	    {"rotation = off", 1, "unknown key: rotation; it belongs in a [client NAME] section"},
	    {"\n\ngrace_s = 301\n", 3, "grace_s: must be a whole number from 0 to 300"},
	    {"grace_s =\n", 1, "grace_s: must be a whole number from 0 to 300"},
	    {"grace_s = 5,\n", 1, "grace_s: must be a whole number from 0 to 300"},
	    {"grace_s = 5\ngrace_s\n", 2, "neither `name = value` nor `[section]`"},
	    {"hello\ngrace = 5\n", 1, "neither `name = value` nor `[section]`"},
	    {"grace = 5\nhello\n", 1, "unknown key: grace; did you mean grace_s?"},
	    {"[client web\n", 1, "neither `name = value` nor `[section]`"},
	    {"[server]\ngrace_s = 5\n", 1, "unknown section: server; did you mean client NAME?"},
	    {"[client]\nkind = public\n", 1, "unknown section: client; did you mean client NAME?"},
	    {"\n[]\n", 2, "unknown section: ; did you mean client NAME?"},
	    {"redis_prefix = 012345678901234567890123456789012\n", 1,
	     "redis_prefix: must be at most 32 bytes"},
	    {"[client a]\ngrace = 5\n", 2,
	     "unknown key in a client section: grace; did you mean grace_s?"},
	    {"[client a]\nissuer = x\n", 2,
	     "unknown key in a client section: issuer; it belongs above the first section"},
	    {"access_alg = RSA\n\n", 1, "access_alg: must be EdDSA, HS256 or Ed25519"},
	    {"\ndurability = sync\n", 2, "durability: must be async or replica"},
	    {"cookie_csrf = off\n", 1, "cookie_csrf: must be origin or token"},
	    {"access_ttl_s = 60\naccess_jitter_s = 60\n", 2,
	     "access_jitter_s: must be less than access_ttl_s"},
	    {"[client a]\nkind = privat\n", 2, "kind: must be public or confidential"},
	    {"[client a]\nrotation = maybe\n", 2, "rotation: must be on or off"},
	    {"[client a]\nissue = 2\n", 2, "issue: must be on or off"},
	    {"[client a]\ngrace_s = 301\n", 2, "grace_s: must be a whole number from 0 to 300"},
	    {"[client a]\nrefresh_idle_ttl_s = 0\n", 2,
	     "refresh_idle_ttl_s: must be a whole number from 1 to 315360000"},
	    {"[client a]\nrefresh_max_ttl_s = 315360001\n", 2,
	     "refresh_max_ttl_s: must be a whole number from 1 to 315360000"},
	    {"[client a]\nsecret_sha256 = test\n", 2,
	     "secret_sha256: must be 64 hexadecimal digits"},
	    {"[client a]\nsecret_sha256 = " SHA "0\n", 2,
	     "secret_sha256: must be 64 hexadecimal digits"},
	    {"[client a b]\n", 1, "client id must be 1 to 64 of A-Z a-z 0-9 . _ -: a b"},
	    {"[client ]\nkind = public\n", 1, "client id must be 1 to 64 of A-Z a-z 0-9 . _ -: "},
	    {"[client a/b]\n", 1, "client id must be 1 to 64 of A-Z a-z 0-9 . _ -: a/b"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_line(rows[i].text, rows[i].line, rows[i].reason);
}

// inih takes the rest of a long line for another line.
static void a_long_line_is_refused_and_its_rest_means_nothing(void **state)
{
	char text[400];

	(void)state;
	for (size_t len = 190; len < 300; len++) {
		memset(text, 'x', len);
		memcpy(text, "\n# ", 3);
		snprintf(text + len, sizeof text - len, "\ngrace_s = 5\n");
		if (len - 1 <= 198)
			assert_true(load_text(text));
		else
			assert_line(text, 2, "not text, or longer in bytes than 198");
		memcpy(text + len - 12, " grace_s = 0", 12);
		assert_int_equal(load_text(text), len - 1 <= 198);
	}
}

// inih takes an indented line for more of the value above it.
static void an_indented_line_is_a_line(void **state)
{
	(void)state;
	assert_true(load_text("issuer = x\n  audience = y\n"));
	assert_string_equal(read_.config.issuer, "x");
	assert_string_equal(read_.config.audience, "y");
	assert_line("issuer = x\n  y\n", 2, "neither `name = value` nor `[section]`");
}

// inih cuts a long section name, which would make one client of two.
static void a_long_section_name_is_refused(void **state)
{
	char text[200];

	(void)state;
	for (int len = 1; len < 80; len++) {
		char id[81] = "";

		memset(id, 'c', (size_t)len);
		snprintf(text, sizeof text, "[client %s]\nkind = public\n", id);
		if (len > 41) {
			assert_line(text, 1, "section name longer than 48 bytes");
			continue;
		}
		assert_true(load_text(text));
		assert_non_null(rd_config_client(&read_.config, rd_span(id)));
	}
}

static void a_nul_is_refused(void **state)
{
	static const char text[] = "grace_s = 5\0\nissuer = x\n";
	int argc = 0;

	(void)state;
	write_config(text, sizeof text - 1);
	assert_false(load(read_.path, &argc, (char *[]){NULL}));
}

static void what_cannot_be_read_is_refused(void **state)
{
	char wanted[100];
	int argc = 0;

	(void)state;
	assert_false(load("/nonexistent/conf", &argc, (char *[]){NULL}));
	assert_string_equal(read_.why, "/nonexistent/conf: No such file or directory");
	assert_false(load(read_.dir, &argc, (char *[]){NULL}));
	snprintf(wanted, sizeof wanted, "%s: Is a directory", read_.dir);
	assert_string_equal(read_.why, wanted);
}

static void a_client_section_sets_what_it_names(void **state)
{
	const struct rd_client *c;

	(void)state;
	assert_true(load_text("grace_s = 7\nrefresh_idle_ttl_s = 70\nrefresh_max_ttl_s = 700\n"
			      "[client shop]\nkind = confidential\nsecret_sha256 = " SHA "\n"
			      "rotation = off\nissue = on\ngrace_s = 0\nrefresh_idle_ttl_s = 1\n"
			      "refresh_max_ttl_s = 2\n[client A-z.0_9]\n[client app]\n"
			      "grace_s = 300\n[client shop]\ngrace_s = 1\n"));
	assert_int_equal(read_.config.client_count, 4); // with web, the default
	c = rd_config_client(&read_.config, RD_SPAN("shop"));
	assert_true(c->confidential && c->issue && !c->rotation);
	assert_memory_equal(c->secret_sha256, "\x9f\x86\xd0\x81\x88\x4c\x7d\x65", 8);
	assert_int_equal(c->grace_s, 1);
	assert_int_equal(c->idle_ttl_s, 1);
	assert_int_equal(c->max_ttl_s, 2);
	c = rd_config_client(&read_.config, RD_SPAN("app"));
	assert_true(!c->confidential && !c->issue && c->rotation);
	assert_int_equal(c->grace_s, 300);
	assert_int_equal(c->idle_ttl_s, 70);
	assert_int_equal(c->max_ttl_s, 700);
	assert_non_null(rd_config_client(&read_.config, RD_SPAN("A-z.0_9")));
	assert_null(rd_config_client(&read_.config, RD_SPAN("")));
	assert_null(rd_config_client(&read_.config, RD_SPAN("sho")));
	assert_null(rd_config_client(&read_.config, RD_SPAN("Shop")));
}

static void clients_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		const char *text;
		int line;
		const char *reason;
	} rows[] = {
	    {"[client a]\nkind = confidential\n", 1, "secret_sha256 is missing: client a"},
	    {"\n[client a]\nsecret_sha256 = " SHA "\n", 2,
	     "a public client has no secret_sha256: client a"},
	    {"[client a]\nissue = on\n", 1, "issue = on requires kind = confidential: client a"},
	    {"default_client = a b\n", 1,
	     "default_client: client id must be 1 to 64 of A-Z a-z 0-9 . _ -: a b"},
	    {"default_client = \n", 1,
	     "default_client: client id must be 1 to 64 of A-Z a-z 0-9 . _ -: "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_line(rows[i].text, rows[i].line, rows[i].reason);
}

static void at_most_64_clients(void **state)
{
	char text[8192] = "default_client = c0\n";

	(void)state;
	for (int i = 0; i < RD_CLIENTS_MAX; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "[client c%d]\n", i);
	assert_true(load_text(text));
	assert_int_equal(read_.config.client_count, RD_CLIENTS_MAX);
	snprintf(text + strlen(text), sizeof text - strlen(text), "[client more]\n");
	assert_line(text, RD_CLIENTS_MAX + 2, "too many clients at more");
	memcpy(text, "default_client = cx", 19); // needs a place too
	text[strlen(text) - strlen("[client more]\n")] = 0;
	assert_line(text, 1, "default_client: too many clients at cx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_may_look_like_this),
	    cmocka_unit_test(a_mistake_is_reported_with_its_line),
	    cmocka_unit_test(a_long_line_is_refused_and_its_rest_means_nothing),
	    cmocka_unit_test(an_indented_line_is_a_line),
	    cmocka_unit_test(a_long_section_name_is_refused),
	    cmocka_unit_test(a_nul_is_refused),
	    cmocka_unit_test(what_cannot_be_read_is_refused),
	    cmocka_unit_test(a_client_section_sets_what_it_names),
	    cmocka_unit_test(clients_that_make_no_sense_are_refused),
	    cmocka_unit_test(at_most_64_clients),
	};

	return cmocka_run_group_tests(tests, start_config, stop_config);
}
