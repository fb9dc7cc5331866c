// refreshd nginx: prints nginx' locations for one prefix and one dialect, or what belongs at the
// http level, to be redirected into files that nginx' configuration includes.
#include "base/address.h"
#include "fcgi/admin/admin.h"
#include "fcgi/admin/nginx_locations.h"

static const char usage[] =
    "usage: refreshd nginx --prefix PATH --dialect NAME [--cookie] [--no-login] [--health]\n"
    "                      [--no-well-known] [--no-errors]        for a server block\n"
    "       refreshd nginx --http [--internal ADDRESS:PORT]        for the http level\n"
    "NAME: " RD_NGINX_DIALECTS;

static bool is_listener(const char *address)
{
	char text[100];
	struct rd_buf tcp = RD_BUF(text);
	struct rd_address at;

	rd_put_lit(&tcp, "tcp:");
	rd_put_str(&tcp, address);
	return rd_buf_ok(&tcp) && rd_address_read(rd_buf_span(&tcp), &at);
}

// False after a complaint.
static bool check_listener(const char *internal)
{
	if (!internal || is_listener(internal))
		return true;
	rd_complain(RD_EXIT_USAGE,
		    "--internal %s: must be ADDRESS:PORT, an IPv6 address in brackets", internal);
	return false;
}

bool rd_nginx_wanted_check(const char *prefix, const char *dialect, const char *internal,
			   char out[static RD_NGINX_PREFIX_MAX + 1])
{
	if (!rd_nginx_prefix_read(prefix, out)) {
		rd_complain(
		    RD_EXIT_USAGE,
		    "--prefix %s: must be a path such as /auth, or /, of letters, digits, _ "
		    "and -",
		    prefix);
		return false;
	}
	if (!rd_nginx_dialect_known(dialect)) {
		rd_complain(RD_EXIT_USAGE, "--dialect %s: must be one of %s", dialect,
			    RD_NGINX_DIALECTS);
		return false;
	}
	return check_listener(internal);
}

static int print_http(const char *internal)
{
	if (!check_listener(internal))
		return RD_EXIT_USAGE;
	rd_nginx_print_http(stdout, internal);
	return 0;
}

static int print_server(struct rd_nginx_wanted wanted, const char *issuer)
{
	char prefix[RD_NGINX_PREFIX_MAX + 1];

	if (!rd_nginx_wanted_check(wanted.prefix, wanted.dialect, NULL, prefix))
		return RD_EXIT_USAGE;
	wanted.prefix = prefix;
	rd_nginx_print_server(stdout, &wanted, issuer);
	return 0;
}

int rd_verb_nginx(const struct rd_config *config, int argc, char **argv)
{
	const bool http = rd_take_flag(&argc, argv, "--http");
	const char *internal = rd_take_value(&argc, argv, "--internal");
	struct rd_nginx_wanted wanted = {
	    .prefix = rd_take_value(&argc, argv, "--prefix"),
	    .dialect = rd_take_value(&argc, argv, "--dialect"),
	    .cookie = rd_take_flag(&argc, argv, "--cookie"),
	    .login = !rd_take_flag(&argc, argv, "--no-login"),
	    .health = rd_take_flag(&argc, argv, "--health"),
	    .well_known = !rd_take_flag(&argc, argv, "--no-well-known"),
	    .errors = !rd_take_flag(&argc, argv, "--no-errors"),
	};

	if (argc)
		return rd_complain_argument("nginx", argv[0]);
	if (internal && !http)
		return rd_complain(RD_EXIT_USAGE,
				   "nginx: --internal is a server of its own, for the http level: "
				   "refreshd nginx --http --internal %s",
				   internal);
	if (http && !wanted.prefix && !wanted.dialect)
		return print_http(internal);
	if (http || !wanted.prefix || !wanted.dialect)
		return rd_complain_usage(usage);
	return print_server(wanted, config->issuer);
}
