// Each check of `refreshd doctor --nginx`, against a configuration without mistakes in which one
// thing is changed: one change is the mistake, another is none.
#include "fcgi/doctor/nginx_checks.h"
#include "unit.h"

#define PARAMS                                             \
	"fastcgi_param REFRESHD_REQUEST_ID $request_id;\n" \
	"fastcgi_param REQUEST_METHOD $request_method;\n"  \
	"fastcgi_param REMOTE_ADDR $remote_addr;\n"

#define TRY        "server unix:/r max_fails=0;"
#define FOUR(x)    x x x x
#define SIXTEEN(x) FOUR(FOUR(x))
// Of several hosts, two.
#define HOST(x) "server " x " max_fails=1 fail_timeout=10s;"
#define RESORT  "server unix:/h2 max_fails=0 backup;"
#define HOSTS   HOST("unix:/h1") HOST("unix:/h2") RESORT

static const char right[] =
    "http {\n"
    "log_format safe '$remote_addr $uri';\n"
    "access_log /var/log/access safe;\n"
    "error_log /var/log/error error;\n"
    "map $uri $some { default ''; /x 1; }\n"
    "limit_req_zone $some zone=some:1m rate=1r/s;\n"
    "upstream refreshd { " SIXTEEN(TRY) " keepalive 64; }\n"
					"upstream refreshd_login { " HOST("unix:/l")
					    HOST("unix:/h2") RESORT
    " }\n"
    "fastcgi_keep_conn on; fastcgi_connect_timeout 500ms; fastcgi_max_temp_file_size 0;\n"
    "fastcgi_pass_request_headers off;\n"
    "client_max_body_size 16k; client_body_buffer_size 16k;\n"
    "server { listen 80;\n"
    "location = /refresh { fastcgi_pass refreshd; client_body_timeout 10s;\n"
    "fastcgi_next_upstream error timeout non_idempotent; fastcgi_read_timeout 3s;\n"
    "fastcgi_next_upstream_timeout 5s;\n" PARAMS
    "fastcgi_param REFRESHD_ROUTE refresh; fastcgi_param REFRESHD_DIALECT flask; }\n"
    "location = /login { fastcgi_pass refreshd_login; client_body_timeout 10s;\n"
    "fastcgi_next_upstream error timeout;\n" PARAMS
    "fastcgi_param REFRESHD_ROUTE login; fastcgi_param REFRESHD_DIALECT express-token; }\n"
    "location = /_verify { internal; fastcgi_pass refreshd; fastcgi_pass_request_body off;\n" PARAMS
    "fastcgi_param REFRESHD_ROUTE verify; }\n"
    "location /app { auth_request /_verify; error_page 500 =503 @away; }\n"
    "location = /health { fastcgi_pass refreshd;\n" PARAMS
    "fastcgi_param REFRESHD_ROUTE health; }\n"
    "}\n}\n";

#define KEEP   "fastcgi_keep_conn on;"
#define ONCE   "fastcgi_next_upstream error timeout;"
#define LOGIN  "fastcgi_pass refreshd_login;"
#define HEALTH "REFRESHD_ROUTE health;"
#define AUTH   "auth_request /_verify;"
#define BODY   "client_max_body_size 16k; client_body_buffer_size 16k;"
#define TYPE   "fastcgi_param CONTENT_TYPE $content_type;"

