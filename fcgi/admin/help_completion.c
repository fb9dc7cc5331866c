#include <ctype.h>
#include <stdio.h>
#include "fcgi/admin/help.h"

static const char *const options[] = {
#define OPTION_NAME(kind, name, ...) #name,
    RD_OPTIONS(OPTION_NAME)};

static void put_flag(const char *name)
{
	for (; *name; name++)
		putchar(*name == '_' ? '-' : *name);
}

// Calls put for each word that may follow a verb: for `add|passwd NAME, list` add, passwd and list.
static void each_word(const char *args, void (*put)(const char *word, size_t len))
{
	while (*args) {
		size_t len = strcspn(args, "|, ");

		if (len && (islower((unsigned char)*args) || strncmp(args, "--", 2) == 0))
			put(args, len);
		args += len;
		if (*args == ' ') // placeholders such as NAME follow, up to the next form
			args += strcspn(args, ",");
		args += strspn(args, "|, ");
	}
}

static void put_plain(const char *word, size_t len)
{
	printf("%.*s ", (int)len, word);
}

static void put_words(const struct rd_verb *verbs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		printf("%s ", verbs[i].name);
}

static void put_flags(void)
{
	fputs("--config ", stdout);
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		fputs("--", stdout);
		put_flag(options[i]);
		putchar(' ');
	}
}

// For bash, and for zsh by its emulation of bash.
static void print_bash(const struct rd_verb *verbs, size_t count)
{
	fputs("_refreshd() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\n"
	      "\tcase ${COMP_WORDS[COMP_CWORD - 1]} in\n"
	      "\t--config | --nginx | --*-file)\n"
	      "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	      "\t\treturn\n"
	      "\t\t;;\n"
	      "\tesac\n"
	      "\tif ((COMP_CWORD == 1)); then\n"
	      "\t\twords='",
	      stdout);
	put_words(verbs, count);
	fputs("'\n\telif [[ $cur == --* ]]; then\n\t\twords='", stdout);
	put_flags();
	fputs("'\n\telif ((COMP_CWORD == 2)); then\n\t\tcase ${COMP_WORDS[1]} in\n", stdout);
	for (size_t i = 0; i < count; i++) {
		if (!*verbs[i].args)
			continue;
		printf("\t\t%s) words='", verbs[i].name);
		each_word(verbs[i].args, put_plain);
		puts("' ;;");
	}
	puts("\t\tesac\n\tfi\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
	     "complete -F _refreshd refreshd");
}

static void print_zsh(const struct rd_verb *verbs, size_t count)
{
	puts("#compdef refreshd\nautoload -U +X bashcompinit && bashcompinit");
	print_bash(verbs, count);
}

// Prints text in single quotes.
static void put_quoted(const char *text)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('\'');
}

static void print_fish(const struct rd_verb *verbs, size_t count)
{
	puts("complete -c refreshd -f");
	for (size_t i = 0; i < count; i++) {
		printf("complete -c refreshd -n __fish_use_subcommand -a %s -d ", verbs[i].name);
		put_quoted(verbs[i].help);
		putchar('\n');
		if (!*verbs[i].args)
			continue;
		printf("complete -c refreshd -n '__fish_seen_subcommand_from %s' -a '",
		       verbs[i].name);
		each_word(verbs[i].args, put_plain);
		puts("'");
	}
	puts("complete -c refreshd -l config -rF -d 'configuration file'");
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		fputs("complete -c refreshd -r -l ", stdout);
		put_flag(options[i]);
		putchar('\n');
	}
}

int rd_help_completion(const char *shell, const struct rd_verb *verbs, size_t count)
{
	static const struct {
		const char *name;
		void (*print)(const struct rd_verb *verbs, size_t count);
	} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

	for (size_t i = 0; shell && i < sizeof shells / sizeof *shells; i++)
		if (strcmp(shell, shells[i].name) == 0) {
			shells[i].print(verbs, count);
			return 0;
		}
	return rd_complain_usage("usage: refreshd completion bash|zsh|fish");
}
