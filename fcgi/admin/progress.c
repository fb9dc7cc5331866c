#include "fcgi/admin/progress.h"
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/json_write.h"

#define BAR_WIDTH        16 // so that a line with millions of users fits 80 columns
#define TERMINAL_EACH_MS 100
#define JSON_EACH_MS     5000

void rd_progress_start(struct rd_progress *p, const char *event, bool json, bool dry)
{
	*p = (struct rd_progress){.event = event, .dry = dry};
	p->terminal = !json && isatty(STDOUT_FILENO);
	p->started_ms = p->shown_ms = rd_mono_ms();
}

double rd_scan_share(uint64_t cursor)
{
	uint64_t mirrored = 0;

	for (int i = 0; i < 64; i++, cursor >>= 1)
		mirrored = mirrored << 1 | (cursor & 1);
	return (double)mirrored / 0x1p64;
}

static uint64_t users_per_s(const struct rd_tally *tally, int64_t ms)
{
	return ms > 0 ? tally->users * 1000 / (uint64_t)ms : 0;
}

// Seconds left at the rate so far; -1: too early to tell.
static int64_t left_s(double share, int64_t ms)
{
	return share > 0.001 ? (int64_t)((double)ms * (1 / share - 1) / 1000) : -1;
}

static void print_bar(const struct rd_tally *tally, double share, int64_t ms)
{
	const int64_t left = left_s(share, ms);

	putchar('\r');
	if (share >= 0) {
		putchar('[');
		for (int i = 0; i < BAR_WIDTH; i++)
			putchar(i < (int)(share * BAR_WIDTH) ? '#' : '.');
		printf("] %3d%%  ", (int)(share * 100));
	}
	printf("%" PRIu64 " users  %" PRIu64 " ended  %" PRIu64 "/s", tally->users, tally->ended,
	       users_per_s(tally, ms));
	if (left >= 0)
		printf("  ETA %" PRId64 ":%02d", left / 60, (int)(left % 60));
	fputs("\x1b[K", stdout); // clears the rest of a longer line
}

static void print_json(const struct rd_progress *p, const struct rd_tally *tally, const char *state,
		       double share, int64_t ms)
{
	const int64_t left = left_s(share, ms);
	char line[512], number[32];
	struct rd_buf out = RD_BUF(line);

	rd_json_put(&out, NULL, "{");
	rd_json_put_text(&out, "event", rd_span(p->event));
	rd_json_put_text(&out, "state", rd_span(state));
	rd_json_put_bool(&out, "dry_run", p->dry);
	snprintf(number, sizeof number, "%.1f", share * 100);
	if (share >= 0)
		rd_json_put(&out, "percent", number);
	rd_json_put_number(&out, "users", tally->users);
	rd_json_put_number(&out, "ended", tally->ended);
	rd_json_put_number(&out, "over", tally->over);
	rd_json_put_number(&out, "standing", tally->stand);
	rd_json_put_number(&out, "users_per_s", users_per_s(tally, ms));
	snprintf(number, sizeof number, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
	rd_json_put(&out, "duration_s", number);
	if (left >= 0)
		rd_json_put_number(&out, "left_s", (uint64_t)left);
	rd_put_lit(&out, "}");
	printf("%.*s\n", (int)out.len, out.ptr);
}

void rd_progress_show(struct rd_progress *p, const struct rd_tally *tally, double share)
{
	const int64_t now = rd_mono_ms();

	if (now - p->shown_ms < (p->terminal ? TERMINAL_EACH_MS : JSON_EACH_MS))
		return;
	p->shown_ms = now;
	if (p->terminal)
		print_bar(tally, share, now - p->started_ms);
	else
		print_json(p, tally, "running", share, now - p->started_ms);
	fflush(stdout);
}

void rd_progress_end(struct rd_progress *p, const struct rd_tally *tally, const char *state,
		     const char *text)
{
	if (p->terminal)
		printf("\r\x1b[K%s\n", text);
	else
		print_json(p, tally, state, -1, rd_mono_ms() - p->started_ms);
	fflush(stdout);
}