static const struct {
	const char *check;
	const char *from; // in `right`, wherever it stands there
	const char *wrong, *fine;
} rows[] = {
    {"keep-conn", KEEP, "fastcgi_keep_conn off;", "fastcgi_keep_conn 'on';"},
    {"not-retried", " non_idempotent", "", " http_503 non_idempotent"},
    {"sent-twice", ONCE, "fastcgi_next_upstream error non_idempotent;",
     "fastcgi_next_upstream error;"},
    {"strict-twice", "REFRESHD_ROUTE refresh;",
     "REFRESHD_ROUTE refresh; fastcgi_param REFRESHD_CLIENT strict;",
     "REFRESHD_ROUTE refresh; fastcgi_param REFRESHD_CLIENT web;"},
    {"read-timeout", "fastcgi_read_timeout 3s;", "fastcgi_read_timeout 10s;",
     "fastcgi_read_timeout 9999ms;"},
    {"read-timeout", "fastcgi_read_timeout 3s;", "", "fastcgi_read_timeout 9;"},
    {"retry-window", "fastcgi_next_upstream_timeout 5s;", "fastcgi_next_upstream_timeout 1m;",
     "fastcgi_next_upstream_timeout 9s;"},
    {"retry-window", "fastcgi_next_upstream_timeout 5s;", "", "fastcgi_next_upstream_timeout 1;"},
    {"connect-timeout", "fastcgi_connect_timeout 500ms;", "fastcgi_connect_timeout 5001ms;",
     "fastcgi_connect_timeout 5s;"},
    {"verify-open", " internal;", "", " satisfy all; internal;"},
    {"verify-body", "fastcgi_pass_request_body off;", "", "fastcgi_pass_request_body \"off\";"},
    {"pinned-address", LOGIN, "fastcgi_pass cafe:9000;", "fastcgi_pass 127.0.0.1:9000;"},
    {"no-resolver", LOGIN, "fastcgi_pass $app;", "fastcgi_pass $app; resolver 127.0.0.1;"},
    {"pass-from-request", LOGIN, "fastcgi_pass $arg_app; resolver 127.0.0.1;",
     "fastcgi_pass $app; resolver 127.0.0.1;"},
    {"no-keepalive", " keepalive 64;", "", " keepalive 1;"},
    {"max-fails", SIXTEEN(TRY), SIXTEEN("server unix:/r;"), SIXTEEN(TRY) TRY},
    {"few-tries", SIXTEEN(TRY), TRY TRY, SIXTEEN(TRY) TRY},
    {"few-tries", SIXTEEN(TRY), TRY, HOSTS},
    {"host-hangs", SIXTEEN(TRY), SIXTEEN(TRY) "server unix:/r2 max_fails=0;", HOSTS},
    {"host-hangs", SIXTEEN(TRY), HOST("unix:/h1") "server unix:/h2 max_fails=0; " RESORT,
     HOSTS RESORT},
    {"hosts-all-out", SIXTEEN(TRY), HOST("unix:/h1") HOST("unix:/h2"),
     HOST("unix:/h1") HOST("unix:/h2") "server unix:/h1 max_fails=0 backup;"},
    {"hosts-all-out", SIXTEEN(TRY), HOST("unix:/h1") HOST("unix:/h2") "server unix:/h1 backup;",
     HOSTS},
    {"host-down", ONCE, "fastcgi_next_upstream off;", "fastcgi_next_upstream timeout error;"},
    {"cache", KEEP, KEEP " fastcgi_cache all;", KEEP " fastcgi_cache off;"},
    {"body-size", BODY, "client_max_body_size 16385; client_body_buffer_size 17k;",
     "client_max_body_size 16384; client_body_buffer_size 17k;"},
    {"body-size", BODY, "client_max_body_size 0;", "client_max_body_size 1k;"},
    {"body-on-disk", BODY, "client_max_body_size 16k; client_body_buffer_size 8K;",
     "client_max_body_size 16k; client_body_buffer_size 1m;"},
    {"body-on-disk", KEEP, KEEP " client_body_in_file_only clean;",
     KEEP " client_body_in_file_only off;"},
    {"answer-on-disk", "fastcgi_max_temp_file_size 0;", "", "fastcgi_buffering off;"},
    {"limit-status", ONCE, ONCE " limit_req zone=a;",
     ONCE " limit_req zone=a; limit_req_status 429;"},
    {"health-limited", HEALTH, HEALTH " limit_req zone=a; limit_req_status 429;",
     HEALTH " limit_req zone=some; limit_req_status 429;"},
    {"shared-limit", "client_body_timeout 10s;", "limit_req zone=a; limit_req_status 429;",
     "limit_req zone=some; limit_req_status 429;"},
    {"login-socket", LOGIN, "fastcgi_pass refreshd;", "fastcgi_pass unix:/l;"},
    {"verify-length", "REFRESHD_ROUTE verify;",
     "REFRESHD_ROUTE verify; fastcgi_param CONTENT_LENGTH $content_length;",
     "REFRESHD_ROUTE verify; " TYPE},
    {"headers-passed", "fastcgi_pass_request_headers off;", "",
     "fastcgi_pass_request_headers 'off';"},
    {"forged-address", "REMOTE_ADDR $remote_addr;", "REMOTE_ADDR $http_x_real_ip;",
     "REMOTE_ADDR $realip_remote_addr;"},
    {"route-variable", "REFRESHD_ROUTE refresh;", "REFRESHD_ROUTE $uri;",
     "REFRESHD_ROUTE $always; set $always refresh;"},
    {"unknown-route", HEALTH, "REFRESHD_ROUTE helth;", "REFRESHD_ROUTE ready;"},
    {"no-route", "fastcgi_param " HEALTH, "", "fastcgi_param REFRESHD_ROUTE jwks;"},
    {"unknown-dialect", "REFRESHD_DIALECT flask;", "REFRESHD_DIALECT flusk;",
     "REFRESHD_DIALECT express;"},
    {"unknown-client", HEALTH, HEALTH " fastcgi_param REFRESHD_CLIENT nobody;",
     HEALTH " fastcgi_param REFRESHD_CLIENT web;"},
    {"no-request-id", "fastcgi_param REFRESHD_REQUEST_ID $request_id;", "",
     "fastcgi_param REFRESHD_REQUEST_ID $http_x_id;"},
    {"missing-param", "fastcgi_param REQUEST_METHOD $request_method;", "",
     "fastcgi_param REQUEST_METHOD POST;"},
    {"intercept-errors", KEEP, KEEP " fastcgi_intercept_errors on;",
     KEEP " fastcgi_intercept_errors off;"},
    {"metrics-open", HEALTH, "REFRESHD_ROUTE metrics;",
     "REFRESHD_ROUTE metrics; allow 10.0.0.1; deny all;"},
    {"auth-skipped", AUTH, AUTH " return 200 hello;", AUTH " try_files /x =404;"},
    {"auth-skipped", AUTH, AUTH " if ($x) { rewrite ^ /y; }", AUTH " if ($x) { break; }"},
    {"auth-error-page", "error_page 500 =503 @away;", "error_page 502 @away;",
     "error_page 404 /x; error_page 500 502 =503 @away;"},
    {"satisfy-any", AUTH, AUTH " satisfy any;", AUTH " satisfy all;"},
    {"log-secrets", "'$remote_addr $uri'", "$remote_addr '$request_uri'", "'$status'"},
    {"log-secrets", "access_log /var/log/access safe;", "access_log /a safe; access_log /b;",
     "access_log off;"},
    {"error-log-level", "/var/log/error error;", "/var/log/error info;", "/var/log/error warn;"},
    {"cookie-plain", "listen 80;",
     "listen 80; location = /c { fastcgi_pass refreshd; " PARAMS
     "fastcgi_param REFRESHD_ROUTE logout; fastcgi_param REFRESHD_DIALECT cookie; }",
     "listen 80 ssl; location = /c { fastcgi_pass refreshd; " PARAMS
     "fastcgi_param REFRESHD_ROUTE logout; fastcgi_param REFRESHD_DIALECT cookie; }"},
    {"issue-public", HEALTH, "REFRESHD_ROUTE issue;", "REFRESHD_ROUTE introspect;"},
    {"realip-open", KEEP, KEEP " set_real_ip_from ::/0;", KEEP " set_real_ip_from 10.0.0.0/8;"},
    {"underscores", KEEP, KEEP " underscores_in_headers on;", KEEP " underscores_in_headers off;"},
};

