// Checks of locations that pass to refreshd.
#include "fcgi/doctor/nginx_checks.h"

static bool is_route(const struct rd_view *v, const char *name)
{
	return rd_span_is(v->route, rd_span(name));
}

static bool asks_password(const struct rd_view *v)
{
	return is_route(v, "login");
}

#define RETRY_WINDOW_S 6 // with a shorter grace, what nginx asks again may come after it

// The directive, or the block where it is missing.
static uint32_t blame(const struct rd_view *v, const char *name)
{
	uint32_t node = rd_view_find(v, name);

	return node ? node : v->block;
}

static uint32_t grace_of(const struct rd_view *v)
{
	const struct rd_span id = rd_view_param_value(v, "REFRESHD_CLIENT");
	const struct rd_client *client =
	    rd_config_client(v->config, id.len ? id : rd_span(v->config->default_client));

	return client ? client->grace_s : v->config->grace_s;
}

static uint32_t keep_conn(const struct rd_view *v)
{
	return rd_view_says(v, "fastcgi_keep_conn", "on") ? 0 : blame(v, "fastcgi_keep_conn");
}

static uint32_t not_retried(const struct rd_view *v)
{
	return is_route(v, "refresh") && grace_of(v) >= RETRY_WINDOW_S &&
		       !rd_view_retries_posts(v) && !rd_view_says(v, "fastcgi_next_upstream", "off")
		   ? blame(v, "fastcgi_next_upstream")
		   : 0;
}

static uint32_t sent_twice(const struct rd_view *v)
{
	return (asks_password(v) || is_route(v, "issue")) && rd_view_retries_posts(v)
		   ? blame(v, "fastcgi_next_upstream")
		   : 0;
}

static uint32_t strict_twice(const struct rd_view *v)
{
	return is_route(v, "refresh") && !grace_of(v) && rd_view_retries_posts(v)
		   ? blame(v, "fastcgi_next_upstream")
		   : 0;
}

static uint32_t read_timeout(const struct rd_view *v)
{
	const uint32_t grace_s = grace_of(v);

	return is_route(v, "refresh") && rd_view_retries_posts(v) && grace_s &&
		       rd_view_ms(v, "fastcgi_read_timeout", 60000) >= grace_s * 1000LL
		   ? blame(v, "fastcgi_read_timeout")
		   : 0;
}

static uint32_t retry_window(const struct rd_view *v)
{
	const int64_t window_ms = rd_view_ms(v, "fastcgi_next_upstream_timeout", 0);
	const uint32_t grace_s = grace_of(v);

	return is_route(v, "refresh") && rd_view_retries_posts(v) && grace_s &&
		       (window_ms == 0 || window_ms >= grace_s * 1000LL)
		   ? blame(v, "fastcgi_next_upstream_timeout")
		   : 0;
}

static uint32_t connect_timeout(const struct rd_view *v)
{
	return rd_view_ms(v, "fastcgi_connect_timeout", 60000) > 5000
		   ? blame(v, "fastcgi_connect_timeout")
		   : 0;
}

static uint32_t verify_open(const struct rd_view *v)
{
	return is_route(v, "verify") && !rd_nginx_child(v->conf, v->block, "internal", 0) ? v->block
											  : 0;
}

static uint32_t verify_body(const struct rd_view *v)
{
	return is_route(v, "verify") && !rd_view_says(v, "fastcgi_pass_request_body", "off")
		   ? blame(v, "fastcgi_pass_request_body")
		   : 0;
}

static uint32_t is_cached(const struct rd_view *v)
{
	const uint32_t node = rd_view_find(v, "fastcgi_cache");

	return node && !rd_node_has(v->conf, node, "off") ? node : 0;
}

static uint32_t body_size(const struct rd_view *v)
{
	const int64_t max = rd_view_bytes(v, "client_max_body_size", 1 << 20);

	return !is_route(v, "verify") && (max == 0 || max > v->config->body_max)
		   ? blame(v, "client_max_body_size")
		   : 0;
}

static uint32_t body_on_disk(const struct rd_view *v)
{
	if (is_route(v, "verify"))
		return 0;
	if (rd_view_find(v, "client_body_in_file_only") &&
	    !rd_view_says(v, "client_body_in_file_only", "off"))
		return rd_view_find(v, "client_body_in_file_only");
	return rd_view_bytes(v, "client_body_buffer_size", 16384) <
		       rd_view_bytes(v, "client_max_body_size", 1 << 20)
		   ? blame(v, "client_body_buffer_size")
		   : 0;
}

static uint32_t answer_on_disk(const struct rd_view *v)
{
	return rd_view_bytes(v, "fastcgi_max_temp_file_size", 1 << 30) &&
		       !rd_view_says(v, "fastcgi_buffering", "off")
		   ? blame(v, "fastcgi_max_temp_file_size")
		   : 0;
}

