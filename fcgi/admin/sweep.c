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

struct sweep_run {
	struct rd_admin *admin;
	const struct rd_sweep_job *job;
	int64_t before_ms;
	struct rd_tally tally;
	struct rd_progress progress;
};

static volatile sig_atomic_t stopped;

static void note_stop(int signal)
{
	(void)signal;
	stopped = 1;
}

// Takes a number of at most most, and the mark behind it; mark 0: the text ends there.
static bool take_part(struct rd_span *rest, uint64_t most, char mark, int *out)
{
	uint64_t n;

	if (!rd_span_take_number(rest, most, &n))
		return false;
	*out = (int)n;
	if (!mark)
		return rest->len == 0;
	return rest->len > 0 && *rd_span_take(rest, 1).ptr == mark;
}

int64_t rd_time_from(const char *text)
{
	struct rd_span rest = rd_span(text);
	const bool has_time = memchr(rest.ptr, 'T', rest.len) != NULL;
	struct tm tm = {0};
	time_t time;
	int day;

	if (!take_part(&rest, 9999, '-', &tm.tm_year) || !take_part(&rest, 12, '-', &tm.tm_mon) ||
	    !take_part(&rest, 31, has_time ? 'T' : 0, &tm.tm_mday))
		return -1;
	if (has_time &&
	    (!take_part(&rest, 23, ':', &tm.tm_hour) || !take_part(&rest, 59, ':', &tm.tm_min) ||
	     !take_part(&rest, 60, 'Z', &tm.tm_sec) || rest.len > 0))
		return -1;
	if (tm.tm_mon < 1 || tm.tm_mday < 1)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	day = tm.tm_mday;
	time = timegm(&tm); // makes March of 31 February
	return time > 0 && tm.tm_mday == day ? time * (int64_t)1000 : -1;
}

static bool ends_durably(const struct sweep_run *run)
{
	return run->admin->config->durable && run->job->ends && !run->job->dry;
}

static int sweep_slot(struct sweep_run *run, const uint8_t *slot, double share)
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
					.durable = ends_durably(run)});
	status = rd_admin_ask(run->admin);
	if (status)
		return status;
	if (rd_read_sweep(&run->admin->answer, &swept))
		return rd_admin_unexpected_answer();
	run->tally.users++;
	run->tally.ended += swept.ended;
	run->tally.over += swept.over;
	run->tally.stand += swept.stand;
	rd_progress_show(&run->progress, &run->tally, share);
	return 0;
}

// A run before this one, which no replica has confirmed, has ended sessions that are found no more.
// One durable question confirms those too, whomever it is about.
static int confirm_earlier_runs(struct sweep_run *run)
{
	static const uint8_t nobody[RD_SLOT_LEN];

	rd_ask_sweep(&run->admin->question,
		     &(struct rd_sweep){
			 .prefix = rd_admin_prefix(run->admin), .slot = nobody, .durable = true});
	return rd_admin_ask(run->admin);
}

static int sweep_user(struct sweep_run *run, const char *name, double share)
{
	uint8_t slot[RD_SLOT_LEN];

	rd_slot_of(slot, &run->admin->keys, rd_span(name));
	return sweep_slot(run, slot, share);
}

// A read that fails is a failure, never the end of the list.
static int sweep_names(struct sweep_run *run, FILE *file)
{
	struct stat st;
	const double size = fstat(fileno(file), &st) == 0 ? (double)st.st_size : 0;
	char *line = NULL;
	size_t room = 0, line_number = 0;
	double done = 0;
	ssize_t len;
	int status = 0;

	// before an error, getline returns half a line, which may be somebody else's name
	while (!status && !stopped && (len = getline(&line, &room, file)) >= 0 && !ferror(file)) {
		done += (double)len;
		line_number++;
		line[strcspn(line, "\r\n")] = 0;
		if (*line && !rd_text_is_user(rd_span(line)))
			status = rd_complain(RD_EXIT_USAGE, "%s:%zu: not a user name",
					     run->job->users, line_number);
		else if (*line)
			status = sweep_user(run, line, size > 0 ? done / size : -1);
	}
	if (!status && !stopped && (ferror(file) || !feof(file)))
		status = rd_complain(1, "%s: %s", run->job->users, strerror(errno));
	free(line);
	return status;
}

