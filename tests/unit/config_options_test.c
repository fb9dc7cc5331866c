#include "config_fixture.h"

static void everything_has_a_default(void **state)
{
	const struct rd_config *c = &read_.config;
	int argc = 0;

	(void)state;
	assert_true(load(NULL, &argc, (char *[]){NULL}));
	for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++) {
		const struct rd_option *option = rd_option_at(id);
		char text[400];
		struct rd_buf value = RD_BUF(text);

		rd_option_put(c, option, &value);
		if (option->text && *option->text)
			assert_text(rd_buf_span(&value), option->text);
	}
#define NUMBER(name, group, change, def, ...) \
	if (def != RD_UNSET)                  \
		assert_int_equal(c->name, def);
#define TEXT(...)
#define WORD(...)
#define ROW(kind, ...) kind(__VA_ARGS__)
	RD_OPTIONS(ROW)
#undef NUMBER
	assert_int_equal(c->access_jitter_s, 90);
	assert_string_equal(c->audience, c->issuer);
	assert_int_equal(c->client_count, 1);
	assert_string_equal(c->clients[0].id, "web");
	assert_true(c->clients[0].rotation);
	assert_false(c->clients[0].confidential || c->clients[0].issue);
	assert_int_equal(c->clients[0].grace_s, 10);
	assert_int_equal(c->clients[0].idle_ttl_s, 2592000);
	assert_int_equal(c->clients[0].max_ttl_s, 15552000);
}

