#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include "fcgi/admin/admin.h"
#include "fcgi/admin/help.h"
#include "observe/version.h"

static int version(const struct rd_config *config, int argc, char **argv);
static int help(const struct rd_config *config, int argc, char **argv);
static int show(const struct rd_config *config, int argc, char **argv);
static int completion(const struct rd_config *config, int argc, char **argv);

static const struct rd_verb verbs[] = {
    {"serve", "", "answers FastCGI requests until SIGTERM", rd_verb_serve},
    {"ping", "[--ready]",
     "asks whether the service answers, or can do its work: 0 yes, 1 no, 69 away", rd_verb_ping},
    {"stats", "[--json]", "what a running service has counted", rd_verb_stats},
    {"user", "add|passwd|disable|enable|delete NAME, list",
     "accounts; passwords are read from stdin", rd_verb_user},
    {"session", "list USER, revoke USER SID, revoke-all USER|--users FILE|--everyone, clean",
     "lists and ends sessions, of one user or of many", rd_verb_session},
    {"inspect", "", "reads a token from stdin and explains it", rd_verb_inspect},
    {"key", "new|list|activate|retire", "makes the key file, if there is none; rotates its keys",
     rd_verb_key},
    {"-t", "", "tests the configuration, the keys and Redis; exit status 0, 69 or 78",
     rd_verb_test},
    {"-T", "", "prints every option's value and where it came from, as a configuration file", show},
    {"doctor", "[--nginx FILE ...]", "names mistakes in the set-up, or in nginx's configuration",
     rd_verb_doctor},
    {"completion", "bash|zsh|fish", "prints a script that completes these words", completion},
    {"version", "", "prints the version", version},
    {"help", "", "prints this", help},
};

#define VERB_COUNT (sizeof verbs / sizeof *verbs)

static int version(const struct rd_config *config, int argc, char **argv)
{
	(void)config, (void)argc, (void)argv;
	printf("refreshd %s\n", rd_version);
	return 0;
}

static int help(const struct rd_config *config, int argc, char **argv)
{
	(void)config;
	if (argc == 2 && strcmp(argv[0], "--mdoc") == 0) // for the man pages, at install
		return rd_help_mdoc(argv[1], verbs, VERB_COUNT);
	puts("usage: refreshd VERB [--config FILE] [--OPTION VALUE ...]\n");
	for (size_t i = 0; i < VERB_COUNT; i++) {
		char left[100];

		snprintf(left, sizeof left, "%s %s", verbs[i].name, verbs[i].args);
		rd_help_line(left, 26, verbs[i].help);
	}
	puts("\nOptions, in the file (REFRESHD_CONFIG names it too) as below, as flags "
	     "--with-dashes, "
	     "as\nvariables REFRESHD_UPPER_CASE; flags beat variables, variables the file. In "
	     "brackets "
	     "the\ndefault and the range. SIGHUP reads all again but for those that want a "
	     "restart.");
	rd_config_help();
	return 0;
}

static int show(const struct rd_config *config, int argc, char **argv)
{
	if (argc)
		return rd_complain(RD_EXIT_USAGE, "-T: what is '%s'?", argv[0]);
	printf("; refreshd %s\n", rd_version);
	rd_config_show(config);
	return 0;
}

static int completion(const struct rd_config *config, int argc, char **argv)
{
	(void)config;
	return rd_help_completion(argc == 1 ? argv[0] : NULL, verbs, VERB_COUNT);
}

// NULL when there is none.
static const char *config_path(int *argc, char **argv)
{
	const char *path = rd_take_value(argc, argv, "--config");

	if (!path)
		path = getenv("REFRESHD_CONFIG");
	return path && *path ? path : NULL;
}

static bool load(struct rd_config *config, int *argc, char **argv, struct rd_buf *why)
{
	static char **given; // as it was, for a reload: the flags are taken out of argv
	const char *path = config_path(argc, argv);
	const int count = *argc;

	given = calloc((size_t)count + 1, sizeof *given);
	if (!given) {
		rd_put_lit(why, "out of memory");
		return false;
	}
	for (int i = 0; i < count; i++)
		given[i] = argv[i];
	if (!rd_config_load(config, path, argc, argv, why))
		return false;
	config->argc = count;
	config->argv = given;
	return true;
}

// A verb that did not understand its arguments may have been given an option that is misspelled.
static int hinted(int status, int argc, char **argv)
{
	char text[100];
	struct rd_buf hint = RD_BUF(text);

	for (int i = 0; status == RD_EXIT_USAGE && i < argc && !hint.len; i++) {
		rd_config_flag_hint(argv[i], &hint);
		if (hint.len)
			rd_complain(status, "unknown flag: %s%.*s", argv[i], (int)hint.len,
				    hint.ptr);
	}
	return status;
}

int main(int argc, char **argv)
{
	static struct rd_config config;
	const char *name = argc > 1 ? argv[1] : "help";
	char reason[512];
	struct rd_buf why = RD_BUF(reason);

	signal(SIGPIPE, SIG_IGN); // a Redis or nginx that goes away is an error like others
	if (sodium_init() < 0)
		return rd_complain(1, "libsodium does not start");
	if (strcmp(name, "--help") == 0 || strcmp(name, "--version") == 0)
		name += 2;
	argc = argc > 2 ? argc - 2 : 0;
	argv += 2;
	for (size_t i = 0; i < VERB_COUNT; i++) {
		if (strcmp(verbs[i].name, name) != 0)
			continue;
		if (verbs[i].run != version && verbs[i].run != help && verbs[i].run != completion &&
		    !load(&config, &argc, argv, &why)) {
			if (verbs[i].run == rd_verb_test)
				return rd_test_config_failed(rd_buf_span(&why));
			return rd_complain(RD_EXIT_CONFIG, "%.*s", (int)why.len, why.ptr);
		}
		return hinted(verbs[i].run(&config, argc, argv), argc, argv);
	}
	return rd_complain(RD_EXIT_USAGE, "no verb '%s'; see refreshd help", name);
}