static int sweep_file(struct sweep_run *run)
{
	const bool standard = strcmp(run->job->users, "-") == 0;
	FILE *file = standard ? stdin : fopen(run->job->users, "re");
	int status;

	if (!file)
		return rd_complain(RD_EXIT_USAGE, "%s: %s", run->job->users, strerror(errno));
	status = sweep_names(run, file);
	if (!standard)
		(void)fclose(file);
	return status;
}

// page: a copy, since each answer takes the one before away.
static int sweep_page(struct sweep_run *run, struct rd_span page, double share)
{
	uint8_t slot[RD_SLOT_LEN];
	int status = 0;

	while (!status && !stopped && rd_users_next(&page, slot))
		status = sweep_slot(run, slot, share);
	return status;
}

static int sweep_everyone(struct sweep_run *run)
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
		if (answer->away || answer->count != 2 ||
		    !rd_span_number(answer->part[0], UINT64_MAX, &cursor))
			return rd_admin_unexpected_answer();
		page = answer->part[1];
		copy = strndup(page.len ? page.ptr : "", page.len);
		if (!copy)
			return rd_complain(1, "out of memory");
		status = sweep_page(run, (struct rd_span){copy, page.len}, share);
		free(copy);
	} while (!status && !stopped && cursor);
	if (!status && !stopped && !run->tally.users && ends_durably(run))
		status = confirm_earlier_runs(run);
	return status;
}

static void put_result(const struct sweep_run *run, char *out, size_t max)
{
	const struct rd_tally *tally = &run->tally;
	const uint64_t count = run->job->ends ? tally->ended : tally->over;
	const bool dry = run->job->dry;
	const char *what;
	int len;

	if (run->job->ends)
		what = dry ? " would end" : " ended";
	else
		what = dry ? " would leave the lists" : " left the lists";
	len = snprintf(out, max, "%" PRIu64 "%s session%s%s", count,
		       run->job->ends ? "" : " expired", count == 1 ? "" : "s", what);
	if (!run->job->user)
		snprintf(out + len, max - (size_t)len,
			 "; %" PRIu64 " remain, of %" PRIu64 " user%s", tally->stand, tally->users,
			 tally->users == 1 ? "" : "s");
}

static void print_how_to_continue(const struct sweep_run *run, const char *state)
{
	const time_t before = run->before_ms / 1000;
	struct tm tm;
	char flag[40] = "";

	if (run->job->user || !run->tally.users)
		return;
	gmtime_r(&before, &tm);
	if (run->job->ends && !run->job->dry)
		strftime(flag, sizeof flag, " with --before %Y-%m-%dT%H:%M:%SZ", &tm);
	rd_complain(1, "%s; to continue, run the same command again%s", state, flag);
}

// Returns the exit status.
static int report_result(struct sweep_run *run, int status)
{
	const char *state = stopped ? "stopped" : "done";
	char text[200];

	if (status)
		state = "failed";
	put_result(run, text, sizeof text);
	if (run->job->user && !run->job->json) {
		if (!status)
			puts(text);
	} else {
		rd_progress_end(&run->progress, &run->tally, state, text);
	}
	if (status || stopped)
		print_how_to_continue(run, state);
	return status ? status : stopped;
}

int rd_sweep_run(struct rd_admin *admin, const struct rd_sweep_job *job)
{
	const struct sigaction once = {.sa_handler = note_stop, .sa_flags = (int)SA_RESETHAND};
	struct sweep_run run = {.admin = admin, .job = job, .before_ms = job->before_ms};
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
		status = sweep_user(&run, job->user, 1);
	else if (job->users)
		status = sweep_file(&run);
	else
		status = sweep_everyone(&run);
	return report_result(&run, status);
}
