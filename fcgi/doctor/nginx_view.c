#include "fcgi/doctor/nginx_view.h"

bool rd_span_has(struct rd_span text, const char *part)
{
	return text.len && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

bool rd_node_has(const struct rd_nginx *conf, uint32_t node, const char *word)
{
	for (uint32_t i = 1; node && i < conf->node[node].words; i++)
		if (rd_span_is(rd_nginx_word(conf, node, i), rd_span(word)))
			return true;
	return false;
}

uint32_t rd_view_find(const struct rd_view *view, const char *name)
{
	for (uint32_t block = view->block;; block = view->conf->node[block].parent) {
		uint32_t found = rd_nginx_child(view->conf, block, name, 0);

		if (found || !block)
			return found;
	}
}

uint32_t rd_view_next(const struct rd_view *view, uint32_t node)
{
	const struct rd_span name = rd_nginx_word(view->conf, node, 0);

	do
		node = view->conf->node[node].next;
	while (node && !rd_span_is(rd_nginx_word(view->conf, node, 0), name));
	return node;
}

bool rd_view_says(const struct rd_view *view, const char *name, const char *word)
{
	return rd_node_has(view->conf, rd_view_find(view, name), word);
}

bool rd_view_retries_posts(const struct rd_view *view)
{
	return rd_view_says(view, "fastcgi_next_upstream", "non_idempotent");
}

uint32_t rd_view_param(const struct rd_view *view, const char *name)
{
	uint32_t node = rd_view_find(view, "fastcgi_param");

	while (node && !rd_span_is(rd_nginx_word(view->conf, node, 1), rd_span(name)))
		node = rd_view_next(view, node);
	return node;
}

struct rd_span rd_view_param_value(const struct rd_view *view, const char *name)
{
	uint32_t node = rd_view_param(view, name);

	return node ? rd_nginx_word(view->conf, node, 2) : (struct rd_span){"", 0};
}

// A number in front of one of units, times what that unit is worth; def when text is none.
static int64_t scaled(struct rd_span text, const char *const units[], const int64_t worth[],
		      int64_t def)
{
	uint64_t n;

	if (!rd_span_take_number(&text, INT64_MAX / 1000000000, &n))
		return def;
	for (size_t i = 0; units[i]; i++)
		if (rd_span_is(text, rd_span(units[i])))
			return (int64_t)n * worth[i];
	return def;
}

int64_t rd_view_ms(const struct rd_view *view, const char *name, int64_t def)
{
	static const char *const units[] = {"", "ms", "s", "m", "h", NULL};
	static const int64_t worth_ms[] = {1000, 1, 1000, 60000, 3600000};
	const uint32_t node = rd_view_find(view, name);

	return node ? scaled(rd_nginx_word(view->conf, node, 1), units, worth_ms, def) : def;
}

int64_t rd_view_bytes(const struct rd_view *view, const char *name, int64_t def)
{
	static const char *const units[] = {"", "k", "K", "m", "M", "g", "G", NULL};
	static const int64_t worth[] = {1, 1 << 10, 1 << 10, 1 << 20, 1 << 20, 1 << 30, 1 << 30};
	const uint32_t node = rd_view_find(view, name);

	return node ? scaled(rd_nginx_word(view->conf, node, 1), units, worth, def) : def;
}

uint32_t rd_nginx_any(const struct rd_nginx *conf, const char *name, uint32_t behind)
{
	for (uint32_t node = behind + 1; node < conf->nodes; node++)
		if (rd_span_is(rd_nginx_word(conf, node, 0), rd_span(name)))
			return node;
	return 0;
}

struct rd_span rd_view_constant(const struct rd_nginx *conf, struct rd_span text)
{
	uint32_t node = 0;

	if (!text.len || *text.ptr != '$')
		return text;
	while ((node = rd_nginx_any(conf, "set", node)))
		if (rd_span_is(rd_nginx_word(conf, node, 1), text) &&
		    !rd_span_has(rd_nginx_word(conf, node, 2), "$"))
			return rd_nginx_word(conf, node, 2);
	while ((node = rd_nginx_any(conf, "map", node))) {
		uint32_t row = rd_nginx_child(conf, node, "default", 0);

		if (rd_span_is(rd_nginx_word(conf, node, 2), text) && row &&
		    !conf->node[row].next && conf->node[node].child == row)
			return rd_nginx_word(conf, row, 1);
	}
	return text;
}

uint32_t rd_view_upstream(const struct rd_nginx *conf, struct rd_span name)
{
	uint32_t node = 0;

	while ((node = rd_nginx_any(conf, "upstream", node)))
		if (rd_span_is(rd_nginx_word(conf, node, 1), name))
			return node;
	return 0;
}

bool rd_view_is_local(struct rd_span address)
{
	static const char *const local[] = {"127.", "[::1]", "localhost", "unix:"};

	for (size_t i = 0; i < sizeof local / sizeof *local; i++)
		if (rd_span_begins(address, rd_span(local[i])))
			return true;
	return false;
}

bool rd_view_local(const struct rd_view *view)
{
	uint32_t listen = rd_nginx_child(view->conf, view->server, "listen", 0);

	if (!listen)
		return false;
	for (; listen; listen = rd_nginx_child(view->conf, view->server, "listen", listen))
		if (!rd_view_is_local(rd_nginx_word(view->conf, listen, 1)))
			return false;
	return true;
}

bool rd_view_open(struct rd_view *view, const struct rd_nginx *conf, const struct rd_config *config,
		  uint32_t block)
{
	const uint32_t pass = rd_nginx_child(conf, block, "fastcgi_pass", 0);

	*view = (struct rd_view){.conf = conf, .config = config, .block = block, .server = block};
	while (view->server && !rd_span_is(rd_nginx_word(conf, view->server, 0), RD_SPAN("server")))
		view->server = conf->node[view->server].parent;
	if (!pass)
		return false;
	view->target = rd_view_constant(conf, rd_nginx_word(conf, pass, 1));
	view->route = rd_view_param_value(view, "REFRESHD_ROUTE");
	view->dialect = rd_view_param_value(view, "REFRESHD_DIALECT");
	return view->route.len || rd_view_param(view, "REFRESHD_DIALECT") ||
	       rd_span_has(view->target, "refreshd");
}