static void flags_over_environment_over_file_over_defaults(void **state)
{
	static const struct {
		const char *file, *variable, *flag;
		uint32_t grace_s;
		const char *issuer;
	} rows[] = {
	    {"", NULL, NULL, 10, "http://127.0.0.1:8080"},
	    {"grace_s = 1\nissuer = f\n", NULL, NULL, 1, "f"},
	    {"", "2", NULL, 2, "2"},
	    {"", NULL, "3", 3, "3"},
	    {"grace_s = 1\nissuer = f\n", "2", NULL, 2, "2"},
	    {"grace_s = 1\nissuer = f\n", NULL, "3", 3, "3"},
	    {"", "2", "3", 3, "3"},
	    {"grace_s = 1\nissuer = f\n", "2", "3", 3, "3"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *value = (char *)(uintptr_t)rows[i].flag;
		char *argv[] = {"--grace-s", value, "--issuer", value, NULL};
		int argc = value ? 4 : 0;

		if (rows[i].variable) {
			setenv("REFRESHD_GRACE_S", rows[i].variable, 1);
			setenv("REFRESHD_ISSUER", rows[i].variable, 1);
		}
		write_config(rows[i].file, strlen(rows[i].file));
		assert_true(load(read_.path, &argc, argv));
		no_variables();
		assert_int_equal(argc, 0);
		assert_int_equal(read_.config.grace_s, rows[i].grace_s);
		assert_string_equal(read_.config.issuer, rows[i].issuer);
		assert_int_equal(read_.config.clients[0].grace_s, rows[i].grace_s);
	}
}

static void what_is_no_flag_of_ours_stays_in_order(void **state)
{
	char *argv[] = {"refreshd",  "--grace-s=5", "serve", "",        "-t", "--unknown=1", "--",
			"--workers", "3",           "-",     "--grace", "x",  NULL};
	static const char *const left[] = {"refreshd", "serve", "",        "-t", "--unknown=1",
					   "--",       "-",     "--grace", "x"};
	int argc = COUNT(argv) - 1;

	(void)state;
	assert_true(load(NULL, &argc, argv));
	assert_int_equal(argc, COUNT(left));
	for (size_t i = 0; i < COUNT(left); i++)
		assert_string_equal(argv[i], left[i]);
	assert_int_equal(read_.config.grace_s, 5);
	assert_int_equal(read_.config.workers, 3);
}

static void flags_have_two_spellings(void **state)
{
	(void)state;
	assert_true(load_flag("--issuer=a=b", NULL));
	assert_string_equal(read_.config.issuer, "a=b");
	assert_true(load_flag("--issuer", "--grace-s"));
	assert_string_equal(read_.config.issuer, "--grace-s");
	assert_true(load_flag("--redis_prefix=", NULL));
	assert_string_equal(read_.config.redis_prefix, "");
	assert_false(load_flag("--issuer", NULL));
	assert_string_equal(read_.why, "--issuer: must be followed by a value");
}

static void every_number_keeps_its_range(void **state)
{
	struct rd_buf why;
	char text[32];

	(void)state;
#define TRY(field, n, wanted)                                                                 \
	snprintf(text, sizeof text, "%lld", (long long)(n));                                  \
	why = (struct rd_buf)RD_BUF(read_.why);                                               \
	assert_int_equal(                                                                     \
	    rd_option_set(&read_.config, rd_option_find(#field, strlen(#field)), text, &why), \
	    wanted);                                                                          \
	assert_int_equal(why.len == 0, wanted);                                               \
	if (wanted)                                                                           \
		assert_int_equal(read_.config.field, n);
#define NUMBER(name, group, change, def, least, most, help) \
	TRY(name, least, true)                              \
	TRY(name, most, true)                               \
	TRY(name, (long long)least - 1, false)              \
	TRY(name, (long long)most + 1, false)
	RD_OPTIONS(ROW)
#undef NUMBER
#undef TEXT
}

static void every_text_keeps_its_length(void **state)
{
	char text[400];
	struct rd_buf why;

	(void)state;
	memset(text, 'x', sizeof text);
#define NUMBER(...)
#define TEXT(name, group, change, def, longest, help)                                             \
	for (size_t len = (longest); len <= (longest) + 1; len++) {                               \
		text[len] = 0;                                                                    \
		why = (struct rd_buf)RD_BUF(read_.why);                                           \
		assert_int_equal(rd_option_set(&read_.config,                                     \
					       rd_option_find(#name, strlen(#name)), text, &why), \
				 len == (longest));                                               \
		text[len] = 'x';                                                                  \
	}                                                                                         \
	assert_int_equal(strlen(read_.config.name), longest);
	RD_OPTIONS(ROW)
}

static bool set_to(struct rd_span word, const struct rd_option *option, struct rd_buf *why)
{
	char text[40];

	snprintf(text, sizeof text, "%.*s", (int)word.len, word.ptr);
	return rd_option_set(&read_.config, option, text, why);
}

static void every_word_is_taken_and_no_other(void **state)
{
	(void)state;
	for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++) {
		const struct rd_option *option = rd_option_at(id);
		struct rd_span rest = rd_span(option->words);
		struct rd_buf why = RD_BUF(read_.why);

		while (rest.len) {
			const struct rd_span word = rd_span_cut(&rest, '|');
			char text[40];
			struct rd_buf value = RD_BUF(text);

			assert_true(set_to(word, option, &why));
			rd_option_put(&read_.config, option, &value);
			assert_true(rd_span_is(rd_buf_span(&value), word));
			assert_false(option->words && set_to(RD_SPAN("o"), option, &why));
		}
		assert_false(option->words && set_to(RD_SPAN(""), option, &why));
		assert_false(option->words && set_to(rd_span(option->words), option, &why));
	}
}

static void a_number_is_digits_and_nothing_else(void **state)
{
	static const char *const texts[] = {"",
					    " 1",
					    "1 ",
					    "+1",
					    "-1",
					    "1.0",
					    "1e1",
					    "0x1",
					    "1s",
					    "ten",
					    "4294967297",
					    "18446744073709551617",
					    "99999999999999999999999"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_false(load_flag("--grace-s", texts[i]));
		assert_string_equal(read_.why, "grace_s: must be a whole number from 0 to 300");
	}
	assert_true(load_flag("--grace-s", "007"));
	assert_int_equal(read_.config.grace_s, 7);
}

static void jitter_is_a_tenth_and_less_than_the_life(void **state)
{
	static const struct {
		const char *text;
		int64_t jitter_s; // -1: refused
	} rows[] = {
	    {"", 90},
	    {"access_ttl_s = 60", 6},
	    {"access_ttl_s = 9", 0},
	    {"access_ttl_s = 1", 0},
	    {"access_jitter_s = 0", 0},
	    {"access_jitter_s = 899", 899},
	    {"access_jitter_s = 900", -1},
	    {"access_ttl_s = 60\naccess_jitter_s = 59", 59},
	    {"access_ttl_s = 60\naccess_jitter_s = 60", -1},
	    {"access_jitter_s = 61\naccess_ttl_s = 60", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(load_text(rows[i].text), rows[i].jitter_s >= 0);
		if (rows[i].jitter_s < 0)
			assert_non_null(
			    strstr(read_.why, ": access_jitter_s: must be less than access_ttl_s"));
		else
			assert_int_equal(read_.config.access_jitter_s, rows[i].jitter_s);
	}
}

static void the_algorithm_is_one_of_three_names(void **state)
{
	static const struct {
		const char *value;
		int alg, name; // alg -1: refused
	} rows[] = {
	    {"EdDSA", RD_ALG_EDDSA, 0},
	    {"HS256", RD_ALG_HS256, 0},
	    {"Ed25519", RD_ALG_EDDSA, 1},
	    {"eddsa", -1, 0},
	    {"none", -1, 0},
	    {"RS256", -1, 0},
	    {"", -1, 0},
	    {"HS2567", -1, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(load_flag("--access-alg", rows[i].value), rows[i].alg >= 0);
		if (rows[i].alg < 0)
			continue;
		assert_int_equal(read_.config.alg, rows[i].alg);
		assert_int_equal(read_.config.alg_name, rows[i].name);
	}
}

static void an_unknown_variable_only_warns_and_a_bad_one_does_not(void **state)
{
	int argc = 0;

	(void)state;
	setenv("REFRESHD_GRACE", "5", 1);
	assert_true(load(NULL, &argc, (char *[]){NULL}));
	assert_string_equal(read_.heard, "config.unknown: no such option: REFRESHD_GRACE; did you "
					 "mean REFRESHD_GRACE_S?");
	no_variables();
	setenv("REFRESHD_CONFIG", "/x", 1);
	setenv("REFRESHD", "x", 1);
	setenv("XREFRESHD_GRACE_S", "x", 1);
	assert_true(load(NULL, &argc, (char *[]){NULL}));
	assert_string_equal(read_.heard, "");
	no_variables();
	setenv("REFRESHD_GRACE_S", "5s", 1);
	assert_false(load(NULL, &argc, (char *[]){NULL}));
	assert_string_equal(read_.why,
			    "grace_s: must be a whole number from 0 to 300 (from the environment)");
	no_variables();
}

static void what_is_almost_a_flag_is_told(void **state)
{
	static const struct {
		const char *arg, *hint;
	} rows[] = {
	    {"--grace", "; did you mean --grace-s?"},
	    {"--acces-ttl-s=5", "; did you mean --access-ttl-s?"},
	    {"--json", ""},
	    {"grace", ""},
	    {"--", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[100];
		struct rd_buf hint = RD_BUF(text);

		rd_config_flag_hint(rows[i].arg, &hint);
		assert_text(rd_buf_span(&hint), rows[i].hint);
	}
}

static void it_is_known_where_a_value_came_from(void **state)
{
	char *argv[] = {"--issuer=x", NULL};
	const struct rd_origin *from = read_.config.origin;
	int argc = 1;

	(void)state;
	write_config("\ngrace_s = 5\nissuer = y\nworkers = 3\n[client a]\n\nkind = public\n", 61);
	setenv("REFRESHD_WORKERS", "4", 1);
	assert_true(load(read_.path, &argc, argv));
	no_variables();
	assert_int_equal(from[RD_OPTION_grace_s].from, RD_FROM_FILE);
	assert_int_equal(from[RD_OPTION_grace_s].line, 2);
	assert_int_equal(from[RD_OPTION_issuer].from, RD_FROM_FLAG);
	assert_int_equal(from[RD_OPTION_workers].from, RD_FROM_ENVIRONMENT);
	assert_int_equal(from[RD_OPTION_redis].from, RD_FROM_DEFAULT);
	assert_int_equal(read_.config.clients[0].line, 5);
	assert_int_equal(read_.config.clients[0].key_line[0], 7);
}

static void a_name_is_whole(void **state)
{
	static const char *const names[] = {"",         "g",       "grace",    "grace_",
					    "grace_ss", "grace s", "_grace_s", "grace.s"};
	static const char *const good[] = {"grace_s", "grace-s", "GRACE_S", "Grace-S"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_null(rd_option_find(names[i], strlen(names[i])));
	for (size_t i = 0; i < COUNT(good); i++)
		assert_non_null(rd_option_find(good[i], strlen(good[i])));
	assert_non_null(rd_option_find("grace_s=5", 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(everything_has_a_default),
	    cmocka_unit_test(flags_over_environment_over_file_over_defaults),
	    cmocka_unit_test(what_is_no_flag_of_ours_stays_in_order),
	    cmocka_unit_test(flags_have_two_spellings),
	    cmocka_unit_test(every_number_keeps_its_range),
	    cmocka_unit_test(every_text_keeps_its_length),
	    cmocka_unit_test(every_word_is_taken_and_no_other),
	    cmocka_unit_test(a_number_is_digits_and_nothing_else),
	    cmocka_unit_test(jitter_is_a_tenth_and_less_than_the_life),
	    cmocka_unit_test(the_algorithm_is_one_of_three_names),
	    cmocka_unit_test(an_unknown_variable_only_warns_and_a_bad_one_does_not),
	    cmocka_unit_test(what_is_almost_a_flag_is_told),
	    cmocka_unit_test(it_is_known_where_a_value_came_from),
	    cmocka_unit_test(a_name_is_whole),
	};

	return cmocka_run_group_tests(tests, start_config, stop_config);
}
