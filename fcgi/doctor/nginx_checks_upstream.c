// Checks of where requests are passed to: the address, or the upstream.
#include <arpa/inet.h>
#include "fcgi/doctor/nginx_checks.h"

#define TRIES_WANTED 16 // of one address; as measured, see refreshd-upstream.conf

static bool is_route(const struct rd_view *v, const char *name)
{
	return rd_span_is(v->route, rd_span(name));
}

static bool is_sent_once(const struct rd_view *v)
{
	return is_route(v, "login") || is_route(v, "issue") ||
	       (is_route(v, "refresh") && !rd_view_retries_posts(v)) ||
	       rd_view_says(v, "fastcgi_next_upstream", "off");
}

static uint32_t pass_of(const struct rd_view *v)
{
	return rd_nginx_child(v->conf, v->block, "fastcgi_pass", 0);
}

// Whether nginx need not ask a resolver for the host of HOST[:PORT], or asks for one that never
// moves.
static bool is_fixed_host(struct rd_span address)
{
	const bool bracketed = rd_span_begins(address, RD_SPAN("["));
	struct rd_span rest = address, host;
	char text[INET6_ADDRSTRLEN];
	uint8_t binary[16];

	if (bracketed)
		(void)rd_span_take(&rest, 1);
	host = rd_span_cut(&rest, bracketed ? ']' : ':');
	if (!bracketed && rd_span_is(host, RD_SPAN("localhost"))) // RFC 6761 section 6.3
		return true;
	if (host.len >= sizeof text)
		return false;
	memcpy(text, host.ptr, host.len);
	text[host.len] = 0;
	return inet_pton(bracketed ? AF_INET6 : AF_INET, text, binary) == 1;
}

static bool is_pinned_name(struct rd_span address)
{
	return address.len && *address.ptr != '$' && !rd_span_begins(address, RD_SPAN("unix:")) &&
	       !is_fixed_host(address);
}

// nginx resolves names once, when it starts, but those of a variable, and in an upstream those with
// `resolve`.
static uint32_t pinned_address(const struct rd_view *v)
{
	const struct rd_span to = rd_nginx_word(v->conf, pass_of(v), 1);
	const uint32_t group = rd_view_upstream(v->conf, v->target);
	uint32_t server = group ? rd_nginx_child(v->conf, group, "server", 0) : 0;

	if (!group)
		return is_pinned_name(to) ? pass_of(v) : 0;
	for (; server; server = rd_nginx_child(v->conf, group, "server", server))
		if (is_pinned_name(rd_nginx_word(v->conf, server, 1)) &&
		    !rd_node_has(v->conf, server, "resolve"))
			return server;
	return 0;
}

static bool by_variable(const struct rd_view *v)
{
	const struct rd_span to = rd_nginx_word(v->conf, pass_of(v), 1);

	return rd_span_has(to, "$") && !rd_view_upstream(v->conf, v->target);
}

static uint32_t no_resolver(const struct rd_view *v)
{
	return by_variable(v) && !rd_span_has(v->target, "unix:") && !rd_view_find(v, "resolver")
		   ? pass_of(v)
		   : 0;
}

static uint32_t pass_from_request(const struct rd_view *v)
{
	static const char *const asked[] = {"$http_", "$arg_",     "$cookie_", "$uri",
					    "$host",  "$request_", "$args",    "$query_string"};

	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
		if (rd_span_has(rd_nginx_word(v->conf, pass_of(v), 1), asked[i]))
			return pass_of(v);
	return 0;
}

static uint32_t group_of(const struct rd_view *v)
{
	return rd_view_upstream(v->conf, v->target);
}

// Sent once only is rather sent over no connection that may end under it.
static uint32_t no_keepalive(const struct rd_view *v)
{
	if (is_sent_once(v) || by_variable(v))
		return 0;
	if (!group_of(v))
		return pass_of(v);
	return rd_nginx_child(v->conf, group_of(v), "keepalive", 0) ? 0 : group_of(v);
}

// The upstream where the location passes to one, told by its lines `server`.
struct group {
	uint32_t first; // 0: no upstream, or an empty one
	unsigned lines;
	bool several;       // hosts: the lines name more than one address
	uint32_t limited;   // first line without max_fails=0
	uint32_t unlimited; // first line with it that is no backup
	bool last_resort;   // a backup that is never taken out
};

static struct group look_at_group(const struct rd_view *v)
{
	const uint32_t block = group_of(v);
	struct group g = {.first = block ? rd_nginx_child(v->conf, block, "server", 0) : 0};
	const struct rd_span address = rd_nginx_word(v->conf, g.first, 1);

