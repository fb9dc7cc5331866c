#include "config/option.h"
#include <assert.h>
#include <ctype.h>
#include <stddef.h>
#include "base/nearest.h"

// clang-format off
#define COMMON(name_, group_, change_) \
	.name = #name_, .id = RD_OPTION_##name_, .group = RD_GROUP_##group_, .change = RD_CHANGE_##change_
static const struct rd_option options[] = {
#define NUMBER(name, group, change, def_, least_, most_, help_) \
	{COMMON(name, group, change), .kind = RD_KIND_NUMBER, .at = offsetof(struct rd_config, name), \
	 .def = def_, .least = least_, .most = most_, .help = help_},
#define TEXT(name, group, change, def_, longest, help_) \
	{COMMON(name, group, change), .kind = RD_KIND_TEXT, .at = offsetof(struct rd_config, name), \
	 .text = def_, .most = longest, .help = help_},
#define WORD(name, group, change, field, def_, words_, help_) \
	{COMMON(name, group, change), .kind = RD_KIND_WORD, .at = offsetof(struct rd_config, field), \
	 .text = def_, .words = words_, .help = help_},
#define ROW(kind, ...) kind(__VA_ARGS__)
	RD_OPTIONS(ROW)
};
// clang-format on

static_assert(sizeof options / sizeof *options == RD_OPTION_COUNT);

const struct rd_option *rd_option_at(enum rd_option_id id)
{
	return &options[id];
}

// Compares a key in the file (grace_s), a flag (grace-s) or a variable's rest (GRACE_S).
static bool same_name(const char *name, const char *given, size_t len)
{
	size_t i = 0;

	for (; i < len && name[i]; i++) {
		const char c = given[i] == '-' ? '_' : (char)tolower((unsigned char)given[i]);

		if (c != name[i])
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

static char spelled_char(char c, enum rd_spelling spelling)
{
	if (spelling == RD_SPELLED_VARIABLE)
		return (char)toupper((unsigned char)c);
	if (spelling == RD_SPELLED_FLAG && c == '_')
		return '-';
	return c;
}

void rd_option_spell(struct rd_buf *out, const char *name, enum rd_spelling spelling)
{
	static const char *const prefixes[] = {
	    [RD_SPELLED_KEY] = "", [RD_SPELLED_FLAG] = "--", [RD_SPELLED_VARIABLE] = "REFRESHD_"};

	rd_put_str(out, prefixes[spelling]);
	for (; *name; name++) {
		const char c = spelled_char(*name, spelling);

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
	if (!nearest.name)
		return;
	rd_option_spell(&spelled, nearest.name, spelling);
	text[spelled.len] = 0;
	nearest.name = text;
	rd_put_nearest(out, &nearest);
}
