// An nginx configuration as a tree of directives, read from one text and its includes. Knows the
// syntax of nginx (words, quotes, blocks, comments) and no directive but include.
#pragma once
#include <stdint.h>
#include "base/buf.h"

struct rd_nginx_node {
	struct rd_span file; // "" for the root
	uint32_t line;
	uint32_t word, words; // index of the first in conf->word, and count; 0 for the root
	uint32_t parent;      // node
	uint32_t next;        // node behind it in the same block; 0: none
	uint32_t child, last; // first and last node of its block; 0: none
};

struct rd_nginx_source {
	struct rd_span path, text;
};

#define RD_NGINX_NODES_MAX   100000
#define RD_NGINX_SOURCES_MAX 512

struct rd_nginx {
	struct rd_nginx_node *node; // node[0] is the root, the block around everything
	uint32_t nodes, nodes_room;
	struct rd_span *word; // without quotes, else as written
	uint32_t words, words_room;
	// Files that an include finds: the parts of `nginx -T`, or what load has added.
	struct rd_nginx_source source[RD_NGINX_SOURCES_MAX];
	size_t sources;
	uint32_t includes; // followed so far
	// Adds the files that match pattern, a NUL-terminated path, to source; none is fine. False
	// with why when one cannot be read. NULL: no file but those in source.
	bool (*load)(struct rd_nginx *conf, struct rd_span pattern, struct rd_buf *why);
	char *held[RD_NGINX_SOURCES_MAX]; // texts and paths of files, for rd_nginx_free
	size_t helds;
};

// Parses text, which was read from path, into *conf, all zero but for load. The output of `nginx
// -T` is recognised by its `# configuration file` lines. path and text: borrowed. False with
// "path:line: what" in why. Call rd_nginx_free in any case.
[[nodiscard]] bool rd_nginx_parse(struct rd_nginx *conf, struct rd_span path, struct rd_span text,
				  struct rd_buf *why);
// The same for the file path, or for stdin when that is "-"; includes are read from disk. A read
// that fails is an error, never the end of a file.
[[nodiscard]] bool rd_nginx_read(struct rd_nginx *conf, const char *path, struct rd_buf *why);
void rd_nginx_free(struct rd_nginx *conf);

// Returns the n-th word of a directive, 0 being its name; empty when there is none.
struct rd_span rd_nginx_word(const struct rd_nginx *conf, uint32_t node, uint32_t n);
// Returns the next node named name in the block of parent, behind node `behind` (0: the first); 0:
// none.
uint32_t rd_nginx_child(const struct rd_nginx *conf, uint32_t parent, const char *name,
			uint32_t behind);
