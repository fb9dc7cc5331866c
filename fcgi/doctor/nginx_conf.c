#include "fcgi/doctor/nginx_lexer.h"
#include <fnmatch.h>
#include <stdlib.h>

#define DEPTH_MAX      32 // of blocks and includes together
#define PATH_MAX_BYTES 1024
#define INCLUDES_MAX   10000

struct reader {
	struct rd_nginx *conf;
	struct rd_nginx_lexer in;
	int depth;
	struct rd_buf *why;
};

static bool refuse_text(const struct reader *r, const char *what)
{
	const struct rd_span path = r->in.from.path;

	rd_put(r->why, path.ptr, path.len < 200 ? path.len : 200);
	rd_put_lit(r->why, ":");
	rd_put_u64(r->why, r->in.line);
	rd_put_lit(r->why, ": ");
	rd_put_str(r->why, what);
	return false;
}

// Makes room for one more by doubling. Returns the array, NULL when there is no memory or there are
// too many.
static void *grow_array(void *array, uint32_t count, uint32_t *room, size_t size)
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
	void *room = grow_array(conf->word, conf->words, &conf->words_room, sizeof *conf->word);

	if (!room)
		return refuse_text(r, "too many directives or words");
	conf->word = room;
	conf->word[conf->words++] = word;
	return true;
}

static bool add_node(struct reader *r, uint32_t parent, uint32_t line, uint32_t first_word)
{
	struct rd_nginx *conf = r->conf;
	void *room = grow_array(conf->node, conf->nodes, &conf->nodes_room, sizeof *conf->node);
	uint32_t number = conf->nodes;

	if (!room || number >= RD_NGINX_NODES_MAX)
		return refuse_text(r, "too many directives or words");
	conf->node = room;
	conf->nodes++;
	conf->node[number] = (struct rd_nginx_node){.file = r->in.from.path,
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

static bool ends_with(struct rd_span text, const char *end)
{
	size_t len = strlen(end);

	return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

static bool read_block(struct reader *r, uint32_t parent, bool inside);

static bool read_source(struct reader *r, uint32_t parent, const struct rd_nginx_source *source)
{
	struct reader inner = {.conf = r->conf,
			       .in = {.from = *source, .line = 1},
			       .depth = r->depth + 1,
			       .why = r->why};

	if (inner.depth > DEPTH_MAX)
		return refuse_text(r, "too deep");
	return read_block(&inner, parent, false);
}

// A relative path starts at the folder of the first file, as in nginx.
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

// Reads each source that pattern matches. False after a refusal.
static bool read_matching(struct reader *r, uint32_t parent, const char *pattern, bool *found)
{
	struct rd_nginx *conf = r->conf;
	char path[PATH_MAX_BYTES];

	for (size_t i = 0; i < conf->sources; i++) {
		const struct rd_nginx_source source = conf->source[i];

		if (source.path.len >= sizeof path)
			continue;
		memcpy(path, source.path.ptr, source.path.len);
		path[source.path.len] = 0;
		if (fnmatch(pattern, path, FNM_PATHNAME) != 0)
			continue;
		*found = true;
		if (!read_source(r, parent, &source))
			return false;
	}
	return true;
}

// A file that cannot be read is refused also where a wildcard has matched it: nginx would not
// start.
static bool load_matching(struct reader *r, const char *pattern)
{
	char reason[PATH_MAX_BYTES + 100] = "include: ";
	struct rd_buf inner = {reason, strlen(reason), sizeof reason - 1, false};

	if (!r->conf->load || r->conf->load(r->conf, rd_span(pattern), &inner))
		return true;
	reason[inner.len] = 0;
	return refuse_text(r, reason);
}

static bool read_include(struct reader *r, uint32_t parent, struct rd_span pattern)
{
	struct rd_nginx *conf = r->conf;
	char whole[PATH_MAX_BYTES];
	struct rd_buf out = RD_BUF(whole);
	bool found = false;

	if (!whole_path(conf, pattern, &out))
		return refuse_text(r, "include: the path is too long, or no path");
	if (conf->includes++ == INCLUDES_MAX) // files that include each other twice: 2^depth
		return refuse_text(r, "too many includes");
	if (!read_matching(r, parent, whole, &found))
		return false;
	if (!found && (!load_matching(r, whole) || !read_matching(r, parent, whole, &found)))
		return false;
	if (found || strpbrk(whole, "*?["))
		return true;
	return refuse_text(r, "include: no such file");
}

// Adds the directive whose words, from first on, are read, and which mark has ended; a block with
// what is in it.
static bool read_directive(struct reader *r, uint32_t parent, uint32_t first, uint32_t line,
			   enum rd_nginx_mark mark)
{
	struct rd_nginx *conf = r->conf;
	const struct rd_span name =
	    first < conf->words ? conf->word[first] : (struct rd_span){"", 0};
	const uint32_t number = conf->nodes;

	if (first == conf->words)
		return refuse_text(r, mark == RD_NGINX_OPEN ? "a block without name"
							    : "`;` without directive");
	if (mark == RD_NGINX_SEMICOLON && rd_span_is(name, RD_SPAN("include")) &&
	    conf->words == first + 2) {
		const struct rd_span pattern = conf->word[first + 1];

		conf->words = first;
		return read_include(r, parent, pattern);
	}
	if (!add_node(r, parent, line, first))
		return false;
	if (mark == RD_NGINX_SEMICOLON)
		return true;
	if (ends_with(name, "_by_lua_block"))
		return rd_nginx_skip_block(&r->in) || refuse_text(r, "a block without end");
	if (r->depth >= DEPTH_MAX)
		return refuse_text(r, "too deep");
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
		enum rd_nginx_mark mark;

		rd_nginx_skip_space(&r->in);
		if (r->conf->words == first)
			line = r->in.line;
		mark = rd_nginx_next_mark(&r->in, &word);
		switch (mark) {
		case RD_NGINX_WORD:
			if (!add_word(r, word))
				return false;
			continue;
		case RD_NGINX_SEMICOLON:
		case RD_NGINX_OPEN:
			if (!read_directive(r, parent, first, line, mark))
				return false;
			first = r->conf->words;
			continue;
		case RD_NGINX_CLOSE:
		case RD_NGINX_END:
			if (r->conf->words != first)
				return refuse_text(r, "a directive without `;`");
			if (inside != (mark == RD_NGINX_CLOSE))
				return refuse_text(r, inside ? "a block without end"
							     : "`}` without `{`");
			return true;
		case RD_NGINX_BROKEN:
			return refuse_text(r, "a quote without end");
		}
	}
}

// Splits what `nginx -T` prints, each file behind a line with its name. False: text is none of
// that.
static bool split_dump(struct rd_nginx *conf, struct rd_span text)
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
			if (line) // the text begins behind the line, and so its line 1
				source->text = (struct rd_span){line + 1, (size_t)(end - line) - 1};
		}
		at += line ? size + 1 : size;
	}
	return conf->sources > 0;
}

bool rd_nginx_parse(struct rd_nginx *conf, struct rd_span path, struct rd_span text,
		    struct rd_buf *why)
{
	struct reader r = {.conf = conf, .in = {.from = {path, text}, .line = 1}, .why = why};

	if (!split_dump(conf, text))
		conf->source[conf->sources++] = r.in.from;
	else
		r.in.from = conf->source[0];
	r.in.from.path.len = conf->source[0].path.len;
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
