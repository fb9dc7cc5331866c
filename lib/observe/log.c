#include "observe/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include "base/buf.h"
#include "base/clock.h"
#include "observe/rate_limit.h"
#include "observe/metrics.h"

#define LINE_MAX_BYTES 2048
#define EVENTS_MAX     64 // more than there are; any further ones would have no limit

static const char *const level_names[] = {"debug", "info", "warning", "error", "critical"};

static struct {
	enum rd_log_level least;
	unsigned worker;
	struct rd_counts *counts;
	uint64_t dropped; // lines since the last one that was written
	struct event {
		const char *name; // NULL: unused, and so are all after it
		enum rd_log_level level;
		struct rd_rate_limit limit;
	} events[EVENTS_MAX];
	bool held; // some event has lines held back that are not reported yet
} self = {.least = RD_LOG_INFO};

struct line {
	char text[LINE_MAX_BYTES];
	struct rd_buf buf;
	bool json;
};

bool rd_log_wants(enum rd_log_level level)
{
	return level >= self.least;
}

void rd_log_least(enum rd_log_level level)
{
	self.least = level;
}

void rd_log_worker(unsigned number, struct rd_counts *counts)
{
	self.worker = number;
	self.counts = counts;
}

// Returns the length of the line before the field, for end_field.
static size_t begin_field(struct line *line, const char *title)
{
	const size_t before = line->buf.len;

	rd_put_str(&line->buf, line->json ? ",\"" : " ");
	rd_put_str(&line->buf, title);
	rd_put_str(&line->buf, line->json ? "\":" : "=");
	return before;
}

// A field that does not fit is left out, so that the line stays whole.
static void end_field(struct line *line, size_t before)
{
	if (rd_buf_ok(&line->buf))
		return;
	line->buf.len = before;
	line->buf.full = false;
}

static void put_text(struct line *line, const char *title, struct rd_span value)
{
	size_t before;

	if (value.len == 0)
		return;
	before = begin_field(line, title);
	rd_put_json_any(&line->buf, value);
	end_field(line, before);
}

static void put_number(struct line *line, const char *title, uint64_t n)
{
	const size_t before = begin_field(line, title);

	rd_put_u64(&line->buf, n);
	end_field(line, before);
}

static void put_seconds(struct line *line, const char *title, int64_t us)
{
	const size_t before = begin_field(line, title);

	rd_put_seconds(&line->buf, (uint64_t)us);
	end_field(line, before);
}

static void begin_line(struct line *line, enum rd_log_level level, const char *event)
{
	const int64_t now = rd_wall_ms();
	const time_t now_s = now / 1000;
	struct tm tm;
	char stamp[32];
	size_t n;

	line->json = !rd_sink_is_terminal();
	line->buf = (struct rd_buf){line->text, 0, sizeof line->text - 2, false};
	gmtime_r(&now_s, &tm);
	n = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(stamp + n, sizeof stamp - n, ".%03dZ", (int)(now % 1000));
	rd_put_str(&line->buf, line->json ? "{\"time\":\"" : "");
	rd_put_str(&line->buf, stamp);
	rd_put_str(&line->buf, line->json ? "\",\"level\":\"" : " ");
	rd_put_str(&line->buf, level_names[level]);
	rd_put_str(&line->buf, line->json ? "\"" : "");
	put_number(line, "worker", self.worker);
	if (self.dropped)
		put_number(line, "dropped", self.dropped);
	put_text(line, "event", rd_span(event));
}

static void write_line(struct line *line)
{
	if (line->json)
		line->text[line->buf.len++] = '}';
	line->text[line->buf.len++] = '\n';
	if (rd_sink_write(line->text, line->buf.len)) {
		self.dropped = 0;
		return;
	}
	self.dropped++;
	rd_count_line_lost(self.counts, RD_LINE_BLOCKED, 1);
}

static void write_held(struct event *event, int64_t now_ms)
{
	const uint64_t held = rd_rate_limit_held(&event->limit, now_ms);
	struct line line;

	if (held == 0)
		return;
	begin_line(&line, event->level, event->name);
	put_text(&line, "msg", RD_SPAN("more of these were not written"));
	put_number(&line, "suppressed", held);
	write_line(&line);
}

static struct event *find_event(const char *name)
{
	for (struct event *e = self.events; e < self.events + EVENTS_MAX; e++) {
		if (!e->name)
			e->name = name;
		if (e->name == name || strcmp(e->name, name) == 0)
			return e;
	}
	return NULL;
}

// Whether the level and the limit of lines let it be written. The master has no limit: clients
// cannot make it log.
static bool may_write(enum rd_log_level level, const char *name, unsigned per_s)
{
	struct event *event;
	int64_t now_ms;

	if (!rd_log_wants(level))
		return false;
	event = per_s && self.worker ? find_event(name) : NULL;
	if (!event)
		return true;
	now_ms = rd_mono_ms();
	write_held(event, now_ms);
	if (rd_rate_limit_pass(&event->limit, now_ms, per_s))
		return true;
	event->level = level;
	self.held = true;
	rd_count_line_lost(self.counts, RD_LINE_LIMITED, 1);
	return false;
}

void rd_log(enum rd_log_level level, const char *event, const char *format, ...)
{
	struct line line;
	char text[512];
	va_list args;

	if (!may_write(level, event, RD_LOG_LINES_PER_S))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	begin_line(&line, level, event);
	put_text(&line, "msg", rd_span(text));
	write_line(&line);
}

void rd_log_audit(const struct rd_audit *audit)
{
	struct line line;

	if (!may_write(audit->level, audit->event, audit->per_s))
		return;
	begin_line(&line, audit->level, audit->event);
	put_text(&line, "request_id", audit->request_id);
	put_text(&line, "method", audit->method);
	put_text(&line, "route", rd_span(audit->route));
	if (audit->status) {
		put_number(&line, "status", (uint64_t)audit->status);
		put_seconds(&line, "duration_s", audit->took_us);
	}
	if (audit->count > 1)
		put_number(&line, "count", audit->count);
	put_text(&line, "outcome", rd_span(audit->outcome));
	put_text(&line, "client_ip", audit->client_ip);
	put_text(&line, "client_id", audit->client_id);
	put_text(&line, "sub", audit->sub);
	put_text(&line, "sid", audit->sid);
	put_text(&line, "origin", audit->origin);
	put_text(&line, "sec_fetch_site", audit->fetch_site);
	put_text(&line, "host", audit->host);
	put_text(&line, "msg", rd_span(audit->msg ? audit->msg : ""));
	write_line(&line);
}

int rd_log_tick(int64_t now_ms)
{
	int wait_ms = -1;

	for (struct event *e = self.events; self.held && e < self.events + EVENTS_MAX; e++) {
		if (e->name && e->limit.held)
			write_held(e, now_ms);
		if (e->name && e->limit.held)
			wait_ms = 1000;
	}
	self.held = wait_ms > 0;
	return wait_ms;
}

void rd_log_reopen(void)
{
	char reason[512];
	struct rd_buf why = RD_BUF(reason);

	if (!rd_sink_reopen(&why))
		rd_log(RD_LOG_ERROR, "log.reopen", "%.*s; still writing to the old file",
		       (int)why.len, why.ptr);
}
