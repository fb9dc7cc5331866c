#include "fcgi/admin/progress.h"
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#include "base/clock.h"

#define BAR_WIDTH        16 // a line with millions of users has 80 columns
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

static uint64_t rate(const struct rd_tally *tally, int64_t ms)
{
	return ms > 0 ? tally->users * 1000 / (uint64_t)ms : 0;
}

// Seconds to go at the pace so far; -1: too early to say.
static int64_t left_s(double share, int64_t ms)
{
	return share > 0.001 ? (int64_t)((double)ms * (1 / share - 1) / 1000) : -1;
}

static void put_bar(const struct rd_tally *tally, double share, int64_t ms)
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
	       rate(tally, ms));
	if (left >= 0)
		printf("  ETA %" PRId64 ":%02d", left / 60, (int)(left % 60));
	fputs("\x1b[K", stdout); // clears what a longer line before has left
}

static void put_json(const struct rd_progress *p, const struct rd_tally *tally, const char *state,
		     double share, int64_t ms)
{
	const int64_t left = left_s(share, ms);

	printf("{\"event\":\"%s\",\"state\":\"%s\",\"dry_run\":%s", p->event, state,
	       p->dry ? "true" : "false");
	if (share >= 0)
		printf(",\"percent\":%.1f", share * 100);
	printf(",\"users\":%" PRIu64 ",\"ended\":%" PRIu64 ",\"over\":%" PRIu64
	       ",\"standing\":%" PRIu64 ",\"users_per_s\":%" PRIu64 ",\"duration_s\":%" PRId64
	       ".%03d",
	       tally->users, tally->ended, tally->over, tally->stand, rate(tally, ms), ms / 1000,
	       (int)(ms % 1000));
	if (left >= 0)
		printf(",\"left_s\":%" PRId64, left);
	puts("}");
}

void rd_progress_show(struct rd_progress *p, const struct rd_tally *tally, double share)
{
	const int64_t now = rd_mono_ms();

	if (now - p->shown_ms < (p->terminal ? TERMINAL_EACH_MS : JSON_EACH_MS))
		return;
	p->shown_ms = now;
	if (p->terminal)
		put_bar(tally, share, now - p->started_ms);
	else
		put_json(p, tally, "running", share, now - p->started_ms);
	fflush(stdout);
}

void rd_progress_end(struct rd_progress *p, const struct rd_tally *tally, const char *state,
		     const char *text)
{
	if (p->terminal)
		printf("\r\x1b[K%s\n", text);
	else
		put_json(p, tally, state, -1, rd_mono_ms() - p->started_ms);
	fflush(stdout);
}
