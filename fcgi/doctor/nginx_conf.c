#include "fcgi/doctor/nginx_conf.h"
#include <fnmatch.h>
#include <stdlib.h>

#define DEPTH_MAX      32 // of blocks and includes together
#define PATH_MAX_BYTES 1024
#define INCLUDES_MAX   10000

// Where reading is.
struct reader {
	struct rd_nginx *conf;
	struct rd_nginx_source from;
	size_t at;
	uint32_t line;
	int depth;
	struct rd_buf *why;
};

enum mark { END, WORD, SEMICOLON, OPEN, CLOSE, BROKEN };

static bool fail(const struct reader *r, const char *what)
{
	rd_put(r->why, r->from.path.ptr, r->from.path.len < 200 ? r->from.path.len : 200);
	rd_put_lit(r->why, ":");
	rd_put_u64(r->why, r->line);
	rd_put_lit(r->why, ": ");
	rd_put_str(r->why, what);
	return false;
}

static bool more(const struct reader *r)
{
	return r->at < r->from.text.len;
}

static char here(const struct reader *r)
{
	return r->from.text.ptr[r->at];
}

static char step(struct reader *r)
{
	char c = here(r);

	r->line += c == '\n';
	r->at++;
	return c;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_space(struct reader *r)
{
	while (more(r) && (is_space(here(r)) || here(r) == '#')) {
		if (here(r) == '#')
			while (more(r) && here(r) != '\n')
				r->at++;
		else
			step(r);
	}
}

static enum mark quoted(struct reader *r, struct rd_span *word)
{
	const char quote = step(r);

	word->ptr = r->from.text.ptr + r->at;
	while (more(r) && here(r) != quote) {
		if (step(r) == '\\' && more(r))
			step(r);
	}
	if (!more(r))
		return BROKEN;
	word->len = (size_t)(r->from.text.ptr + r->at - word->ptr);
	step(r);
	return WORD;
}

static enum mark bare(struct reader *r, struct rd_span *word)
{
	char before = 0;

	word->ptr = r->from.text.ptr + r->at;
	while (more(r) && !is_space(here(r)) && here(r) != ';' &&
	       (here(r) != '{' || before == '$')) { // ${name}
		before = step(r);
		if (before == '\\' && more(r))
			step(r);
	}
	word->len = (size_t)(r->from.text.ptr + r->at - word->ptr);
	return WORD;
}

static enum mark next(struct reader *r, struct rd_span *word)
{
	skip_space(r);
	if (!more(r))
		return END;
	switch (here(r)) {
	case ';':
		step(r);
		return SEMICOLON;
	case '{':
		step(r);
		return OPEN;
	case '}':
		step(r);
		return CLOSE;
	case '"':
	case '\'':
		return quoted(r, word);
	default:
		return bare(r, word);
	}
}

// Room for one more, by doubling. NULL when there is no memory or there are too many.
static void *grow(void *array, uint32_t count, uint32_t *room, size_t size)
{
	void *bigger;

	if (count < *room)
		return array;
	if (count >= RD_NGINX_NODES_MAX * 8)
		return NULL;
	bigger = reallocarray(array, *room ? *room * 2 : 64, size);
	if (bigger)
		*room = *room ? *room * 2 : 64;
	return bigger;
}

static bool add_word(struct reader *r, struct rd_span word)
{
	struct rd_nginx *conf = r->conf;
	void *room = grow(conf->word, conf->words, &conf->words_room, sizeof *conf->word);

	if (!room)
		return fail(r, "too much");
	conf->word = room;
	conf->word[conf->words++] = word;
	return true;
}

static bool add_node(struct reader *r, uint32_t parent, uint32_t line, uint32_t first_word)
{
	struct rd_nginx *conf = r->conf;
	void *room = grow(conf->node, conf->nodes, &conf->nodes_room, sizeof *conf->node);
	uint32_t number = conf->nodes;

	if (!room || number >= RD_NGINX_NODES_MAX)
		return fail(r, "too much");
	conf->node = room;
	conf->nodes++;
	conf->node[number] = (struct rd_nginx_node){.file = r->from.path,
						    .line = line,
						    .word = first_word,
						    .words = conf->words - first_word,
						    .parent = parent};
	if (number == 0)
		return true;
	if (conf->node[parent].last)
		conf->node[conf->node[parent].last].next = number;
	else
		conf->node[parent].child = number;
	conf->node[parent].last = number;
	return true;
}

// A block of Lua has a syntax of its own: counted braces must do.
static bool skip_block(struct reader *r)
{
	for (int open = 1; open > 0;) {
		if (!more(r))
			return fail(r, "a block without end");
		switch (step(r)) {
		case '{':
			open++;
			break;
		case '}':
			open--;
			break;
		}
	}
	return true;
}

static bool ends_with(struct rd_span text, const char *end)
{
	size_t len = strlen(end);

	return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

static bool read_block(struct reader *r, uint32_t parent, bool inside);

static bool read_source(struct reader *r, uint32_t parent, const struct rd_nginx_source *source)
{
	struct reader inner = {r->conf, *source, 0, 1, r->depth + 1, r->why};

	if (inner.depth > DEPTH_MAX)
		return fail(r, "too deep");
	return read_block(&inner, parent, false);
}

// A relative one is meant from the folder of the first file, as nginx does.
static bool whole_path(const struct rd_nginx *conf, struct rd_span pattern, struct rd_buf *out)
{
	const struct rd_span first = conf->source[0].path;
	size_t folder = first.len;

	while (folder > 0 && first.ptr[folder - 1] != '/')
		folder--;
	if (pattern.len && *pattern.ptr != '/')
		rd_put(out, first.ptr, folder);
	rd_put_span(out, pattern);
	rd_put(out, "", 1);
	return rd_buf_ok(out) && !memchr(out->ptr, 0, out->len - 1);
}

static bool include(struct reader *r, uint32_t parent, struct rd_span pattern)
{
	struct rd_nginx *conf = r->conf;
	char whole[PATH_MAX_BYTES], path[PATH_MAX_BYTES];
	struct rd_buf out = RD_BUF(whole);
	bool found = false;

	if (!whole_path(conf, pattern, &out))
		return fail(r, "include: no such path");
	if (conf->includes++ == INCLUDES_MAX) // files that include each other twice: 2^depth
		return fail(r, "too many includes");
	for (int again = 0; again < 2 && !found; again++) {
		if (again && (!conf->load || !conf->load(conf, rd_span(whole), r->why)))
			break;
		for (size_t i = 0; i < conf->sources; i++) {
			const struct rd_nginx_source source = conf->source[i];

			if (source.path.len >= sizeof path)
				continue;
			memcpy(path, source.path.ptr, source.path.len);
			path[source.path.len] = 0;
			if (fnmatch(whole, path, FNM_PATHNAME) != 0)
				continue;
			found = true;
			if (!read_source(r, parent, &source))
				return false;
		}
	}
	if (found || strpbrk(whole, "*?["))
		return true;
	return fail(r, "include: there is no such file");
}

// One directive whose words are there and whose end was mark.
static bool take(struct reader *r, uint32_t parent, uint32_t first, uint32_t line, enum mark mark)
{
	struct rd_nginx *conf = r->conf;
	const struct rd_span name =
	    first < conf->words ? conf->word[first] : (struct rd_span){"", 0};
	const uint32_t number = conf->nodes;

	if (first == conf->words)
		return fail(r, mark == OPEN ? "a block without name" : "`;` without directive");
	if (mark == SEMICOLON && rd_span_is(name, RD_SPAN("include")) && conf->words == first + 2) {
		const struct rd_span pattern = conf->word[first + 1];

		conf->words = first;
		return include(r, parent, pattern);
	}
	if (!add_node(r, parent, line, first))
		return false;
	if (mark == SEMICOLON)
		return true;
	if (ends_with(name, "_by_lua_block"))
		return skip_block(r);
	if (r->depth >= DEPTH_MAX)
		return fail(r, "too deep");
	r->depth++;
	if (!read_block(r, number, true))
		return false;
	r->depth--;
	return true;
}

static bool read_block(struct reader *r, uint32_t parent, bool inside)
{
	uint32_t first = r->conf->words, line = 0;

	for (;;) {
		struct rd_span word = {"", 0};
		enum mark mark;

		skip_space(r);
		if (r->conf->words == first)
			line = r->line;
		mark = next(r, &word);
		switch (mark) {
		case WORD:
			if (!add_word(r, word))
				return false;
			continue;
		case SEMICOLON:
		case OPEN:
			if (!take(r, parent, first, line, mark))
				return false;
			first = r->conf->words;
			continue;
		case CLOSE:
		case END:
			if (r->conf->words != first)
				return fail(r, "a directive without `;`");
			if (inside != (mark == CLOSE))
				return fail(r, inside ? "a block without end" : "`}` without `{`");
			return true;
		case BROKEN:
			return fail(r, "a quote without end");
		}
	}
}

// `nginx -T`: each file behind a line of its name. Returns false when text is none of that.
static bool split(struct rd_nginx *conf, struct rd_span text)
{
	static const char mark[] = "# configuration file ";
	const size_t len = sizeof mark - 1;
	const char *at = text.ptr, *end = text.ptr + text.len;

	while (conf->sources < RD_NGINX_SOURCES_MAX && (size_t)(end - at) > len) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		size_t size = line ? (size_t)(line - at) : (size_t)(end - at);

		if (size > len + 1 && memcmp(at, mark, len) == 0 && at[size - 1] == ':') {
			struct rd_nginx_source *source = &conf->source[conf->sources++];

			source->path = (struct rd_span){at + len, size - len - 1};
			source->text = (struct rd_span){at + size, (size_t)(end - at) - size};
			if (conf->sources > 1)
				source[-1].text.len = (size_t)(at - source[-1].text.ptr);
			if (line) // or the first line would count as the second
				source->text = (struct rd_span){line + 1, (size_t)(end - line) - 1};
		}
		at += line ? size + 1 : size;
	}
	return conf->sources > 0;
}

bool rd_nginx_parse(struct rd_nginx *conf, struct rd_span path, struct rd_span text,
		    struct rd_buf *why)
{
	struct reader r = {conf, {path, text}, 0, 1, 0, why};

	if (!split(conf, text))
		conf->source[conf->sources++] = r.from;
	else
		r.from = conf->source[0];
	r.from.path.len = conf->source[0].path.len;
	if (!add_node(&r, 0, 0, 0))
		return false;
	conf->node[0].file = RD_SPAN("");
	return read_block(&r, 0, false);
}

struct rd_span rd_nginx_word(const struct rd_nginx *conf, uint32_t node, uint32_t n)
{
	const struct rd_nginx_node *at = &conf->node[node];

	return n < at->words ? conf->word[at->word + n] : (struct rd_span){"", 0};
}

uint32_t rd_nginx_child(const struct rd_nginx *conf, uint32_t parent, const char *name,
			uint32_t behind)
{
	uint32_t node = behind ? conf->node[behind].next : conf->node[parent].child;

	while (node && !rd_span_is(rd_nginx_word(conf, node, 0), rd_span(name)))
		node = conf->node[node].next;
	return node;
}