static struct rd_config config;

// The mistakes in a text, each name once, divided by blanks.
static char names[512];

static void note_name(const struct rd_mistake *mistake, void *user)
{
	char name[64];

	(void)user;
	if (mistake->note)
		return;
	snprintf(name, sizeof name, "%s%s", *names ? " " : "", mistake->check->name);
	if (!strstr(names, mistake->check->name))
		strncat(names, name, sizeof names - strlen(names) - 1);
	assert_true(mistake->line > 0 && *mistake->check->advice);
}

static void assert_mistakes(const char *text, const char *wanted)
{
	static struct rd_nginx conf;
	char reason[200];
	struct rd_buf why = RD_BUF(reason);

	memset(&conf, 0, sizeof conf);
	*names = 0;
	if (!rd_nginx_parse(&conf, RD_SPAN("nginx.conf"), rd_span(text), &why))
		fail_msg("%.*s in:\n%s", (int)why.len, why.ptr, text);
	rd_checks_run(&conf, &config, note_name, NULL);
	if (strcmp(names, wanted) != 0)
		fail_msg("found: %s\nwanted: %s\nin:\n%s", names, wanted, text);
	rd_nginx_free(&conf);
}

// Returns `right` with every `from` replaced.
static const char *changed(const char *from, const char *to)
{
	static char text[8192];
	struct rd_buf out = {text, 0, sizeof text - 1, false};
	const char *at = right, *found;

	assert_non_null(strstr(right, from));
	for (; (found = strstr(at, from)); at = found + strlen(from)) {
		rd_put(&out, at, (size_t)(found - at));
		rd_put_str(&out, to);
	}
	rd_put_str(&out, at);
	assert_true(rd_buf_ok(&out));
	text[out.len] = 0;
	return text;
}

