#include "fcgi/admin/nginx_locations.h"
#include "base/span.h"

// How a location passes its requests on: an include, or where a request's headers must come as they
// are, what that include has but for the headers.
enum passing { RETRY, ONCE, LOGIN, COOKIE, HEADERS, LOGIN_HEADERS, NOT_FOUND, VERIFY };

static const char *const passing_text[] = {
    [RETRY] = "\tinclude refreshd-retry.conf;\n",
    [ONCE] = "\tinclude refreshd-once.conf;\n",
    [LOGIN] = "\tinclude refreshd-login.conf;\n",
    [COOKIE] = "\tinclude refreshd-cookie.conf;\n",
    [HEADERS] = "\tinclude refreshd-params.conf;\n"
		"\tfastcgi_pass refreshd;\n"
		"\tfastcgi_pass_request_headers on;\n"
		"\tfastcgi_next_upstream error timeout non_idempotent;\n"
		"\tfastcgi_next_upstream_timeout 5s;\n"
		"\tfastcgi_read_timeout 3s;\n",
    [LOGIN_HEADERS] = "\tinclude refreshd-params.conf;\n"
		      "\tfastcgi_pass refreshd_login;\n"
		      "\tfastcgi_pass_request_headers on;\n"
		      "\tfastcgi_next_upstream error timeout;\n"
		      "\tfastcgi_read_timeout 10s;\n",
    [NOT_FOUND] = "\terror_page 404 @refreshd_error;\n\treturn 404;\n",
    [VERIFY] = "\tinternal;\n\tinclude refreshd-verify.conf;\n",
};

struct location {
	const char *match; // nginx' modifier, with a blank behind it; "" for a prefix
	const char *path;  // below the prefix
	enum passing passing;
	const char *route;   // NULL: passing says all
	const char *dialect; // NULL: the route has none
	const char *param;   // one more fastcgi_param; NULL: none
};

// The refresh, which is where dialects differ.
static const struct location refreshes[] = {
    {"= ", "/refresh_token", RETRY, "refresh", "flask", NULL},
    {"= ", "/refresh", HEADERS, "refresh", "header", NULL},
    {"= ", "/refresh", RETRY, "refresh", "jwt-extended", NULL},
    {"= ", "/refresh", COOKIE, "refresh", "express", NULL},
    {"= ", "/token", RETRY, "refresh", "express-token", NULL},
    {"= ", "/token", RETRY, "refresh", "oauth2", NULL},
    {"= ", "/refresh", COOKIE, "refresh", "cookie", NULL},
    {"= ", "/refresh", RETRY, "refresh", "json", NULL},
};
static const struct location oauth2[] = {
    {"= ", "/revoke", RETRY, "revoke", "oauth2", NULL},
    {"= ", "/introspect", RETRY, "introspect", "oauth2", NULL},
};
static const struct location cookie[] = {
    {"= ", "/session/login", LOGIN_HEADERS, "login", "cookie", NULL},
    {"= ", "/session/refresh", COOKIE, "refresh", "cookie", NULL},
    {"= ", "/session/logout", COOKIE, "logout", "cookie", NULL},
};
static const struct location cookie_login = {"= ",    "/login", LOGIN_HEADERS,
					     "login", "cookie", NULL};
