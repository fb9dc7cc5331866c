// The parts of refreshd setup, each safe to repeat.
#pragma once
#include "config/config.h"
#include "fcgi/admin/nginx_locations.h"
#include "fcgi/admin/setup_host.h"

#define RD_SETUP_USER "refreshd" // and its group

// What the administrator wants, from flags, the configuration, guesses and the terminal.
struct rd_setup_wishes {
	const struct rd_config *config;
	char issuer[256], redis[301]; // for a configuration that is made
	char nginx_group[65];         // of nginx' workers; empty: unknown
	const char *internal;         // as rd_nginx_print_http has it
	struct rd_nginx_wanted nginx; // prefix NULL: no files for nginx are made
	bool enable;                  // starts the service, now and at each boot
};

// The service: fills user and group of s; what the others make belongs to them.
void rd_setup_user(struct rd_setup *s);
void rd_setup_keys(struct rd_setup *s, const char *path);
void rd_setup_run_folder(struct rd_setup *s);
// Whether the configuration has a file with any setting; such a file is left alone.
bool rd_setup_configured(const struct rd_config *config);
void rd_setup_config(struct rd_setup *s, const struct rd_setup_wishes *w);

// nginx: finds the group of its workers. out stays empty when there is none.
void rd_setup_find_nginx_group(char *out, size_t max);
// Lets that group connect to the sockets.
void rd_setup_let_nginx_in(struct rd_setup *s, const char *group);
// Links the includes into nginx' folder, and makes its files where they are wanted.
void rd_setup_nginx(struct rd_setup *s, const struct rd_setup_wishes *w);