static void none_in_a_right_one(void **state)
{
	(void)state;
	assert_mistakes(right, "");
}

static void each_mistake_is_found_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_mistakes(changed(rows[i].from, rows[i].wrong), rows[i].check);
}

static void what_is_fine_is_no_mistake(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_mistakes(changed(rows[i].from, rows[i].fine), "");
}

static void every_check_has_a_row(void **state)
{
	const struct rd_check *const tables[] = {rd_checks_own, rd_checks_params,
						 rd_checks_upstream, rd_checks_location,
						 rd_checks_server};

	(void)state;
	for (size_t t = 0; t < COUNT(tables); t++)
		for (const struct rd_check *check = tables[t]; check->name; check++) {
			bool found = false;

			for (size_t i = 0; i < COUNT(rows); i++)
				found |= strcmp(rows[i].check, check->name) == 0;
			if (!found)
				fail_msg("no row for %s", check->name);
		}
}

// nginx asks for the address of a name once, and of hex letters too a name may be made.
static void a_name_is_told_from_an_address(void **state)
{
	static const struct {
		const char *address;
		bool pinned;
	} hosts[] = {
	    {"cafe:9000", true},       {"cafe", true},
	    {"dead.beef", true},       {"dead.beef:9000", true},
	    {"fe80:9000", true},       {"app.internal:9000", true},
	    {"1.2.3:9000", true},      {"[cafe]:9000", true},
	    {"localhosts:9000", true}, {"127.0.0.1:9000", false},
	    {"127.0.0.1", false},      {"[::1]:9000", false},
	    {"[fe80::1]", false},      {"localhost:9000", false},
	    {"localhost", false},      {"unix:/cafe", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		const char *wanted = hosts[i].pinned ? "pinned-address" : "";
		char to[100];

		snprintf(to, sizeof to, "fastcgi_pass %s;", hosts[i].address);
		assert_mistakes(changed(LOGIN, to), wanted);
		snprintf(to, sizeof to, "server %s max_fails", hosts[i].address);
		assert_mistakes(changed("server unix:/l max_fails", to), wanted);
	}
	assert_mistakes(changed("refreshd_login", "cafe"), "");
	assert_mistakes(changed("server unix:/l", "server cafe:9000 resolve"), "");
}

static unsigned notes;

static void count_note(const struct rd_mistake *mistake, void *user)
{
	(void)user;
	assert_true(mistake->note);
	assert_string_equal(mistake->check->name, "plain-tcp");
	notes++;
}

// It may be in a network of its own, so it is no mistake; it is said once for an upstream.
static void tcp_that_other_machines_reach_is_noted(void **state)
{
	static const struct {
		const char *from, *to;
		unsigned notes;
	} noted[] = {
	    {"unix:/l", "10.0.0.1:9001", 1},
	    {"unix:/h2", "[fd00::2]:9001", 1},
	    {LOGIN, "fastcgi_pass 10.0.0.1:9001;", 1},
	    {LOGIN, "fastcgi_pass 127.0.0.1:9001;", 0},
	    {"unix:/l", "[::1]:9001", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(noted); i++) {
		static struct rd_nginx conf;
		char reason[200];
		struct rd_buf why = RD_BUF(reason);

		memset(&conf, 0, sizeof conf);
		assert_true(rd_nginx_parse(&conf, RD_SPAN("nginx.conf"),
					   rd_span(changed(noted[i].from, noted[i].to)), &why));
		notes = 0;
		assert_int_equal(rd_checks_run(&conf, &config, count_note, NULL), 0);
		assert_int_equal(notes, noted[i].notes);
		rd_nginx_free(&conf);
	}
}

static int start(void **state)
{
	(void)state;
	config.grace_s = 10;
	config.body_max = 16384;
	snprintf(config.default_client, sizeof config.default_client, "web");
	snprintf(config.clients[0].id, sizeof config.clients[0].id, "web");
	config.clients[0].grace_s = 10;
	snprintf(config.clients[1].id, sizeof config.clients[1].id, "strict");
	config.client_count = 2;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(none_in_a_right_one),
	    cmocka_unit_test(each_mistake_is_found_and_nothing_else),
	    cmocka_unit_test(what_is_fine_is_no_mistake),
	    cmocka_unit_test(every_check_has_a_row),
	    cmocka_unit_test(a_name_is_told_from_an_address),
	    cmocka_unit_test(tcp_that_other_machines_reach_is_noted),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
