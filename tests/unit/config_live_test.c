// The configuration read again while serving.
#include "config_fixture.h"

static struct rd_config fresh;

static const char *names(void (*put)(const struct rd_config *, struct rd_buf *))
{
	static char text[600];
	struct rd_buf out = {text, 0, sizeof text - 1, false};

	put(&read_.config, &out);
	text[out.len] = 0;
	return text;
}

static void changes(const struct rd_config *now, struct rd_buf *out)
{
	rd_config_changes(&fresh, now, out);
}

static void keep(const struct rd_config *now, struct rd_buf *out)
{
	rd_config_keep_fixed(&fresh, now, out);
}

static void again(const char *text)
{
	struct rd_buf why = {read_.why, 0, sizeof read_.why - 1, false};

	write_config(text, strlen(text));
	if (!rd_config_again(&fresh, &read_.config, &why))
		fail_msg("%.*s", (int)why.len, why.ptr);
}

static void flags_and_environment_win_again(void **state)
{
	static char *given[] = {"--grace-s=3", "--issuer", "f"};
	char *argv[] = {given[0], given[1], given[2], NULL};
	int argc = 3;

	(void)state;
	setenv("REFRESHD_WORKERS", "9", 1);
	write_config("", 0);
	assert_true(load(read_.path, &argc, argv));
	read_.config.argc = 3;
	read_.config.argv = given;
	for (int i = 0; i < 2; i++) {
		again("grace_s = 1\nissuer = x\nworkers = 1\naccess_ttl_s = 60\n");
		assert_int_equal(fresh.grace_s, 3);
		assert_string_equal(fresh.issuer, "f");
		assert_int_equal(fresh.workers, 9);
		assert_int_equal(fresh.access_ttl_s, 60);
		read_.config = fresh;
	}
	no_variables();
}

static void what_wants_a_restart_stays(void **state)
{
	(void)state;
	assert_true(load_text("workers = 3\nlisten = unix:/long/path/to/a/socket\n"));
	again("\nworkers = 4\nlisten = unix:/x\ndurability = replica\ngrace_s = 3\n");
	assert_true(fresh.durable);
	assert_string_equal(names(keep), "workers, listen, durability");
	assert_int_equal(fresh.workers, 3);
	assert_int_equal(fresh.origin[RD_OPTION_workers].line, 1);
	assert_string_equal(fresh.listen, "unix:/long/path/to/a/socket");
	assert_false(fresh.durable);
	assert_int_equal(fresh.grace_s, 3);
	assert_string_equal(names(keep), "");
}

static void what_has_changed_is_named(void **state)
{
	static const struct {
		const char *text, *names;
	} rows[] = {
	    {"grace_s = 3\n[client a]\n", ""},
	    {"# moved\n\ngrace_s = 3\n[client a]\n", ""},
	    {"grace_s = 3\naccess_alg = HS256\n[client a]\naccess_alg = EdDSA\n",
	     "access_alg, clients"},
	    {"grace_s = 3\naccess_alg = Ed25519\n[client a]\n", "access_alg, clients"},
	    {"grace_s = 3\nsessions_max = 7\n[client a]\n", "sessions_max"},
	    {"grace_s = 3\n[client b]\n", "clients"},
	    {"grace_s = 3\n[client a]\nrotation = off\n", "clients"},
	    {"grace_s = 3\n", "clients"},
	};

	(void)state;
	assert_true(load_text("grace_s = 3\n[client a]\n"));
	for (size_t i = 0; i < COUNT(rows); i++) {
		again(rows[i].text);
		assert_string_equal(names(changes), rows[i].names);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(flags_and_environment_win_again),
	    cmocka_unit_test(what_wants_a_restart_stays),
	    cmocka_unit_test(what_has_changed_is_named),
	};

	return cmocka_run_group_tests(tests, start_config, stop_config);
}
