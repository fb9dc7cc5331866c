#include "fcgi/admin/sweep.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include "fcgi/admin/progress.h"
#include "op/text.h"

struct run {
	struct rd_admin *admin;
	const struct rd_sweep_job *job;
	int64_t before_ms;
	struct rd_tally tally;
	struct rd_progress progress;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

int64_t rd_time_from(const char *text)
{
	static const char *const formats[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"};

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct tm tm = {0};
		const char *end = strptime(text, formats[i], &tm);
		const int day = tm.tm_mday;
		const time_t time = timegm(&tm); // makes March of 31 February

		if (end && !*end && time > 0 && tm.tm_mday == day)
			return time * (int64_t)1000;
	}
	return -1;
}

static int one(struct run *run, const uint8_t *slot, double share)
{
	const struct rd_sweep_job *job = run->job;
	struct rd_swept swept;
	int status;

	rd_ask_sweep(&run->admin->question,
		     &(struct rd_sweep){.prefix = rd_admin_prefix(run->admin),
					.slot = slot,
					.before_ms = job->ends ? run->before_ms : 0,
					.client = job->client,
					.count_only = job->dry,
					.durable = run->admin->config->durable && job->ends});
	status = rd_admin_ask(run->admin);
	if (status)
		return status;
	if (rd_read_sweep(&run->admin->answer, &swept))
		return rd_admin_bad_answer();
	run->tally.users++;
	run->tally.ended += swept.ended;
	run->tally.over += swept.over;
	run->tally.stand += swept.stand;
	rd_progress_show(&run->progress, &run->tally, share);
	return 0;
}

static int named(struct run *run, const char *name, double share)
{
	uint8_t slot[RD_SLOT_LEN];

	rd_slot_of(slot, &run->admin->keys, rd_span(name));
	return one(run, slot, share);
}

static int read_names(struct run *run, FILE *file)
{
	struct stat st;
	const double size = fstat(fileno(file), &st) == 0 ? (double)st.st_size : 0;
	char *line = NULL;
	size_t room = 0, number = 0;
	double done = 0;
	ssize_t len;
	int status = 0;

	while (!status && !stopped && (len = getline(&line, &room, file)) >= 0) {
		done += (double)len;
		number++;
		line[strcspn(line, "\r\n")] = 0;
		if (*line && !rd_text_is_user(rd_span(line)))
			status = rd_complain(RD_EXIT_USAGE, "%s:%zu: no user's name",
					     run->job->users, number);
		else if (*line)
			status = named(run, line, size > 0 ? done / size : -1);
	}
	free(line);
	return status;
}

static int from_file(struct run *run)
{
	const bool standard = strcmp(run->job->users, "-") == 0;
	FILE *file = standard ? stdin : fopen(run->job->users, "r");
	int status;

	if (!file)
		return rd_complain(RD_EXIT_USAGE, "%s: %s", run->job->users, strerror(errno));
	status = read_names(run, file);
	if (!standard)
		(void)fclose(file);
	return status;
}

// page: a copy, since each answer takes the one before away.
static int each_of(struct run *run, struct rd_span page, double share)
{
	uint8_t slot[RD_SLOT_LEN];
	int status = 0;

	while (!status && !stopped && rd_users_next(&page, slot))
		status = one(run, slot, share);
	return status;
}

static int from_redis(struct run *run)
{
	const struct rd_answer *answer = &run->admin->answer;
	uint64_t cursor = 0;
	int status = 0;

	do {
		const double share = rd_scan_share(cursor);
		struct rd_span page;
		char text[24];
		char *copy;

		snprintf(text, sizeof text, "%" PRIu64, cursor);
		rd_ask_users(&run->admin->question, rd_admin_prefix(run->admin), rd_span(text));
		status = rd_admin_ask(run->admin);
		if (status)
			return status;
		if (answer->away || answer->count != 2 || !answer->part[0].ptr)
			return rd_admin_bad_answer();
		cursor = strtoull(answer->part[0].ptr, NULL, 10);
		page = answer->part[1];
		copy = strndup(page.len ? page.ptr : "", page.len);
		if (!copy)
			return rd_complain(1, "out of memory");
		status = each_of(run, (struct rd_span){copy, page.len}, share);
		free(copy);
	} while (!status && !stopped && cursor);
	return status;
}

static void put_result(const struct run *run, char *out, size_t max)
{
	const struct rd_tally *t = &run->tally;
	const char *would = run->job->dry ? "would " : "";
	int len = 0;

	if (run->job->ends)
		len = snprintf(out, max, "%" PRIu64 " sessions %s%s", t->ended, would,
			       *would ? "end" : "ended");
	else
		len = snprintf(out, max, "%" PRIu64 " sessions that are over %s the lists", t->over,
			       *would ? "would leave" : "left");
	if (!run->job->user)
		snprintf(out + len, max - (size_t)len, ", %" PRIu64 " stand, of %" PRIu64 " users",
			 t->stand, t->users);
}

static void say_how_to_go_on(const struct run *run, const char *state)
{
	const time_t before = run->before_ms / 1000;
	struct tm tm;
	char text[40] = "";

	if (run->job->user || !run->tally.users)
		return;
	gmtime_r(&before, &tm);
	if (run->job->ends && !run->job->dry)
		strftime(text, sizeof text, ", with --before %Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(stderr, "refreshd: %s; to go on, give the same command again%s\n", state, text);
}

static int finish(struct run *run, int status)
{
	const char *state = status ? "failed" : stopped ? "stopped" : "done";
	char text[200];

	put_result(run, text, sizeof text);
	if (run->job->user && !run->job->json) {
		if (!status)
			puts(text);
	} else {
		rd_progress_end(&run->progress, &run->tally, state, text);
	}
	if (status || stopped)
		say_how_to_go_on(run, state);
	return status ? status : stopped;
}

int rd_sweep_run(struct rd_admin *admin, const struct rd_sweep_job *job)
{
	const struct sigaction once = {.sa_handler = stop, .sa_flags = (int)SA_RESETHAND};
	struct run run = {.admin = admin, .job = job, .before_ms = job->before_ms};
	int64_t now_ms;
	int status = rd_admin_clock(admin, &now_ms);

	if (status)
		return status;
	if (!run.before_ms) // whole seconds, as --before takes them, and this one is among them
		run.before_ms = (now_ms / 1000 + 1) * 1000;
	sigaction(SIGINT, &once, NULL);
	sigaction(SIGTERM, &once, NULL);
	rd_progress_start(&run.progress, job->event, job->json, job->dry);
	if (job->user)
		status = named(&run, job->user, 1);
	else if (job->users)
		status = from_file(&run);
	else
		status = from_redis(&run);
	return finish(&run, status);
}
