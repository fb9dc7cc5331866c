#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "fcgi/admin/admin.h"
#include "fcgi/admin/command_line.h"
#include "fcgi/admin/help.h"
#include "observe/version.h"

static int print_version(const struct rd_config *config, int argc, char **argv);
static int print_help(const struct rd_config *config, int argc, char **argv);
static int print_config(const struct rd_config *config, int argc, char **argv);
static int print_completion(const struct rd_config *config, int argc, char **argv);

static const struct rd_verb verbs[] = {
    {"serve", "", "answers FastCGI requests until SIGTERM", rd_verb_serve},
    {"ping", "[--ready]",
     "asks the running service whether it answers, or with --ready whether it can do its work; "
     "exit status 0: yes, 1: no, 69: nobody answers",
     rd_verb_ping},
    {"stats", "[--json]", "prints the counters of the running service", rd_verb_stats},
    {"user", "add|passwd|disable|enable|delete NAME, list",
     "manages accounts; passwords are read from stdin", rd_verb_user},
    {"session", "list USER, revoke USER SID, revoke-all USER|--users FILE|--everyone, clean",
     "lists and ends sessions, of one user or of many", rd_verb_session},
    {"inspect", "", "reads a token from stdin and explains it", rd_verb_inspect},
    {"key", "new|list|activate|retire", "makes the key file if there is none; rotates its keys",
     rd_verb_key},
    {"-t", "", "tests the configuration, the keys and Redis; exit status 0, 69 or 78",
     rd_verb_test},
    {"-T", "",
     "prints the value of every option and where it came from, in the form of a configuration "
     "file",
     print_config},
    {"doctor", "[--nginx FILE ...]",
     "finds mistakes in the setup, or with --nginx in an nginx configuration", rd_verb_doctor},
    {"setup", "[--issuer URL ...]",
     "makes what the service needs on this machine and is not there: user, folders, keys, "
     "configuration",
     rd_verb_setup},
    {"nginx", "--prefix PATH --dialect NAME, --http",
     "prints nginx' locations of one prefix and dialect, or what its http level needs",
     rd_verb_nginx},
    {"completion", "bash|zsh|fish", "prints a completion script for the shell", print_completion},
    {"version", "", "prints the version", print_version},
    {"help", "[VERB]", "prints this help, or that of a verb", print_help},
};

#define VERB_COUNT (sizeof verbs / sizeof *verbs)

static int print_version(const struct rd_config *config, int argc, char **argv)
{
	(void)config, (void)argc, (void)argv;
	printf("refreshd %s\n", rd_version);
	return 0;
}

static int print_help(const struct rd_config *config, int argc, char **argv)
{
	(void)config;
	if (argc == 2 && strcmp(argv[0], "--mdoc") == 0) // for the man pages, at install
		return rd_help_mdoc(argv[1], verbs, VERB_COUNT);
	for (size_t i = 0; argc == 1 && i < VERB_COUNT; i++)
		if (strcmp(verbs[i].name, argv[0]) == 0)
			return rd_help_verb(&verbs[i]);
	if (argc)
		return rd_complain_argument("help", argv[0]);
	puts("usage: refreshd VERB [ARGUMENT ...] [--config FILE] [--OPTION VALUE ...]\n"
	     "       refreshd -h | --help | VERB --help\n"
	     "       refreshd -V | --version\n");
	for (size_t i = 0; i < VERB_COUNT; i++) {
		char left[100];

		snprintf(left, sizeof left, "%s %s", verbs[i].name, verbs[i].args);
		rd_help_line(left, 26, verbs[i].help);
	}
	puts("\nOptions. They come from flags (--grace-s 10), over environment variables\n"
	     "(REFRESHD_GRACE_S=10), over the file that --config or REFRESHD_CONFIG names\n"
	     "(grace_s = 10), else " RD_CONFIG_DEFAULT " where it exists, over the\n"
	     "defaults. In brackets: default and range. SIGHUP reads all of them again, except "
	     "those\n"
	     "marked (restart).");
	rd_config_help(NULL);
	return 0;
}

static int print_config(const struct rd_config *config, int argc, char **argv)
{
	if (argc)
		return rd_complain_argument("-T", argv[0]);
	printf("; refreshd %s\n", rd_version);
	rd_config_show(config);
	return 0;
}

static int print_completion(const struct rd_config *config, int argc, char **argv)
{
	(void)config;
	return rd_help_completion(argc == 1 ? argv[0] : NULL, verbs, VERB_COUNT);
}

// NULL: none. An empty name means none, too. A default file that we may not even look for is
// complained of when it is read, rather than passed over for the configuration of defaults.
static const char *config_path(int *argc, char **argv)
{
	const char *path = rd_take_value(argc, argv, "--config");

	if (!path)
		path = getenv("REFRESHD_CONFIG");
	if (!path && (access(RD_CONFIG_DEFAULT, F_OK) == 0 || errno == EACCES))
		path = RD_CONFIG_DEFAULT;
	return path && *path ? path : NULL;
}

static bool load_config(struct rd_config *config, int *argc, char **argv, struct rd_buf *why)
{
	static char **given; // all of argv, for a reload: loading takes the flags out of it
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

// An argument that a verb did not understand may be a misspelled option. Returns status.
static int hint_at_option(int status, int argc, char **argv)
{
	char text[100];
	struct rd_buf hint = RD_BUF(text);

	for (int i = 0; status == RD_EXIT_USAGE && i < argc && !hint.len; i++) {
		rd_config_flag_hint(argv[i], &hint);
		if (hint.len)
			rd_complain(status, "unknown flag: %.*s%.*s", // no value: a password?
				    (int)strcspn(argv[i], "="), argv[i], (int)hint.len, hint.ptr);
	}
	return status;
}

// Where one of the three is closed, the next file or socket would take its number, and what is
// printed would go into it. Each is opened so that its use fails.
static void hold_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

// A verb whose result could not be written has failed. Quiet when the reader has had enough.
static int finish_output(int status)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno != EPIPE)
		rd_complain(1, "stdout: %s", errno ? strerror(errno) : "write error");
	return status ? status : 1;
}

static int run_verb(const struct rd_verb *verb, int argc, char **argv)
{
	static struct rd_config config;
	char reason[512];
	struct rd_buf why = RD_BUF(reason);
	const bool configured =
	    verb->run != print_version && verb->run != print_help && verb->run != print_completion;

	if (!configured || load_config(&config, &argc, argv, &why))
		return hint_at_option(verb->run(&config, argc, argv), argc, argv);
	if (verb->run == rd_verb_test)
		return rd_test_config_failed(rd_buf_span(&why));
	return rd_complain(RD_EXIT_CONFIG, "%.*s", (int)why.len, why.ptr);
}

int main(int argc, char **argv)
{
	struct rd_command command;
	int status;

	hold_standard_files();
	signal(SIGPIPE, SIG_IGN); // a connection that breaks is an error like others
	if (sodium_init() < 0)
		return rd_complain(1, "libsodium cannot be initialised");
	status = rd_command_read(&command, argc, argv, verbs, VERB_COUNT);
	if (status)
		return status;
	if (command.asked == RD_ASKED_VERSION)
		return finish_output(print_version(NULL, 0, NULL));
	if (command.asked == RD_ASKED_HELP)
		return finish_output(command.verb ? rd_help_verb(command.verb)
						  : print_help(NULL, 0, NULL));
	return finish_output(run_verb(command.verb, command.argc, command.argv));
}
