#include <assert.h>
#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include "base/nearest.h"
#include "config/option.h"

// clang-format off
static const struct rd_option options[] = {
#define NUMBER_ROW(field, def, least, most, help) \
	{#field, RD_OPTION_##field, offsetof(struct rd_config, field), true, least, most, def, NULL, help},
	RD_NUMBER_OPTIONS(NUMBER_ROW)
#undef NUMBER_ROW
#define TEXT_ROW(field, def, longest, help) \
	{#field, RD_OPTION_##field, offsetof(struct rd_config, field), false, 0, longest, 0, def, help},
	RD_TEXT_OPTIONS(TEXT_ROW)
#undef TEXT_ROW
};
// clang-format on

static_assert(sizeof options / sizeof *options == RD_OPTION_COUNT);

void rd_option_defaults(struct rd_config *config)
{
	char *base = (char *)config;

	for (size_t i = 0; i < RD_OPTION_COUNT; i++)
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
	for (size_t i = 0; i < RD_OPTION_COUNT; i++)
		if (same_name(options[i].name, given, len))
			return &options[i];
	return NULL;
}

const struct rd_option *rd_option_at(enum rd_option_id id)
{
	return &options[id];
}

const char *rd_option_name(enum rd_option_id id)
{
	return options[id].name;
}

const char *rd_option_text(const struct rd_config *config, enum rd_option_id id)
{
	return (const char *)config + options[id].at;
}

void rd_option_spell(struct rd_buf *out, const char *name, enum rd_spelling spelling)
{
	rd_put_str(out, spelling == RD_SPELLED_FLAG       ? "--"
			: spelling == RD_SPELLED_VARIABLE ? "REFRESHD_"
							  : "");
	for (; *name; name++) {
		const char c = spelling == RD_SPELLED_VARIABLE               ? (char)toupper(*name)
			       : *name == '_' && spelling == RD_SPELLED_FLAG ? '-'
									     : *name;
		rd_put(out, &c, 1);
	}
}

void rd_option_nearest(const char *given, size_t len, enum rd_spelling spelling, struct rd_buf *out)
{
	struct rd_nearest nearest = rd_nearest_to((struct rd_span){given, len});
	char text[80];
	struct rd_buf spelled = {text, 0, sizeof text - 1, false};

	for (size_t i = 0; i < RD_OPTION_COUNT; i++)
		rd_nearest_try(&nearest, options[i].name);
	if (nearest.name)
		rd_option_spell(&spelled, nearest.name, spelling);
	text[spelled.len] = 0;
	nearest.name = nearest.name ? text : NULL;
	rd_put_nearest(out, &nearest);
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
