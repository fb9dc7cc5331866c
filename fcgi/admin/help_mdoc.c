#include <ctype.h>
#include <stdio.h>
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

static void put_capital(const char *text)
{
	char copy[512];

	snprintf(copy, sizeof copy, "%s.", text);
	*copy = (char)toupper((unsigned char)*copy);
	put_text(copy);
}

static void put_number_option(const char *name, uint32_t def, uint32_t least, uint32_t most,
			      const char *help)
{
	printf(".It Ic %s\n", name);
	put_capital(help);
	if (def != RD_UNSET)
		printf("%u to %u, default %u.\n", least, most, def);
	else
		printf("%u to %u.\n", least, most);
}

static void put_text_option(const char *name, const char *def, const char *help)
{
	printf(".It Ic %s\n", name);
	put_capital(help);
	if (*def) {
		// \& behind it, or a colon at its end would be taken for the sentence's
		printf("Default\n.Ql %s\\& .\n", def);
	}
}

static void put_options(void)
{
#define NUMBER_ROW(field, def, least, most, help) put_number_option(#field, def, least, most, help);
	RD_NUMBER_OPTIONS(NUMBER_ROW)
#define TEXT_ROW(field, def, longest, help) put_text_option(#field, def, help);
	RD_TEXT_OPTIONS(TEXT_ROW)
}

int rd_help_mdoc(const char *what, const struct rd_verb *verbs, size_t count)
{
	if (strcmp(what, "options") == 0) {
		put_options();
		return 0;
	}
	if (strcmp(what, "verbs") != 0)
		return rd_complain_usage("usage: refreshd help --mdoc verbs|options");
	for (size_t i = 0; i < count; i++) {
		printf(".It Cm %s", verbs[i].name);
		if (*verbs[i].args)
			printf(" No \"%s\"", verbs[i].args);
		putchar('\n');
		put_capital(verbs[i].help);
	}
	return 0;
}