	for (uint32_t n = g.first; n; n = rd_nginx_child(v->conf, block, "server", n)) {
		const bool backup = rd_node_has(v->conf, n, "backup");
		const bool unlimited = rd_node_has(v->conf, n, "max_fails=0");

		g.lines++;
		g.several |= !rd_span_is(rd_nginx_word(v->conf, n, 1), address);
		g.last_resort |= backup && unlimited;
		if (!unlimited && !g.limited)
			g.limited = n;
		if (unlimited && !backup && !g.unlimited)
			g.unlimited = n;
	}
	return g;
}

// nginx never takes the only line out.
static uint32_t max_fails(const struct rd_view *v)
{
	const struct group g = look_at_group(v);

	return g.lines > 1 && !g.several ? g.limited : 0;
}

static uint32_t few_tries(const struct rd_view *v)
{
	const struct group g = look_at_group(v);

	return g.first && !g.several && !is_sent_once(v) && g.lines < TRIES_WANTED ? g.first : 0;
}

static uint32_t host_hangs(const struct rd_view *v)
{
	const struct group g = look_at_group(v);

	return g.several ? g.unlimited : 0;
}

static uint32_t hosts_all_out(const struct rd_view *v)
{
	const struct group g = look_at_group(v);

	return g.several && g.limited && !g.last_resort ? g.first : 0;
}

static uint32_t host_down(const struct rd_view *v)
{
	return look_at_group(v).several && rd_view_says(v, "fastcgi_next_upstream", "off")
		   ? rd_view_find(v, "fastcgi_next_upstream")
		   : 0;
}

static bool is_open_tcp(struct rd_span address)
{
	return address.len && *address.ptr != '$' && !rd_view_is_local(address);
}

static uint32_t plain_tcp(const struct rd_view *v)
{
	const uint32_t group = group_of(v);
	uint32_t server = group ? rd_nginx_child(v->conf, group, "server", 0) : 0;

	if (!group)
		return is_open_tcp(v->target) ? pass_of(v) : 0;
	for (; server; server = rd_nginx_child(v->conf, group, "server", server))
		if (is_open_tcp(rd_nginx_word(v->conf, server, 1)))
			return group; // one word for all of its hosts
	return 0;
}

static uint32_t login_socket(const struct rd_view *v)
{
	struct rd_view other;

	for (uint32_t n = 0; is_route(v, "login") && (n = rd_nginx_any(v->conf, "location", n));)
		if (rd_view_open(&other, v->conf, v->config, n) && is_route(&other, "refresh") &&
		    rd_span_is(v->target, other.target))
			return pass_of(v);
	return 0;
}

const struct rd_check rd_checks_upstream[] = {
    {"pinned-address", pinned_address,
     "use an IP address, a unix socket, or a variable with a `resolver`: nginx resolves this name "
     "only once, when it starts"},
    {"no-resolver", no_resolver,
     "add a `resolver`: without one, a variable here makes every request a 502"},
    {"pass-from-request", pass_from_request,
     "name an upstream: a request must never decide where it is sent"},
    {"no-keepalive", no_keepalive,
     "pass to an upstream with `keepalive 64;`, which saves 10 us of CPU time a request"},
    {"max-fails", max_fails,
     "add max_fails=0: all lines are one address, and one worker that dies would take it out for "
     "10 s"},
    {"few-tries", few_tries,
     "have 16 lines of this address, as in refreshd-upstream.conf: a line is a try, and when a "
     "worker dies a request may meet its kept connections one after another"},
    {"host-hangs", host_hangs,
     "use `max_fails=1 fail_timeout=10s`: of several hosts, one that hangs must be taken out, or "
     "it gets its share of all requests, each of which waits for fastcgi_read_timeout"},
    {"hosts-all-out", hosts_all_out,
     "add each host once more as `max_fails=0 backup`, as in refreshd-upstream-hosts.conf: after "
     "a failure of each, as in a rolling restart, nginx answers 503 for fail_timeout"},
    {"host-down", host_down,
     "set `fastcgi_next_upstream error timeout;`: with `off`, every other request is a 503 while "
     "one of the hosts is down; a POST that was sent is not sent again"},
    {"login-socket", login_socket,
     "pass logins to refreshd_login: other workers refuse them, since hashing would delay "
     "refreshes"},
    {0},
};

const struct rd_check rd_notes_upstream[] = {
    {"plain-tcp", plain_tcp,
     "FastCGI over TCP is in the clear, and whoever reaches the port can act as any user: keep it "
     "in a network of its own, WireGuard or stunnel (nginx/README.md, Several hosts)"},
    {0},
};
