// The mistakes that `refreshd doctor --nginx` knows.
#pragma once
#include "fcgi/doctor/nginx_view.h"

struct rd_check {
	const char *name;
	// Returns the directive to blame, or the block where one is missing; 0: nothing is wrong.
	uint32_t (*wrong)(const struct rd_view *view);
	const char *advice; // what to do, and why
};

// Each ends with a row without name. The first three are for locations that pass to refreshd, the
// others for all locations, and for servers.
extern const struct rd_check rd_checks_own[], rd_checks_params[], rd_checks_upstream[],
    rd_checks_location[], rd_checks_server[];
// For locations that pass to refreshd: what is right where its reader has seen to something else.
extern const struct rd_check rd_notes_upstream[];

struct rd_mistake {
	const struct rd_check *check;
	struct rd_span file;
	uint32_t line;
	bool note; // of rd_notes_upstream
};
// Runs all checks and calls report for each mistake and each note, once for each directive to
// blame. Returns the number of mistakes.
size_t rd_checks_run(const struct rd_nginx *conf, const struct rd_config *config,
		     void (*report)(const struct rd_mistake *mistake, void *user), void *user);