static const struct location cookie_logout = {"= ", "/logout", COOKIE, "logout", "cookie", NULL};
static const struct location json_logout = {"= ", "/logout", RETRY, "logout", "json", NULL};
static const struct location sessions[] = {
    {"= ", "/logout/all", RETRY, "logout_all", "json", NULL},
    {"= ", "/sessions", RETRY, "sessions", NULL, NULL},
    {"~ ", "/sessions/(?<refreshd_sid>[A-Za-z0-9_-]{22})$", RETRY, "session", NULL,
     "REFRESHD_SID $refreshd_sid"},
    {"", "/sessions/", NOT_FOUND, NULL, NULL, NULL},
};
static const struct location health[] = {
    {"= ", "/healthz", RETRY, "health", NULL, NULL},
    {"= ", "/readyz", RETRY, "ready", NULL, NULL},
    {"= ", "/version", RETRY, "version", NULL, NULL},
};
static const struct location verify[] = {
    {"= ", "/_verify", VERIFY, NULL, NULL, NULL},
    {"= ", "/_verify_fresh", VERIFY, NULL, NULL, "REFRESHD_REQUIRE_FRESH 1"},
    {"= ", "/_verify_recent", VERIFY, NULL, NULL, "REFRESHD_MAX_AGE 300"},
    {"= ", "/_verify_strict", VERIFY, NULL, NULL, "REFRESHD_VERIFY strict"},
};
static const struct location jwks = {"= ", "/.well-known/jwks.json", RETRY, "jwks", NULL, NULL};
static const struct location internal[] = {
    {"= ", "/internal/issue", ONCE, "issue", "json", NULL},
    {"= ", "/oauth2/introspect", RETRY, "introspect", "oauth2", NULL},
    {"= ", "/healthz", RETRY, "health", NULL, NULL},
    {"= ", "/readyz", RETRY, "ready", NULL, NULL},
    {"= ", "/version", RETRY, "version", NULL, NULL},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

bool rd_nginx_prefix_read(const char *text, char out[static RD_NGINX_PREFIX_MAX + 1])
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_-/";
	size_t len = strlen(text);

	if (*text != '/' || strspn(text, allowed) != len || strstr(text, "//") ||
	    len > RD_NGINX_PREFIX_MAX)
		return false;
	if (text[len - 1] == '/')
		len--;
	memcpy(out, text, len);
	out[len] = 0;
	return true;
}

static const struct location *find_refresh(const char *dialect)
{
	for (size_t i = 0; i < COUNT(refreshes); i++)
		if (strcmp(refreshes[i].dialect, dialect) == 0)
			return &refreshes[i];
	return NULL;
}

bool rd_nginx_dialect_known(const char *dialect)
{
	return find_refresh(dialect);
}

static void print_location(FILE *to, const char *indent, const char *prefix,
			   const struct location *l)
{
	const bool regex = *l->match == '~';
	const char *text = passing_text[l->passing];

	fprintf(to, regex ? "\n%slocation %s\"^%s%s\" {\n" : "\n%slocation %s%s%s {\n", indent,
		l->match, prefix, l->path);
	while (*text) {
		const int line = (int)strcspn(text, "\n") + 1;

		fprintf(to, "%s%.*s", indent, line, text);
		text += line;
	}
	if (l->route)
		fprintf(to, "%s\tfastcgi_param REFRESHD_ROUTE %s;\n", indent, l->route);
	if (l->dialect)
		fprintf(to, "%s\tfastcgi_param REFRESHD_DIALECT %s;\n", indent, l->dialect);
	if (l->param)
		fprintf(to, "%s\tfastcgi_param %s;\n", indent, l->param);
	fprintf(to, "%s}\n", indent);
}

static void print_locations(FILE *to, const char *indent, const char *prefix,
			    const struct location *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		print_location(to, indent, prefix, &list[i]);
}

static bool is_dialect(const struct rd_nginx_wanted *wanted, const char *name)
{
	return strcmp(wanted->dialect, name) == 0;
}

static void print_example(FILE *to, const char *prefix)
{
	fprintf(to,
		"# A location of the site that only a good token may pass:\n"
		"#\n"
		"#   location /api/ {\n"
		"#       auth_request %s/_verify;\n"
		"#       auth_request_set $subject $upstream_http_x_auth_subject;\n"
		"#       auth_request_set $refreshd_challenge $upstream_http_www_authenticate;\n"
		"#       error_page 401 403 @refreshd_error;\n"
		"#       error_page 500 =503 @refreshd_away;\n"
		"#       proxy_set_header X-Auth-Subject $subject;\n"
		"#       proxy_pass http://app;\n"
		"#   }\n"
		"#\n"
		"# %s/_verify_fresh, _verify_recent and _verify_strict demand more; "
		"refreshd-auth.conf says "
		"what.\n",
		prefix, prefix);
}

// The metadata names these by the issuer and /oauth2/, unless told otherwise.
static void print_endpoints(FILE *to, const char *prefix, const char *issuer)
{
	static const char *const rows[][2] = {{"token_endpoint", "token"},
					      {"revocation_endpoint", "revoke"},
					      {"introspection_endpoint", "introspect"}};

	if (strcmp(prefix, "/oauth2") == 0)
		return;
	fputs("#\n# For the metadata, in refreshd.conf:\n#\n", to);
	for (size_t i = 0; i < COUNT(rows); i++)
		fprintf(to, "#   %s = %s%s/%s\n", rows[i][0], issuer, prefix, rows[i][1]);
}

