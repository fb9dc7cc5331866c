#include "fcgi/admin/command_line.h"
#include "base/nearest.h"
#include "config/option.h"

static const struct rd_verb *find_verb(const char *name, const struct rd_verb *verbs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int complain_of_verb(const char *name, const struct rd_verb *verbs, size_t count)
{
	struct rd_nearest nearest = rd_nearest_to(rd_span(name));
	char text[100];
	struct rd_buf hint = RD_BUF(text);

	for (size_t i = 0; i < count; i++)
		rd_nearest_try(&nearest, verbs[i].name);
	rd_put_nearest(&hint, &nearest);
	if (!hint.len)
		rd_put_lit(&hint, "; see refreshd help");
	return rd_complain(RD_EXIT_USAGE, "unknown verb '%s'%.*s", name, (int)hint.len, hint.ptr);
}

// Without the value, which may be a password.
static int complain_of_flag(const char *flag)
{
	char text[100];
	struct rd_buf hint = RD_BUF(text);

	rd_config_flag_hint(flag, &hint);
	if (!hint.len)
		rd_put_lit(&hint, "; a verb's own flags stand behind it");
	return rd_complain(RD_EXIT_USAGE, "unknown flag: %.*s%.*s", (int)strcspn(flag, "="), flag,
			   (int)hint.len, hint.ptr);
}

static bool is_help(const char *word)
{
	return strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0;
}

static bool is_version(const char *word)
{
	return strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0;
}

// Of how many words the flag at argv[i] is made: 0 when it is none of the service's.
static int option_words(int argc, char **argv, int i)
{
	const size_t len = strcspn(argv[i], "=");
	const struct rd_span flag = {argv[i], len};

	if (len <= 2 || !rd_span_begins(flag, RD_SPAN("--")))
		return 0;
	if (!rd_option_find(argv[i] + 2, len - 2) && !rd_span_is(flag, RD_SPAN("--config")))
		return 0;
	return argv[i][len] || i + 1 == argc ? 1 : 2;
}

// Returns the index of the word at or behind i that is no option, nor the value of one; argc: none.
static int next_word(int argc, char **argv, int i)
{
	for (int words = 1; i < argc; i += words) {
		words = option_words(argc, argv, i);
		if (words == 0)
			return i;
	}
	return argc;
}

static void take_word(struct rd_command *command, int i)
{
	command->argc--;
	memmove(command->argv + i, command->argv + i + 1,
		(size_t)(command->argc - i) * sizeof *command->argv);
}

// Whether help on the verb is asked for. first: the first word behind the verb. A user may be
// called -h, so that counts in no other place.
static bool asks_help(const struct rd_command *command, int first)
{
	int i = first, last = first;

	if (first == command->argc)
		return false;
	for (; i < command->argc; i = next_word(command->argc, command->argv, i + 1))
		last = i;
	return is_help(command->argv[first]) || strcmp(command->argv[last], "--help") == 0;
}

int rd_command_read(struct rd_command *out, int argc, char **argv, const struct rd_verb *verbs,
		    size_t count)
{
	const char *name;
	int i;

	*out = (struct rd_command){.argc = argc > 0 ? argc - 1 : 0, .argv = argv + 1};
	i = next_word(out->argc, out->argv, 0);
	name = i < out->argc ? out->argv[i] : NULL;
	if (!name)
		return rd_complain_usage(
		    "usage: refreshd [--config FILE] [--OPTION VALUE ...] VERB "
		    "[ARGUMENT ...]\nrefreshd --help lists verbs and options.");
	if (is_version(name)) {
		out->asked = RD_ASKED_VERSION;
		return 0;
	}
	if (is_help(name)) { // perhaps of a verb that follows
		out->asked = RD_ASKED_HELP;
		take_word(out, i);
		i = next_word(out->argc, out->argv, i);
		if (i == out->argc)
			return 0;
		name = out->argv[i];
	}
	out->verb = find_verb(name, verbs, count);
	if (!out->verb)
		return *name == '-' ? complain_of_flag(name) : complain_of_verb(name, verbs, count);
	take_word(out, i);
	if (asks_help(out, next_word(out->argc, out->argv, i)))
		out->asked = RD_ASKED_HELP;
	return 0;
}
