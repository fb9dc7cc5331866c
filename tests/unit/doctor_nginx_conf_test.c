// Reading an nginx configuration: its words and blocks, its files, and what cannot be read.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fcgi/doctor/nginx_conf.h"
#include "unit.h"

static struct rd_nginx conf;
static char reason[600];
static struct rd_buf why;
static char dir[32];

static void begin(void)
{
	rd_nginx_free(&conf);
	memset(reason, 0, sizeof reason);
	why = (struct rd_buf){reason, 0, sizeof reason - 1, false};
}

static bool parse(const char *text)
{
	begin();
	return rd_nginx_parse(&conf, RD_SPAN("n.conf"), rd_span(text), &why);
}

// A block as text: each directive by its words in [], then what is in it in {}.
static void put_block(struct rd_buf *out, uint32_t block)
{
	for (uint32_t n = conf.node[block].child; n; n = conf.node[n].next) {
		for (uint32_t w = 0; w < conf.node[n].words; w++) {
			rd_put_lit(out, "[");
			rd_put_span(out, rd_nginx_word(&conf, n, w));
			rd_put_lit(out, "]");
		}
		if (conf.node[n].child) {
			rd_put_lit(out, "{");
			put_block(out, n);
			rd_put_lit(out, "}");
		}
		rd_put_lit(out, ";");
	}
}

static void assert_tree(const char *wanted)
{
	char text[1000];
	struct rd_buf out = RD_BUF(text);

	put_block(&out, 0);
	assert_true(rd_buf_ok(&out));
	assert_text(rd_buf_span(&out), wanted);
}

static void words_quotes_comments_and_blocks(void **state)
{
	static const char *const rows[][2] = {
	    {"", ""},
	    {"# a comment; {\n", ""},
	    {"a;", "[a];"},
	    {"a b\tc\r\n d;", "[a][b][c][d];"},
	    {"a# b;", "[a#][b];"},
	    {"a 'b; {c}' \"d # e\";", "[a][b; {c}][d # e];"},
	    {"a 'it\\'s' \"\";", "[a][it\\'s][];"},
	    {"a b\\;c;", "[a][b\\;c];"},
	    {"a ${b}c;", "[a][${b}c];"},
	    {"a{b;c d;}e;", "[a]{[b];[c][d];};[e];"},
	    {"a x { b { } }", "[a][x]{[b];};"},
	    {"a { b_by_lua_block { if x then y({}) end } c; }", "[a]{[b_by_lua_block];[c];};"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!parse(rows[i][0]))
			fail_msg("%s: %s", rows[i][0], reason);
		assert_tree(rows[i][1]);
	}
}

