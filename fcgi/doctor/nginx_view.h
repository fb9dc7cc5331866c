// What an nginx configuration means for one location: values by nginx' rules of inheritance.
#pragma once
#include "fcgi/doctor/nginx_conf.h"
#include "config/config.h"

// One location of nginx, or for checks of other scopes another block.
struct rd_view {
	const struct rd_nginx *conf;
	const struct rd_config *config;
	uint32_t block, server; // nodes
	struct rd_span route, dialect,
	    target; // of a location of refreshd's; target: the upstream's name
};

// The directive of that name in block or, where block has none, in the nearest block around it: its
// first. 0: none, so nginx' default counts.
uint32_t rd_view_find(const struct rd_view *view, const char *name);
// The next of the same name in the same block. 0: none.
uint32_t rd_view_next(const struct rd_view *view, uint32_t node);
// Whether the directive is there with `word` among its words.
bool rd_view_says(const struct rd_view *view, const char *name, const char *word);
bool rd_node_has(const struct rd_nginx *conf, uint32_t node, const char *word);

// The fastcgi_param of that name; all of a block hide all of those around it. 0: none.
uint32_t rd_view_param(const struct rd_view *view, const char *name);
struct rd_span rd_view_param_value(const struct rd_view *view, const char *name);

// The directive's time in ms, its size in bytes; def when it is not there or cannot be read.
int64_t rd_view_ms(const struct rd_view *view, const char *name, int64_t def);
int64_t rd_view_bytes(const struct rd_view *view, const char *name, int64_t def);

// A variable that is a constant (map's default, set): what it holds; else text itself.
struct rd_span rd_view_constant(const struct rd_nginx *conf, struct rd_span text);
// The upstream block of that name. 0: none.
uint32_t rd_view_upstream(const struct rd_nginx *conf, struct rd_span name);
// The next block of that name anywhere, in the order of the text, behind node `behind`. 0: none.
uint32_t rd_nginx_any(const struct rd_nginx *conf, const char *name, uint32_t behind);
// Whether every listen of the server is on this machine alone.
bool rd_view_local(const struct rd_view *view);

bool rd_span_has(struct rd_span text, const char *part);

// Makes a view of a location of refreshd's. False when it is none.
[[nodiscard]] bool rd_view_open(struct rd_view *view, const struct rd_nginx *conf,
				const struct rd_config *config, uint32_t block);
