// The options as text: their values, and the help.
#include <stdio.h>
#include <stdlib.h>
#include "base/utf8.h"
#include "config/config.h"
#include "config/option.h"

#define LINE_MAX_LEN   198 // in bytes, by inih; see config.h
#define COLUMNS        100
#define PATH_SHOWN_MAX 180

static bool is_printable(struct rd_span text)
{
	size_t skip;

	return rd_utf8_printable((const uint8_t *)text.ptr, text.len, &skip) == text.len;
}

// Replaces in a text that does not print, such as a path, all but ASCII.
static void make_printable(struct rd_buf *text)
{
	const bool printable = is_printable(rd_buf_span(text));

	for (size_t i = 0; !printable && i < text->len; i++)
		if (text->ptr[i] < 0x20 || text->ptr[i] >= 0x7f)
			text->ptr[i] = '?';
}

static void put_origin(const struct rd_config *config, const struct rd_option *o,
		       struct rd_buf *out)
{
	const struct rd_origin *origin = &config->origin[o->id];

	if (origin->from == RD_FROM_DEFAULT)
		rd_put_lit(out, "default");
	else if (origin->from == RD_FROM_FILE)
		rd_put_line(out, config->path, origin->line);
	else
		rd_option_spell(out, o->name,
				origin->from == RD_FROM_FLAG ? RD_SPELLED_FLAG
							     : RD_SPELLED_VARIABLE);
	make_printable(out);
}

// inih would cut it or take some of it for a comment.
static bool fits_a_file(struct rd_span value)
{
	for (size_t i = 0; i < value.len; i++) {
		const char c = value.ptr[i];
		const bool edge = i == 0 || i + 1 == value.len;

		if ((unsigned char)c < 0x20 || (edge && c == ' ') ||
		    (c == ';' && (i == 0 || value.ptr[i - 1] == ' ')))
			return false;
	}
	return is_printable(value);
}

// As comments, which are lines too.
static void print_unfit(const char *name, struct rd_span value, struct rd_span origin)
{
	printf("; no line of a file can hold this, from %.*s:\n; %-20s = ", (int)origin.len,
	       origin.ptr, name);
	for (size_t i = 0; i < value.len; i++) {
		if (i && i % 160 == 0)
			printf("\n; ... ");
		putchar(value.ptr[i] < 0x20 || value.ptr[i] >= 0x7f ? '?' : value.ptr[i]);
	}
	putchar('\n');
}

// off: as a comment.
static void print_line(bool off, const char *name, struct rd_span value, struct rd_span origin)
{
	const int v = (int)value.len, o = (int)origin.len, width = off ? 20 : 22;
	const size_t len = 25 + (value.len > 20 ? value.len : 20);

	if (len > LINE_MAX_LEN || !fits_a_file(value))
		print_unfit(name, value, origin);
	else if (len + 3 + origin.len > LINE_MAX_LEN)
		printf("; %.*s\n%s%-*s = %.*s\n", o, origin.ptr, off ? "; " : "", width, name, v,
		       value.ptr);
	else
		printf("%s%-*s = %-20.*s ; %.*s\n", off ? "; " : "", width, name, v, value.ptr, o,
		       origin.ptr);
}

// What follows from other options would stay as it is now when they are changed in the file.
static bool follows(const struct rd_config *config, enum rd_option_id id)
{
	return config->origin[id].from == RD_FROM_DEFAULT &&
	       (id == RD_OPTION_access_jitter_s || id == RD_OPTION_audience);
}

static void show_client(const struct rd_config *config, const struct rd_client *client)
{
	char begun_text[300];
	struct rd_buf begun = RD_BUF(begun_text);

	if (client->line)
		rd_put_line(&begun, config->path, client->line);
	else
		rd_put_lit(&begun, "default_client");
	make_printable(&begun);
	printf("\n[client %s] ; %.*s\n", client->id, (int)begun.len, begun.ptr);
	for (enum rd_client_option_id id = 0; id < RD_CLIENT_OPTION_COUNT; id++) {
		const struct rd_option option = rd_client_option(id);
		char value_text[400], origin_text[300];
		struct rd_buf value = RD_BUF(value_text), origin = RD_BUF(origin_text);

		rd_option_put(client, &option, &value);
		if (client->key_line[id])
			rd_put_line(&origin, config->path, client->key_line[id]);
		else
			rd_put_lit(&origin, "default, or as above");
		make_printable(&origin);
		if (value.len)
			print_line(false, option.name, rd_buf_span(&value), rd_buf_span(&origin));
	}
}

