#include <ctype.h>
#include <stdio.h>
#include "config/option.h"
#include "fcgi/admin/help.h"

#define COLUMNS 76 // mandoc -T lint complains of lines of 80 and more

// Prints a word so that roff takes no macro or escape from it. Returns the bytes written.
static size_t put_word(const char *word, size_t len)
{
	size_t written = len;

	if (*word == '.' || *word == '\'')
		written += (size_t)printf("\\&");
	for (size_t i = 0; i < len; i++)
		if (word[i] == '\\')
			written += (size_t)printf("\\e") - 1;
		else
			putchar(word[i]);
	return written;
}

static void put_text(const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column && column + 1 + len > COLUMNS) {
			putchar('\n');
			column = 0;
		}
		if (column)
			column += (size_t)printf(" ");
		column += put_word(text, len);
		text += len + (text[len] == ' ');
	}
	putchar('\n');
}

// Whether text begins with a word of English, rather than with what is typed as it stands: a value
// (`on: a line for each request`), a name with an underscore, a path.
static bool begins_with_english(const char *text)
{
	const size_t len = strcspn(text, " ");

	return len > 0 && strspn(text, "abcdefghijklmnopqrstuvwxyz") == len;
}

static void put_sentence(const char *text)
{
	char copy[512];

	snprintf(copy, sizeof copy, "%s.", text);
	if (begins_with_english(text))
		*copy = (char)toupper((unsigned char)*copy);
	put_text(copy);
}

static void put_range(const struct rd_option *option)
{
	char text[200];
	struct rd_buf out = {text, 0, sizeof text - 1, false};

	if (option->kind == RD_KIND_NUMBER && option->def == RD_UNSET)
		printf("%u to %u.\n", option->least, option->most);
	else if (option->kind == RD_KIND_NUMBER)
		printf("%u to %u, default %u.\n", option->least, option->most, option->def);
	if (option->words) {
		rd_option_put_words(option, &out);
		text[out.len] = 0;
		printf("Values: %s.\n", text);
	}
	if (option->text && *option->text) {
		// \& behind it, or a colon at its end would be taken for the sentence's
		printf("Default\n.Ql %s\\& .\n", option->text);
	}
}

static void put_option(const struct rd_option *option)
{
	printf(".It Ic %s\n", option->name);
	put_sentence(option->help);
	put_range(option);
	if (option->change == RD_CHANGE_RESTART)
		puts("A change takes effect after a restart.");
}

static void put_options(void)
{
	for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++)
		put_option(rd_option_at(id));
}

static void put_client_options(void)
{
	for (enum rd_client_option_id id = 0; id < RD_CLIENT_OPTION_COUNT; id++) {
		const struct rd_option option = rd_client_option(id);

		put_option(&option);
	}
}

int rd_help_mdoc(const char *what, const struct rd_verb *verbs, size_t count)
{
	if (strcmp(what, "options") == 0) {
		put_options();
		return 0;
	}
	if (strcmp(what, "clients") == 0) {
		put_client_options();
		return 0;
	}
	if (strcmp(what, "verbs") != 0)
		return rd_complain_usage("usage: refreshd help --mdoc verbs|options|clients");
	for (size_t i = 0; i < count; i++) {
		printf(".It Cm %s", verbs[i].name);
		if (*verbs[i].args)
			printf(" No \"%s\"", verbs[i].args);
		putchar('\n');
		put_sentence(verbs[i].help);
	}
	return 0;
}
