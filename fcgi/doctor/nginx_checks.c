#include "fcgi/doctor/nginx_checks.h"
#include <stdlib.h>

struct findings {
	const struct rd_nginx *conf;
	struct rd_mistake *mistake;
	size_t count, room;
	bool noting;
};

// Notes a mistake; one in a file that many locations include, once.
static void note_mistake(struct findings *f, const struct rd_check *check, uint32_t node)
{
	const struct rd_mistake found = {check, f->conf->node[node].file, f->conf->node[node].line,
					 f->noting};

	for (size_t i = 0; i < f->count; i++)
		if (f->mistake[i].check == check && f->mistake[i].line == found.line &&
		    rd_span_is(f->mistake[i].file, found.file))
			return;
	if (f->count == f->room) {
		size_t room = f->room ? f->room * 2 : 64;
		struct rd_mistake *bigger = reallocarray(f->mistake, room, sizeof *bigger);

		if (!bigger)
			return;
		f->mistake = bigger;
		f->room = room;
	}
	f->mistake[f->count++] = found;
}

static void run_checks(struct findings *f, const struct rd_check *checks,
		       const struct rd_view *view)
{
	for (; checks->name; checks++) {
		uint32_t node = checks->wrong(view);

		if (node)
			note_mistake(f, checks, node);
	}
}

size_t rd_checks_run(const struct rd_nginx *conf, const struct rd_config *config,
		     void (*report)(const struct rd_mistake *mistake, void *user), void *user)
{
	struct findings f = {.conf = conf};
	size_t mistakes = 0;
	struct rd_view view;

	for (uint32_t n = 0; (n = rd_nginx_any(conf, "server", n));) {
		if (!conf->node[n].child)
			continue; // of an upstream
		view = (struct rd_view){.conf = conf, .config = config, .block = n, .server = n};
		run_checks(&f, rd_checks_server, &view);
	}
	for (uint32_t n = 0; (n = rd_nginx_any(conf, "location", n));) {
		if (rd_view_open(&view, conf, config, n)) {
			run_checks(&f, rd_checks_own, &view);
			run_checks(&f, rd_checks_params, &view);
			run_checks(&f, rd_checks_upstream, &view);
			f.noting = true;
			run_checks(&f, rd_notes_upstream, &view);
			f.noting = false;
		}
		run_checks(&f, rd_checks_location, &view);
	}
	for (size_t i = 0; i < f.count; i++) {
		report(&f.mistake[i], user);
		mistakes += !f.mistake[i].note;
	}
	free(f.mistake);
	return mistakes;
}