static void show_path(const struct rd_config *config)
{
	char text[PATH_SHOWN_MAX];
	struct rd_buf path = RD_BUF(text);

	rd_put_str(&path, config->path ? config->path : "none");
	make_printable(&path);
	printf("; configuration file: %.*s\n", (int)path.len, path.ptr);
}

void rd_config_show(const struct rd_config *config)
{
	show_path(config);
	for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++) {
		const struct rd_option *option = rd_option_at(id);
		char value_text[400], origin_text[300];
		struct rd_buf value = RD_BUF(value_text), origin = RD_BUF(origin_text);

		rd_option_put(config, option, &value);
		put_origin(config, option, &origin);
		print_line(follows(config, id), option->name, rd_buf_span(&value),
			   rd_buf_span(&origin));
	}
	for (size_t i = 0; i < config->client_count; i++)
		show_client(config, &config->clients[i]);
}

void rd_help_line(const char *left, int indent, const char *text)
{
	int at = printf("  %-*s", indent - 2, left);

	if (strlen(left) + 2 >= (size_t)indent) {
		putchar('\n');
		at = printf("%*s", indent, "");
	}
	while (*text) {
		const int word = (int)strcspn(text, *text == '[' ? "]" : " ") + (*text == '[');
		const bool first = at <= indent;

		if (!first && at + 1 + word > COLUMNS)
			at = printf("\n%*s", indent, "") - 1;
		else if (!first)
			at += printf(" ");
		at += printf("%.*s", word, text);
		text += word;
		text += strspn(text, " ");
	}
	putchar('\n');
}

// The default, and what else it may be.
static void put_range(const struct rd_option *option, struct rd_buf *out)
{
	if (option->kind == RD_KIND_NUMBER && option->def != RD_UNSET) {
		rd_put_lit(out, " [");
		rd_put_u64(out, option->def);
		rd_put_lit(out, "; ");
		rd_put_u64(out, option->least);
		rd_put_lit(out, "..");
		rd_put_u64(out, option->most);
		rd_put_lit(out, "]");
	} else if (option->text && *option->text) {
		rd_put_lit(out, " [");
		rd_put_str(out, option->text);
		rd_put_str(out, option->words ? "; " : "");
		rd_put_str(out, option->words);
		rd_put_lit(out, "]");
	}
}

static void print_option(const struct rd_option *option)
{
	char text[400];
	struct rd_buf out = {text, 0, sizeof text - 1, false};

	rd_put_str(&out, option->help);
	put_range(option, &out);
	if (option->change == RD_CHANGE_RESTART)
		rd_put_lit(&out, " (restart)");
	text[out.len] = 0;
	rd_help_line(option->name, 26, text);
}

// Whether the option is one of names, divided by blanks; NULL: any.
static bool is_among(const struct rd_option *option, const char *names)
{
	struct rd_span rest = rd_span(names);

	while (rest.len)
		if (rd_span_is(rd_span_cut(&rest, ' '), rd_span(option->name)))
			return true;
	return !names;
}

void rd_config_help(const char *names)
{
#define TITLE(group, title) title,
	static const char *const titles[] = {RD_OPTION_GROUPS(TITLE)};
#undef TITLE

	for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++) {
		const struct rd_option *option = rd_option_at(id);

		if (!is_among(option, names))
			continue;
		if (!names && (id == 0 || option->group != rd_option_at(id - 1)->group))
			printf("\n%s:\n", titles[option->group]);
		print_option(option);
	}
	if (names)
		return;
	puts("\nIn a [client NAME] section; those that the service has too are inherited from it:");
	for (enum rd_client_option_id id = 0; id < RD_CLIENT_OPTION_COUNT; id++) {
		const struct rd_option option = rd_client_option(id);

		print_option(&option);
	}
}