static uint32_t limit_status(const struct rd_view *v)
{
	return rd_view_find(v, "limit_req") && !rd_view_says(v, "limit_req_status", "429")
		   ? blame(v, "limit_req_status")
		   : 0;
}

// The word zone=NAME of a limit_req, or zone=NAME:SIZE of a limit_req_zone.
static struct rd_span zone_of(const struct rd_nginx *conf, uint32_t node)
{
	for (uint32_t i = 1; node && i < conf->node[node].words; i++) {
		const struct rd_span word = rd_nginx_word(conf, node, i);

		if (word.len > 5 && rd_span_begins(word, RD_SPAN("zone=")))
			return word;
	}
	return (struct rd_span){"", 0};
}

// Whether the zone's key is empty by a map's default, so that the zone counts only what the map
// names.
static bool is_selective(const struct rd_nginx *conf, struct rd_span zone)
{
	uint32_t n = 0, map = 0, row;

	while ((n = rd_nginx_any(conf, "limit_req_zone", n))) {
		const struct rd_span name = zone_of(conf, n);

		if (name.len > zone.len && name.ptr[zone.len] == ':' && rd_span_begins(name, zone))
			break;
	}
	while (n && (map = rd_nginx_any(conf, "map", map)))
		if (rd_span_is(rd_nginx_word(conf, map, 2), rd_nginx_word(conf, n, 1)) &&
		    (row = rd_nginx_child(conf, map, "default", 0)))
			return rd_nginx_word(conf, row, 1).len == 0;
	return false;
}

// Returns the first limit_req that counts every request here; 0: none.
static uint32_t limit_of_all(const struct rd_view *v)
{
	uint32_t node = rd_view_find(v, "limit_req");

	while (node && is_selective(v->conf, zone_of(v->conf, node)))
		node = rd_view_next(v, node);
	return node;
}

static uint32_t health_limited(const struct rd_view *v)
{
	return is_route(v, "health") || is_route(v, "ready") ? limit_of_all(v) : 0;
}

static uint32_t shared_limit(const struct rd_view *v)
{
	const struct rd_span mine = zone_of(v->conf, limit_of_all(v));
	struct rd_view other;

	for (uint32_t n = 0;
	     asks_password(v) && mine.len && (n = rd_nginx_any(v->conf, "location", n));)
		if (rd_view_open(&other, v->conf, v->config, n) && is_route(&other, "refresh") &&
		    rd_span_is(mine, zone_of(v->conf, limit_of_all(&other))))
			return limit_of_all(v);
	return 0;
}

const struct rd_check rd_checks_own[] = {
    {"keep-conn", keep_conn,
     "set `fastcgi_keep_conn on;`, or every request opens a new connection"},
    {"not-retried", not_retried,
     "add non_idempotent to fastcgi_next_upstream, or a worker that dies causes a 502; within the "
     "grace time it is safe to ask twice"},
    {"sent-twice", sent_twice,
     "set `fastcgi_next_upstream error timeout;`: a password or an issue must be sent only once"},
    {"strict-twice", strict_twice,
     "set `fastcgi_next_upstream error timeout;`: its client has grace_s = 0, so asking twice "
     "counts as theft"},
    {"read-timeout", read_timeout,
     "make fastcgi_read_timeout shorter than grace_s, or a retry comes after the grace time and "
     "counts as theft"},
    {"retry-window", retry_window,
     "set fastcgi_next_upstream_timeout well below grace_s, or a late retry counts as theft"},
    {"connect-timeout", connect_timeout,
     "set `fastcgi_connect_timeout 500ms;`: by default nginx waits a minute for a dead address"},
    {"verify-open", verify_open, "add `internal;`: only auth_request may ask this location"},
    {"verify-body", verify_body,
     "set `fastcgi_pass_request_body off;`: auth_request sends no body"},
    {"cache", is_cached, "turn the cache off here: an answer holds the tokens of one user"},
    {"body-size", body_size,
     "make client_max_body_size no larger than body_max, so that nginx refuses what refreshd "
     "would refuse"},
    {"body-on-disk", body_on_disk,
     "make client_body_buffer_size as large as client_max_body_size, or secrets may be written to "
     "a file"},
    {"answer-on-disk", answer_on_disk,
     "set `fastcgi_max_temp_file_size 0;`, or tokens may be written to a file"},
    {"limit-status", limit_status,
     "set `limit_req_status 429;`: with 503 the service seems to be down"},
    {"health-limited", health_limited,
     "have no limit_req here: health checks must never be limited"},
    {"shared-limit", shared_limit,
     "give logins a zone of their own, or guessed passwords use up the limit of refreshes"},
    {0},
};
