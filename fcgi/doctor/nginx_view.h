// What an nginx configuration means for one location, by nginx' rules of inheritance.
#pragma once
#include "fcgi/doctor/nginx_conf.h"
#include "config/config.h"

// One block seen from inside: a location, or a server for checks of servers.
struct rd_view {
	const struct rd_nginx *conf;
	const struct rd_config *config;
	uint32_t block, server; // nodes
	// Only of a location that passes to refreshd; target: what fastcgi_pass names, an upstream
	// or an address.
	struct rd_span route, dialect, target;
};

// Returns the first directive of that name in block or, where block has none, in the nearest block
// around it; 0: none, so nginx' default applies.
uint32_t rd_view_find(const struct rd_view *view, const char *name);
// Returns the next directive of the same name in the same block; 0: none.
uint32_t rd_view_next(const struct rd_view *view, uint32_t node);
// Whether the directive is there with `word` among its words.
bool rd_view_says(const struct rd_view *view, const char *name, const char *word);
// Whether nginx sends a POST again that it has sent. By default, `error timeout`, it asks another
// server only when no connection came about.
bool rd_view_retries_posts(const struct rd_view *view);
bool rd_node_has(const struct rd_nginx *conf, uint32_t node, const char *word);

// Returns the fastcgi_param of that name; 0: none. Any in a block hide all in the blocks around it.
uint32_t rd_view_param(const struct rd_view *view, const char *name);
struct rd_span rd_view_param_value(const struct rd_view *view, const char *name);

// Returns the directive's time in ms, or its size in bytes; def when it is missing or malformed.
int64_t rd_view_ms(const struct rd_view *view, const char *name, int64_t def);
int64_t rd_view_bytes(const struct rd_view *view, const char *name, int64_t def);

// Returns the value of a variable that is constant (by set, or a map with its default alone); else
// text itself.
struct rd_span rd_view_constant(const struct rd_nginx *conf, struct rd_span text);
// Returns the upstream block of that name; 0: none.
uint32_t rd_view_upstream(const struct rd_nginx *conf, struct rd_span name);
// Returns the next directive of that name anywhere, in the order of the text, behind node `behind`;
// 0: none.
uint32_t rd_nginx_any(const struct rd_nginx *conf, const char *name, uint32_t behind);
// Whether the address, as in listen or fastcgi_pass, is of this machine alone.
bool rd_view_is_local(struct rd_span address);
// Whether only this machine can connect to the server.
bool rd_view_local(const struct rd_view *view);

bool rd_span_has(struct rd_span text, const char *part);

// Makes *view of block. Returns whether it is a location that passes to refreshd.
[[nodiscard]] bool rd_view_open(struct rd_view *view, const struct rd_nginx *conf,
				const struct rd_config *config, uint32_t block);
