// Checks of the parameters that locations pass to refreshd.
#include "fcgi/doctor/nginx_checks.h"
#include "http/dialect.h"
#include "op/op.h"

static bool is_route(const struct rd_view *v, const char *name)
{
	return rd_span_is(v->route, rd_span(name));
}

static uint32_t blame_param(const struct rd_view *v, const char *name)
{
	uint32_t node = rd_view_param(v, name);

	return node ? node : v->block;
}

static uint32_t forged_address(const struct rd_view *v)
{
	const struct rd_span from = rd_view_param_value(v, "REMOTE_ADDR");

	return rd_span_has(from, "forwarded") || rd_span_has(from, "$http_")
		   ? rd_view_param(v, "REMOTE_ADDR")
		   : 0;
}

static uint32_t route_variable(const struct rd_view *v)
{
	static const char *const fixed[] = {"REFRESHD_ROUTE",    "REFRESHD_DIALECT",
					    "REFRESHD_CLIENT",   "REFRESHD_VERIFY",
					    "REFRESHD_MAX_AGE",  "REFRESHD_REQUIRE_FRESH",
					    "REFRESHD_AUDIENCE", "REFRESHD_REQUIRE_SCOPE"};

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (rd_span_has(rd_view_constant(v->conf, rd_view_param_value(v, fixed[i])), "$"))
			return rd_view_param(v, fixed[i]);
	return 0;
}

static uint32_t unknown_route(const struct rd_view *v)
{
	const bool known = rd_op_find(v->route) != NULL;

	return v->route.len && !known && !rd_span_has(v->route, "$")
		   ? blame_param(v, "REFRESHD_ROUTE")
		   : 0;
}

static uint32_t no_route(const struct rd_view *v)
{
	return v->route.len ? 0 : v->block;
}

static uint32_t unknown_dialect(const struct rd_view *v)
{
	return v->dialect.len && !rd_span_has(v->dialect, "$") && !rd_dialect_find(v->dialect) &&
		       !rd_span_is(v->dialect, RD_SPAN("json"))
		   ? blame_param(v, "REFRESHD_DIALECT")
		   : 0;
}

static uint32_t no_request_id(const struct rd_view *v)
{
	return v->route.len && !rd_view_param(v, "REFRESHD_REQUEST_ID") ? v->block : 0;
}

static uint32_t missing_param(const struct rd_view *v)
{
	return v->route.len &&
		       !(rd_view_param(v, "REQUEST_METHOD") && rd_view_param(v, "REMOTE_ADDR"))
		   ? v->block
		   : 0;
}

static uint32_t unknown_client(const struct rd_view *v)
{
	const struct rd_span id = rd_view_param_value(v, "REFRESHD_CLIENT");

	return id.len && !rd_span_has(id, "$") && !rd_config_client(v->config, id)
		   ? rd_view_param(v, "REFRESHD_CLIENT")
		   : 0;
}

static uint32_t intercept_errors(const struct rd_view *v)
{
	return rd_view_says(v, "fastcgi_intercept_errors", "on")
		   ? rd_view_find(v, "fastcgi_intercept_errors")
		   : 0;
}

static uint32_t metrics_open(const struct rd_view *v)
{
	return is_route(v, "metrics") && !rd_view_says(v, "deny", "all") && !rd_view_local(v) &&
		       !rd_nginx_child(v->conf, v->block, "internal", 0)
		   ? v->block
		   : 0;
}

// Some dialects need all headers: of two with one name, a variable holds only the first.
static uint32_t headers_passed(const struct rd_view *v)
{
	const struct rd_dialect *dialect = rd_dialect_find(v->dialect);
	const uint32_t passed = rd_view_find(v, "fastcgi_pass_request_headers");
	const bool wanted = dialect && (dialect->in == RD_IN_HEADER || dialect->cookie);

	if (wanted || rd_view_says(v, "fastcgi_pass_request_headers", "off"))
		return 0;
	return passed ? passed : v->block;
}

static uint32_t verify_length(const struct rd_view *v)
{
	return is_route(v, "verify") ? rd_view_param(v, "CONTENT_LENGTH") : 0;
}

const struct rd_check rd_checks_params[] = {
    {"verify-length", verify_length,
     "leave CONTENT_LENGTH out: it belongs to the original request, whose body is not sent"},
    {"headers-passed", headers_passed,
     "set `fastcgi_pass_request_headers off;`: refreshd needs only the parameters"},
    {"forged-address", forged_address,
     "use $remote_addr and the realip module: a client can put anything into this header"},
    {"route-variable", route_variable,
     "write a constant: a request must not decide what it is allowed to do"},
    {"unknown-route", unknown_route, "unknown operation; see refreshd-params.conf"},
    {"no-route", no_route,
     "add `fastcgi_param REFRESHD_ROUTE ...;`: without it refreshd answers 500"},
    {"unknown-dialect", unknown_dialect, "unknown dialect; see refreshd-params.conf"},
    {"unknown-client", unknown_client,
     "the configuration of refreshd has no [client] of this name"},
    {"no-request-id", no_request_id,
     "add `fastcgi_param REFRESHD_REQUEST_ID $request_id;`, or the logs of nginx and refreshd "
     "cannot be correlated"},
    {"missing-param", missing_param,
     "include refreshd-params.conf: a fastcgi_param in a block hides all those of the blocks "
     "around it"},
    {"intercept-errors", intercept_errors,
     "set `fastcgi_intercept_errors off;`: clients need the error responses of refreshd"},
    {"metrics-open", metrics_open, "allow only the addresses of your monitoring, then `deny all;`"},
    {0},
};
