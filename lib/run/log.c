#include "run/log.h"
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"

#define LINE_MAX_BYTES 2048

static const char *const level_names[] = {"info", "warning", "error", "critical"};
static unsigned worker_number;
static uint64_t dropped; // lines since the last one that got out

struct line {
	char text[LINE_MAX_BYTES];
	struct rd_buf buf;
	bool json;
};

void rd_log_worker(unsigned number)
{
	worker_number = number;
}

// A field that does not fit is left out, so that the line stays whole.
static void field(struct line *line, const char *name, struct rd_span value)
{
	const size_t before = line->buf.len;

	if (value.len == 0)
		return;
	rd_put_str(&line->buf, line->json ? ",\"" : " ");
	rd_put_str(&line->buf, name);
	rd_put_str(&line->buf, line->json ? "\":" : "=");
	rd_put_json(&line->buf, value);
	if (!rd_buf_ok(&line->buf)) {
		line->buf.len = before;
		line->buf.full = false;
	}
}

static void number(struct line *line, const char *name, uint32_t n)
{
	char digits[10];
	struct rd_buf text = RD_BUF(digits);

	rd_put_u64(&text, n);
	if (n > 1)
		field(line, name, rd_buf_span(&text));
}

static void begin(struct line *line, enum rd_log_level level, const char *event)
{
	const int64_t now = rd_wall_ms();
	const time_t seconds = now / 1000;
	struct tm tm;
	char stamp[32];
	size_t n;

	line->json = !isatty(STDERR_FILENO);
	line->buf = (struct rd_buf){line->text, 0, sizeof line->text - 2, false};
	gmtime_r(&seconds, &tm);
	n = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(stamp + n, sizeof stamp - n, ".%03dZ", (int)(now % 1000));
	rd_put_str(&line->buf, line->json ? "{\"time\":\"" : "");
	rd_put_str(&line->buf, stamp);
	rd_put_str(&line->buf, line->json ? "\",\"level\":\"" : " ");
	rd_put_str(&line->buf, level_names[level]);
	rd_put_str(&line->buf, line->json ? "\",\"worker\":" : " worker=");
	rd_put_u64(&line->buf, worker_number);
	if (dropped) {
		rd_put_str(&line->buf, line->json ? ",\"dropped\":" : " dropped=");
		rd_put_u64(&line->buf, dropped);
	}
	field(line, "event", rd_span(event));
}

// Not O_NONBLOCK, which others who share stderr would get too. A pipe with room takes a line whole,
// since LINE_MAX_BYTES is below PIPE_BUF.
static bool has_room(void)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&out, 1, 0) == 1 && out.revents & POLLOUT;
}

static void end(struct line *line)
{
	if (line->json)
		line->text[line->buf.len++] = '}';
	line->text[line->buf.len++] = '\n';
	if (has_room() && write(STDERR_FILENO, line->text, line->buf.len) > 0)
		dropped = 0;
	else
		dropped++;
}

void rd_log(enum rd_log_level level, const char *event, const char *format, ...)
{
	struct line line;
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	begin(&line, level, event);
	field(&line, "msg", rd_span(text));
	end(&line);
}

void rd_log_audit(const struct rd_audit *audit)
{
	struct line line;

	begin(&line, audit->level, audit->event);
	field(&line, "request_id", audit->request_id);
	field(&line, "route", rd_span(audit->route));
	field(&line, "outcome", rd_span(audit->outcome));
	field(&line, "client_ip", audit->client_ip);
	field(&line, "client_id", audit->client_id);
	field(&line, "sub", audit->sub);
	field(&line, "sid", audit->sid);
	number(&line, "count", audit->count);
	end(&line);
}
