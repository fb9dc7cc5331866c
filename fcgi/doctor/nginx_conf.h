// An nginx configuration as a tree of directives, out of one text with its includes. Knows nginx'
// syntax (words, quotes, blocks, comments) and no directive but include.
#pragma once
#include <stdint.h>
#include "base/buf.h"

struct rd_nginx_node {
	struct rd_span file; // "" for the root
	uint32_t line;
	uint32_t word, words;         // first and count in conf->words; no root has any
	uint32_t parent, next, child; // nodes; 0: none, for no node comes before the root
	uint32_t last;                // child
};

struct rd_nginx_source {
	struct rd_span path, text;
};

#define RD_NGINX_NODES_MAX   100000
#define RD_NGINX_SOURCES_MAX 512

struct rd_nginx {
	struct rd_nginx_node *node; // node[0] is the root: what stands outside of all blocks
	uint32_t nodes, nodes_room;
	struct rd_span *word; // without quotes, else as written
	uint32_t words, words_room;
	// What includes find: the parts of `nginx -T`, or what load has added.
	struct rd_nginx_source source[RD_NGINX_SOURCES_MAX];
	size_t sources;
	uint32_t includes; // done so far
	// Adds the files that pattern means to source. False with why. NULL: there are none.
	bool (*load)(struct rd_nginx *conf, struct rd_span pattern, struct rd_buf *why);
	char *held[RD_NGINX_SOURCES_MAX]; // load's texts and paths, for rd_nginx_free
	size_t helds;
};

// Parses text, which was read from path, into *conf (all zero before but for load). `nginx -T`
// output is told by its `# configuration file` lines. Both are borrowed. False with "path:line:
// what" in why; rd_nginx_free in any case.
[[nodiscard]] bool rd_nginx_parse(struct rd_nginx *conf, struct rd_span path, struct rd_span text,
				  struct rd_buf *why);
// The same with what path, or stdin for "-", holds, and with its includes from disk.
[[nodiscard]] bool rd_nginx_read(struct rd_nginx *conf, const char *path, struct rd_buf *why);
void rd_nginx_free(struct rd_nginx *conf);

// The n-th word; empty when there is none.
struct rd_span rd_nginx_word(const struct rd_nginx *conf, uint32_t node, uint32_t n);
// The next child of parent that is named so, behind `behind` (0: the first). 0: none.
uint32_t rd_nginx_child(const struct rd_nginx *conf, uint32_t parent, const char *name,
			uint32_t behind);