static void print_header(FILE *to, const struct rd_nginx_wanted *wanted, const char *issuer)
{
	fprintf(to,
		"# By refreshd nginx --prefix %s --dialect %s. For a server block; the http level "
		"has what\n"
		"# refreshd nginx --http prints, and nginx' folder the files refreshd-*.conf.\n"
		"#\n",
		*wanted->prefix ? wanted->prefix : "/", wanted->dialect);
	print_example(to, wanted->prefix);
	if (is_dialect(wanted, "oauth2") && wanted->well_known)
		print_endpoints(to, wanted->prefix, issuer);
	fputs(wanted->errors ? "\ninclude refreshd-errors.conf;\n" : "", to);
}

static void print_login(FILE *to, const struct rd_nginx_wanted *wanted)
{
	// A login is JSON in each of them; OAuth 2.0 has none of its own.
	const struct location login = {
	    "= ", "/login", LOGIN, "login", is_dialect(wanted, "oauth2") ? "json" : wanted->dialect,
	    NULL};

	if (wanted->login)
		print_location(to, "", wanted->prefix,
			       is_dialect(wanted, "cookie") ? &cookie_login : &login);
}

// RFC 8414 section 3.1: the issuer's path stands behind the well-known part.
static void print_well_known(FILE *to, const struct rd_nginx_wanted *wanted, const char *issuer)
{
	const char *authority = strstr(issuer, "://");
	const char *path = authority ? strchr(authority + strlen("://"), '/') : NULL;
	char text[300];
	const struct location metadata = {"= ", text, RETRY, "metadata", NULL, NULL};

	snprintf(text, sizeof text, "/.well-known/oauth-authorization-server%s",
		 path && path[1] ? path : "");
	if (is_dialect(wanted, "oauth2"))
		print_location(to, "", "", &metadata);
	print_location(to, "", "", &jwks);
}

void rd_nginx_print_server(FILE *to, const struct rd_nginx_wanted *wanted, const char *issuer)
{
	const char *prefix = wanted->prefix;
	const size_t first = wanted->login ? 0 : 1; // of cookie: the login

	print_header(to, wanted, issuer);
	print_location(to, "", prefix, find_refresh(wanted->dialect));
	print_login(to, wanted);
	print_location(to, "", prefix,
		       is_dialect(wanted, "cookie") ? &cookie_logout : &json_logout);
	print_locations(to, "", prefix, sessions, COUNT(sessions));
	if (is_dialect(wanted, "oauth2"))
		print_locations(to, "", prefix, oauth2, COUNT(oauth2));
	if (wanted->cookie)
		print_locations(to, "", prefix, cookie + first, COUNT(cookie) - first);
	if (wanted->health)
		print_locations(to, "", prefix, health, COUNT(health));
	fputs("\n# Asked by auth_request. The first line is for locations that do not set it "
	      "themselves.\n"
	      "auth_request_set $refreshd_challenge $upstream_http_www_authenticate;\n",
	      to);
	print_locations(to, "", prefix, verify, COUNT(verify));
	if (wanted->well_known)
		print_well_known(to, wanted, issuer);
}

void rd_nginx_print_http(FILE *to, const char *address)
{
	fputs("# By refreshd nginx --http. For the http level, as in /etc/nginx/conf.d/.\n"
	      "\ninclude refreshd-upstream.conf;\n",
	      to);
	if (!address)
		return;
	fprintf(
	    to,
	    "\n# For backends on this machine, never for browsers: issue, introspection, health, "
	    "metrics.\n"
	    "server {\n"
	    "\tlisten %s;\n"
	    "\tclient_max_body_size 16k;\n"
	    "\terror_page 400 403 404 405 413 501 505 @refreshd_error;\n"
	    "\terror_page 500 502 503 504 =503 @refreshd_away;\n"
	    "\terror_page 414 /_refreshd_uri;\n"
	    "\terror_page 494 =431 @refreshd_error;\n"
	    "\n\tinclude refreshd-errors.conf;\n",
	    address);
	fputs("\n\tlocation / {\n\t\treturn 404;\n\t}\n", to);
	print_locations(to, "\t", "", internal, COUNT(internal));
	fputs("\n\tinclude refreshd-metrics.conf;\n}\n", to);
}
