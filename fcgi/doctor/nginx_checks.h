// The mistakes that `refreshd doctor --nginx` knows.
#pragma once
#include "fcgi/doctor/nginx_view.h"

struct rd_check {
	const char *name;
	// The directive to blame, or the block where one is missing. 0: nothing is wrong.
	uint32_t (*wrong)(const struct rd_view *view);
	const char *advice; // one sentence
};

// Each ended by a row without name. The first two are for locations that pass to refreshd, the
// others for all locations and servers.
extern const struct rd_check rd_checks_own[], rd_checks_params[], rd_checks_location[],
    rd_checks_server[];

// Calls tell for each mistake, once for each directive to blame. Returns how many.
struct rd_mistake {
	const struct rd_check *check;
	struct rd_span file;
	uint32_t line;
};
size_t rd_checks_run(const struct rd_nginx *conf, const struct rd_config *config,
		     void (*tell)(const struct rd_mistake *mistake, void *more), void *more);
