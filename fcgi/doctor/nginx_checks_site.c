// Checks of all locations, and of servers.
#include "fcgi/doctor/nginx_checks.h"

static uint32_t asks_auth(const struct rd_view *v)
{
	const uint32_t node = rd_view_find(v, "auth_request");

	return node && !rd_node_has(v->conf, node, "off") &&
		       !rd_nginx_child(v->conf, v->block, "internal", 0)
		   ? node
		   : 0;
}

// Whether node is inside block. Nodes are numbered in the order of the text, parents first.
static bool is_within(const struct rd_nginx *conf, uint32_t node, uint32_t block)
{
	while (node > block)
		node = conf->node[node].parent;
	return node == block;
}

static uint32_t auth_skipped(const struct rd_view *v)
{
	static const char *const skips[] = {"return", "rewrite"};

	for (size_t i = 0; asks_auth(v) && i < sizeof skips / sizeof *skips; i++) {
		uint32_t found = rd_nginx_any(v->conf, skips[i], v->block);

		if (found && is_within(v->conf, found, v->block))
			return found;
	}
	return 0;
}

static uint32_t auth_error_page(const struct rd_view *v)
{
	uint32_t node = rd_view_find(v, "error_page");

	while (node && !rd_node_has(v->conf, node, "500"))
		node = rd_view_next(v, node);
	return asks_auth(v) && !node ? v->block : 0;
}

static uint32_t satisfy_any(const struct rd_view *v)
{
	return asks_auth(v) && rd_view_says(v, "satisfy", "any") ? rd_view_find(v, "satisfy") : 0;
}

static bool is_own(const struct rd_view *v)
{
	struct rd_view own;

	return rd_view_open(&own, v->conf, v->config, v->block);
}

static bool format_leaks(const struct rd_nginx *conf, struct rd_span format)
{
	static const char *const leaks[] = {"$request ",
					    "$request\"",
					    "$request_uri",
					    "$request_body",
					    "$args",
					    "$query_string",
					    "$http_authorization",
					    "$http_cookie",
					    "$http_refresh",
					    "$http_refe",
					    "$cookie_",
					    "$arg_",
					    "$sent_http_set_cookie",
					    "$sent_http_refresh"};
	uint32_t node = 0;

	while ((node = rd_nginx_any(conf, "log_format", node))) {
		if (!rd_span_is(rd_nginx_word(conf, node, 1), format))
			continue;
		for (uint32_t w = 2; w < conf->node[node].words; w++) {
			const struct rd_span text = rd_nginx_word(conf, node, w);

			for (size_t i = 0; i < sizeof leaks / sizeof *leaks; i++)
				if (rd_span_has(text, leaks[i]))
					return true;
			if (text.len >= 8 && memcmp(text.ptr + text.len - 8, "$request", 8) == 0)
				return true;
		}
		return false;
	}
	return true; // combined, or a format that is not defined
}

static uint32_t log_secrets(const struct rd_view *v)
{
	uint32_t node = rd_view_find(v, "access_log");

	if (!is_own(v) && !asks_auth(v))
		return 0;
	if (!node)
		return v->server ? v->server : v->block; // the default is the combined format
	for (; node; node = rd_view_next(v, node)) {
		const struct rd_span format = rd_nginx_word(v->conf, node, 2);

		if (!rd_node_has(v->conf, node, "off") &&
		    format_leaks(v->conf, format.len ? format : RD_SPAN("combined")))
			return node;
	}
	return 0;
}

static uint32_t error_log(const struct rd_view *v)
{
	uint32_t node = is_own(v) ? rd_view_find(v, "error_log") : 0;

	for (; node; node = rd_view_next(v, node)) {
		const struct rd_span level = rd_nginx_word(v->conf, node, 2);

		if (rd_span_is(level, RD_SPAN("info")) || rd_span_is(level, RD_SPAN("debug")))
			return node;
	}
	return 0;
}

const struct rd_check rd_checks_location[] = {
    {"auth-skipped", auth_skipped,
     "move it to another location: it runs before auth_request, so no token is checked"},
    {"auth-error-page", auth_error_page,
     "add `error_page 500 =503 @refreshd_away;`: auth_request turns an unreachable worker into "
     "500"},
    {"satisfy-any", satisfy_any,
     "set `satisfy all;`: with `any`, an allowed address needs no token at all"},
    {"log-secrets", log_secrets,
     "use the format of refreshd-log.conf: this one can write tokens to the log"},
    {"error-log-level", error_log,
     "use the level `error`: at this level nginx logs request headers"},
    {0},
};

// Returns the first location of the server with that route and dialect (NULL: any); 0: none.
static uint32_t location_of(const struct rd_view *v, const char *route, const char *dialect)
{
	struct rd_view own;

	for (uint32_t n = v->server; (n = rd_nginx_any(v->conf, "location", n));)
		if (is_within(v->conf, n, v->server) && rd_view_open(&own, v->conf, v->config, n) &&
		    (!route || rd_span_is(own.route, rd_span(route))) &&
		    (!dialect || rd_span_is(own.dialect, rd_span(dialect))))
			return n;
	return 0;
}

static uint32_t cookie_plain(const struct rd_view *v)
{
	uint32_t listen = rd_nginx_child(v->conf, v->server, "listen", 0);

	if (rd_view_local(v))
		return 0;
	for (; listen; listen = rd_nginx_child(v->conf, v->server, "listen", listen))
		if (rd_node_has(v->conf, listen, "ssl"))
			return 0;
	return location_of(v, NULL, "cookie");
}

static uint32_t issue_public(const struct rd_view *v)
{
	return location_of(v, "refresh", NULL) || location_of(v, "login", NULL)
		   ? location_of(v, "issue", NULL)
		   : 0;
}

static uint32_t realip_open(const struct rd_view *v)
{
	uint32_t node = rd_view_find(v, "set_real_ip_from");

	for (; node; node = rd_view_next(v, node))
		if (rd_node_has(v->conf, node, "0.0.0.0/0") || rd_node_has(v->conf, node, "::/0"))
			return node;
	return 0;
}

static uint32_t underscores_on(const struct rd_view *v)
{
	return rd_view_says(v, "underscores_in_headers", "on")
		   ? rd_view_find(v, "underscores_in_headers")
		   : 0;
}

const struct rd_check rd_checks_server[] = {
    {"cookie-plain", cookie_plain,
     "listen with ssl: browsers neither keep nor send a __Host- cookie over plain HTTP"},
    {"issue-public", issue_public,
     "move it to a server that only backends reach: it issues tokens for any user"},
    {"realip-open", realip_open,
     "trust only your proxies: otherwise anybody can choose the address that is logged and "
     "limited"},
    {"underscores", underscores_on,
     "turn it off: refreshd could not tell Refresh_Token from Refresh-Token"},
    {0},
};
