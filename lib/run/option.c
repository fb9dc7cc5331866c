#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include "run/option.h"

// clang-format off
static const struct rd_option options[] = {
#define NUMBER_ROW(field, def, least, most, help) \
	{#field, offsetof(struct rd_config, field), true, least, most, def, NULL, help},
	RD_NUMBER_OPTIONS(NUMBER_ROW)
#undef NUMBER_ROW
#define TEXT_ROW(field, def, longest, help) \
	{#field, offsetof(struct rd_config, field), false, 0, longest, 0, def, help},
	RD_TEXT_OPTIONS(TEXT_ROW)
#undef TEXT_ROW
};
// clang-format on

#define OPTION_COUNT (sizeof options / sizeof *options)

void rd_option_defaults(struct rd_config *config)
{
	char *base = (char *)config;

	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (options[i].number)
			*(uint32_t *)(void *)(base + options[i].at) = options[i].def;
		else
			memcpy(base + options[i].at, options[i].text, strlen(options[i].text) + 1);
}

// Compares a key in the file (grace_s), a flag (grace-s) or a variable's rest (GRACE_S).
static bool same_name(const char *name, const char *given, size_t len)
{
	size_t i = 0;

	for (; i < len && name[i]; i++) {
		char c = (char)tolower((unsigned char)given[i]);
		if ((c == '-' ? '_' : c) != name[i])
			return false;
	}
	return i == len && !name[i];
}

const struct rd_option *rd_option_find(const char *given, size_t len)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (same_name(options[i].name, given, len))
			return &options[i];
	return NULL;
}

bool rd_number(const char *text, uint32_t least, uint32_t most, uint32_t *out)
{
	char *end;
	unsigned long long n;

	if (!isdigit((unsigned char)*text) || strlen(text) > 10)
		return false;
	n = strtoull(text, &end, 10);
	if (*end || n < least || n > most)
		return false;
	*out = (uint32_t)n;
	return true;
}

bool rd_alg_read(const char *text, enum rd_alg *alg, int *name)
{
	*name = strcmp(text, "Ed25519") == 0;
	*alg = RD_ALG_EDDSA;
	if (*name)
		return true;
	for (int i = 0; i < RD_ALG_COUNT; i++) {
		*alg = (enum rd_alg)i;
		if (strcmp(text, rd_alg_names[i]) == 0)
			return true;
	}
	return false;
}

bool rd_option_set(struct rd_config *config, const struct rd_option *option, const char *value,
		   struct rd_buf *why)
{
	char *field = (char *)config + option->at;

	if (option->number &&
	    rd_number(value, option->least, option->most, (uint32_t *)(void *)field))
		return true;
	if (!option->number && strlen(value) <= option->most) {
		memcpy(field, value, strlen(value) + 1);
		return true;
	}
	rd_put_str(why, option->name);
	if (option->number) {
		rd_put_str(why, ": wants a whole number from ");
		rd_put_u64(why, option->least);
		rd_put_str(why, " to ");
		rd_put_u64(why, option->most);
	} else {
		rd_put_str(why, ": longer than ");
		rd_put_u64(why, option->most);
		rd_put_str(why, " bytes");
	}
	return false;
}

void rd_config_help(void)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct rd_option *o = &options[i];

		printf("  %-20s %s", o->name, o->help);
		if (o->number && o->def != RD_UNSET)
			printf(" (%u; %u..%u)", o->def, o->least, o->most);
		else if (!o->number && *o->text)
			printf(" (%s)", o->text);
		putchar('\n');
	}
}