static void what_is_no_configuration_is_refused_with_its_line(void **state)
{
	static const char *const rows[][2] = {
	    {"a {", "n.conf:1: a block without end"},
	    {"a;\n}\n", "n.conf:2: `}` without `{`"},
	    {"\n\na b", "n.conf:3: a directive without `;`"},
	    {"a { b }", "n.conf:1: a directive without `;`"},
	    {"a;\nb 'c;\n", "n.conf:3: a quote without end"},
	    {"\n;", "n.conf:2: `;` without directive"},
	    {"{ }", "n.conf:1: a block without name"},
	    {"a_by_lua_block { {\n}", "n.conf:2: a block without end"},
	    {"a;\ninclude b;", "n.conf:2: include: no such file"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_false(parse(rows[i][0]));
		assert_string_equal(reason, rows[i][1]);
	}
}

static void depth_has_a_limit(void **state)
{
	char text[200] = "";

	(void)state;
	for (int i = 0; i < 30; i++)
		strcat(text, "a{");
	for (int i = 0; i < 30; i++)
		strcat(text, "}");
	assert_true(parse(text));
	memset(text, 0, sizeof text);
	for (int i = 0; i < 40; i++)
		strcat(text, "a{");
	assert_false(parse(text));
	assert_string_equal(reason, "n.conf:1: too deep");
}

static void assert_place(const char *name, const char *file, uint32_t line)
{
	for (uint32_t n = 1; n < conf.nodes; n++)
		if (rd_span_is(rd_nginx_word(&conf, n, 0), rd_span(name))) {
			assert_text(conf.node[n].file, file);
			assert_int_equal(conf.node[n].line, line);
			return;
		}
	fail_msg("no %s", name);
}

static void the_output_of_nginx_T_is_one_text_of_many_files(void **state)
{
	static const char text[] = "nginx: configuration file /n/nginx.conf test is successful\n"
				   "# configuration file /n/nginx.conf:\n"
				   "a;\nhttp { include sites/*; include mime; }\n"
				   "# configuration file /n/sites/one:\n"
				   "\nb\n c;\n"
				   "# configuration file /n/mime:\n"
				   "d;\n"
				   "# configuration file /n/unused:\n"
				   "e;\n";

	(void)state;
	assert_true(parse(text));
	assert_tree("[a];[http]{[b][c];[d];};");
	assert_place("a", "/n/nginx.conf", 1);
	assert_place("http", "/n/nginx.conf", 2);
	assert_place("b", "/n/sites/one", 2);
	assert_place("d", "/n/mime", 1);
	assert_false(parse("# configuration file /n/nginx.conf:\nhttp {\ninclude x; }\n"));
	assert_string_equal(reason, "/n/nginx.conf:2: include: no such file");
}

static const char *path_of(const char *name)
{
	static char path[100];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static bool read_conf(const char *text)
{
	write_file("nginx.conf", text);
	begin();
	return rd_nginx_read(&conf, path_of("nginx.conf"), &why);
}

static void assert_refused(const char *text, const char *wanted)
{
	assert_false(read_conf(text));
	if (!strstr(reason, wanted) || strncmp(reason, dir, strlen(dir)) != 0)
		fail_msg("is: %s\nwanted: %s", reason, wanted);
}

static void includes_are_read_from_disk(void **state)
{
	char text[200];

	(void)state;
	assert_int_equal(mkdir(path_of("conf.d"), 0700), 0);
	write_file("conf.d/b.conf", "b;\n");
	write_file("conf.d/a.conf", "a { include part; }\n");
	write_file("part", "\npart;\n");
	assert_true(read_conf("include conf.d/*.conf;\nlast;\n"));
	assert_tree("[a]{[part];};[b];[last];");
	assert_place("part", path_of("part"), 2);
	snprintf(text, sizeof text, "include %s;", path_of("part"));
	assert_true(read_conf(text));
	assert_tree("[part];");
	assert_true(read_conf("include no-such/*.conf; include conf.d/*.none; x;"));
	assert_tree("[x];");
	assert_refused("\ninclude no-such.conf;", "/nginx.conf:2: include: no such file");
	assert_refused("include nginx.conf;", "/nginx.conf:1: too deep");
	write_file("conf.d/b.conf", "b;\n}\n");
	assert_refused("include conf.d/*.conf;", "/conf.d/b.conf:2: `}` without `{`");
	write_file("conf.d/b.conf", "b;\n");
}

// What nginx cannot read it does not start with, so that nothing there must be passed over.
static void a_failing_read_is_never_an_end(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path_of("conf.d/c.conf"), 0700), 0);
	assert_refused("x;\ninclude conf.d/*.conf;", "/nginx.conf:2: include: ");
	assert_non_null(strstr(reason, "/conf.d/c.conf: Is a directory"));
	assert_refused("include conf.d/c.conf;", "/conf.d/c.conf: Is a directory");
	assert_int_equal(rmdir(path_of("conf.d/c.conf")), 0);
	assert_int_equal(symlink("loop", path_of("loop")), 0);
	assert_refused("include loop/*.conf;", "/loop/*.conf: Too many levels");
	begin();
	assert_false(rd_nginx_read(&conf, dir, &why));
	assert_non_null(strstr(reason, ": Is a directory"));
	begin();
	assert_false(rd_nginx_read(&conf, path_of("no-such.conf"), &why));
	assert_non_null(strstr(reason, "/no-such.conf: No such file"));
}

// A terminal whose other end hangs up behind the first line gives an error there.
static void stdin_that_fails_half_way_is_refused(void **state)
{
	const int ours = posix_openpt(O_RDWR | O_NOCTTY), before = dup(STDIN_FILENO);
	int theirs;

	(void)state;
	assert_true(ours >= 0 && before >= 0 && grantpt(ours) == 0 && unlockpt(ours) == 0);
	theirs = open(ptsname(ours), O_RDWR | O_NOCTTY);
	assert_true(theirs >= 0);
	assert_int_equal(write(theirs, "http {}\n", 8), 8);
	close(theirs);
	dup2(ours, STDIN_FILENO);
	begin();
	assert_false(rd_nginx_read(&conf, "-", &why));
	assert_string_equal(reason, "-: Input/output error");
	dup2(before, STDIN_FILENO);
	close(before);
	close(ours);
	clearerr(stdin);
}

static int start(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/refreshd-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int stop(void **state)
{
	static const char *const names[] = {"conf.d/a.conf", "conf.d/b.conf", "conf.d",
					    "part",          "loop",          "nginx.conf"};

	(void)state;
	begin();
	for (size_t i = 0; i < COUNT(names); i++)
		(void)remove(path_of(names[i]));
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_quotes_comments_and_blocks),
	    cmocka_unit_test(what_is_no_configuration_is_refused_with_its_line),
	    cmocka_unit_test(depth_has_a_limit),
	    cmocka_unit_test(the_output_of_nginx_T_is_one_text_of_many_files),
	    cmocka_unit_test(includes_are_read_from_disk),
	    cmocka_unit_test(a_failing_read_is_never_an_end),
	    cmocka_unit_test(stdin_that_fails_half_way_is_refused),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
