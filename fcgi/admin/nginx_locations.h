// nginx' locations of one prefix and one dialect, as text for a server block, from a table; and
// what belongs at the http level. nginx/include/refreshd-locations.conf has the same locations for
// all dialects at once, at the root of a site, and tests/integration/test_nginx_verb.py compares
// the two.
#pragma once
#include <stdio.h>
#include <stdbool.h>

struct rd_nginx_wanted {
	const char *prefix;  // "" for the root, else as rd_nginx_prefix_read leaves it; borrowed
	const char *dialect; // one of RD_NGINX_DIALECTS; borrowed
	bool cookie;         // also the cookie dialect, at PREFIX/session/
	bool login;          // with a location for logins: the app does not check passwords itself
	bool health;         // with PREFIX/healthz, readyz and version, for everybody
	bool well_known;     // with those of /.well-known/
	bool errors;         // with refreshd-errors.conf, once in a server
};

#define RD_NGINX_DIALECTS \
	"flask, header, jwt-extended, express, express-token, oauth2, cookie, json"

// text: /auth, /auth/ or /; at most RD_NGINX_PREFIX_MAX bytes of A-Z a-z 0-9 _ - and slashes. out
// gets it NUL-terminated and without a slash at its end. False when it is none.
#define RD_NGINX_PREFIX_MAX 64
[[nodiscard]] bool rd_nginx_prefix_read(const char *text, char out[static RD_NGINX_PREFIX_MAX + 1]);
// Reads what flags give: prefix into out, and whether there are such a dialect and, unless it is
// NULL, such a listener. False after a complaint.
[[nodiscard]] bool rd_nginx_wanted_check(const char *prefix, const char *dialect,
					 const char *internal,
					 char out[static RD_NGINX_PREFIX_MAX + 1]);
// Whether dialect has such locations.
[[nodiscard]] bool rd_nginx_dialect_known(const char *dialect);

// Prints the locations, with comments that say what to do with them.
void rd_nginx_print_server(FILE *to, const struct rd_nginx_wanted *wanted, const char *issuer);
// Prints what the http level needs. internal: ADDRESS:PORT of a listener for backends, as in
// nginx/include/refreshd-internal.conf; NULL: none.
void rd_nginx_print_http(FILE *to, const char *internal);
