// refreshd stats: the counters of a running service, for people and for scripts.
#include <stdlib.h>
#include "fcgi/admin/admin.h"
#include "fcgi/admin/fastcgi_client.h"
#include "observe/metrics.h"

#define PATIENCE_MS 5000
#define SAMPLES_MAX 2048 // a text of RD_METRICS_TEXT_MAX has fewer lines

struct sample {
	struct rd_span name;   // without refreshd_
	struct rd_span labels; // as they stand between the braces
	struct rd_span value;
};

struct stats {
	struct sample samples[SAMPLES_MAX];
	size_t count;
};

// Takes what stands before the first of ends; all when there is none.
static struct rd_span take_until(struct rd_span *rest, const char *ends)
{
	size_t len = 0;

	while (len < rest->len && !strchr(ends, rest->ptr[len]))
		len++;
	return rd_span_take(rest, len);
}

static void skip_bytes(struct rd_span *rest, size_t n)
{
	(void)rd_span_take(rest, n < rest->len ? n : rest->len);
}

static bool is_of(struct rd_span text, const char *alphabet)
{
	for (size_t i = 0; i < text.len; i++)
		if (!text.ptr[i] || !strchr(alphabet, text.ptr[i]))
			return false;
	return text.len > 0;
}

// The text should be our own service's: a line that is no sample of it is skipped.
static void read_samples(struct stats *stats, struct rd_span text)
{
	const struct rd_span prefix = RD_SPAN("refreshd_");

	while (text.len && stats->count < SAMPLES_MAX) {
		struct sample *s = &stats->samples[stats->count];
		struct rd_span line = rd_span_cut(&text, '\n');

		if (!rd_span_begins(line, prefix))
			continue;
		skip_bytes(&line, prefix.len);
		s->name = take_until(&line, "{ ");
		s->labels = (struct rd_span){0};
		if (line.len && *line.ptr == '{') {
			skip_bytes(&line, 1);
			s->labels = rd_span_cut(&line, '}');
		}
		skip_bytes(&line, 1);
		s->value = line;
		stats->count += is_of(s->name, "abcdefghijklmnopqrstuvwxyz_") &&
				is_of(s->value, "0123456789.e+-");
	}
}

// Takes NAME="VALUE" and the comma behind it. False at the end. None of ours has a quote in it.
static bool take_label(struct rd_span *rest, struct rd_span *name, struct rd_span *value)
{
	if (!rest->len)
		return false;
	*name = rd_span_cut(rest, '=');
	skip_bytes(rest, 1);
	*value = rd_span_cut(rest, '"');
	skip_bytes(rest, 1);
	return true;
}

// The value of a label, empty when it is not there.
static struct rd_span label_of(const struct sample *s, const char *wanted)
{
	struct rd_span rest = s->labels, name, value;

	while (take_label(&rest, &name, &value))
		if (rd_span_is(name, rd_span(wanted)))
			return value;
	return (struct rd_span){0};
}

static double value_of(const struct sample *s)
{
	char text[64];

	snprintf(text, sizeof text, "%.*s", (int)s->value.len, s->value.ptr);
	return strtod(text, NULL);
}

// The sum of all samples of a name, of those whose label begins with value where one is given.
static double sum(const struct stats *stats, const char *name, const char *route, const char *key,
		  const char *value)
{
	double total = 0;

	for (size_t i = 0; i < stats->count; i++) {
		const struct sample *s = &stats->samples[i];

		if (rd_span_is(s->name, rd_span(name)) &&
		    (!route || rd_span_is(label_of(s, "route"), rd_span(route))) &&
		    (!key || rd_span_begins(label_of(s, key), rd_span(value))))
			total += value_of(s);
	}
	return total;
}

// The quantile (0..1) of a route's latencies: the bound of the bucket that it falls into.
static void print_quantile(const struct stats *stats, const char *route, double quantile)
{
	const double all = sum(stats, "request_duration_seconds_count", route, NULL, NULL);

	for (size_t i = 0; i < stats->count; i++) {
		const struct sample *s = &stats->samples[i];
		const struct rd_span le = label_of(s, "le");
		char bound[16];

		if (!rd_span_is(s->name, RD_SPAN("request_duration_seconds_bucket")) ||
		    !rd_span_is(label_of(s, "route"), rd_span(route)) ||
		    value_of(s) < quantile * all)
			continue;
		snprintf(bound, sizeof bound, "%.*s", (int)le.len, le.ptr);
		if (strcmp(bound, "+Inf") == 0)
			printf(" %10s", "longer");
		else
			printf(" %7g ms", strtod(bound, NULL) * 1000);
		return;
	}
	printf(" %10s", "-");
}

static void print_routes(const struct stats *stats)
{
	printf("\n%-12s %12s %12s %12s %12s %10s %10s\n", "route", "requests", "2xx", "4xx", "5xx",
	       "p50", "p99");
	for (int i = 0; i < RD_ROUTE_COUNT; i++) {
		const char *route = rd_route_names[i];
		const double all = sum(stats, "requests_total", route, NULL, NULL);

		if (all == 0)
			continue;
		printf("%-12s %12.0f %12.0f %12.0f %12.0f", route, all,
		       sum(stats, "requests_total", route, "code", "2"),
		       sum(stats, "requests_total", route, "code", "4"),
		       sum(stats, "requests_total", route, "code", "5"));
		print_quantile(stats, route, 0.5);
		print_quantile(stats, route, 0.99);
		putchar('\n');
	}
}

// `title: this 3, that 1`, without zeros.
static void print_list(const struct stats *stats, const char *title, const char *name,
		       const char *key)
{
	const char *before = " ";

	printf("%s:", title);
	for (size_t i = 0; i < stats->count; i++) {
		const struct sample *s = &stats->samples[i];
		struct rd_span what = label_of(s, key);

		if (!rd_span_is(s->name, rd_span(name)) || value_of(s) == 0)
			continue;
		fputs(before, stdout);
		rd_print_safe(stdout, what);
		printf(" %.0f", value_of(s));
		before = ", ";
	}
	puts(*before == ' ' ? " none" : "");
}

static void print_table(const struct stats *stats)
{
	print_list(stats, "workers", "workers", "state");
	printf("Redis: %s, %.0f errors, %.0f reconnects\n",
	       sum(stats, "redis_up", NULL, NULL, NULL) > 0 ? "up" : "away",
	       sum(stats, "redis_errors_total", NULL, NULL, NULL),
	       sum(stats, "redis_reconnects_total", NULL, NULL, NULL));
	print_list(stats, "refreshes", "refresh_total", "outcome");
	print_list(stats, "sessions ended", "families_revoked_total", "reason");
	print_list(stats, "logins refused", "logins_refused_total", "reason");
	print_list(stats, "log lines lost", "log_lines_dropped_total", "reason");
	printf("workers replaced: %.0f\n", sum(stats, "worker_restarts_total", NULL, NULL, NULL));
	print_routes(stats);
}

static void put_sample(struct rd_buf *out, const struct sample *s)
{
	struct rd_span rest = s->labels, name, value;
	const char *before = "";

	rd_put_lit(out, "{\"name\":\"refreshd_");
	rd_put_span(out, s->name);
	rd_put_lit(out, "\",\"labels\":{");
	while (take_label(&rest, &name, &value)) {
		rd_put_str(out, before);
		rd_put_json_any(out, name);
		rd_put_lit(out, ":");
		rd_put_json_any(out, value);
		before = ",";
	}
	rd_put_lit(out, "},\"value\":");
	rd_put_span(out, s->value);
	rd_put_lit(out, "}");
}

// An array of {"name","labels","value"}: all samples, by their Prometheus names.
static void print_json(const struct stats *stats)
{
	const char *before = "[";

	for (size_t i = 0; i < stats->count; i++) {
		char text[1024];
		struct rd_buf out = RD_BUF(text);

		put_sample(&out, &stats->samples[i]);
		if (!rd_buf_ok(&out))
			continue; // none of ours is so long
		printf("%s%.*s", before, (int)out.len, out.ptr);
		before = ",\n";
	}
	puts(*before == '[' ? "[]" : "]");
}

int rd_verb_stats(const struct rd_config *config, int argc, char **argv)
{
	static char bytes[RD_METRICS_TEXT_MAX + 8192];
	static struct stats stats;
	const bool json = rd_take_flag(&argc, argv, "--json");
	char reason[512];
	struct rd_buf text = RD_BUF(bytes), why = RD_BUF(reason);
	struct rd_fastcgi_reply reply;
	enum rd_fastcgi end;

	if (argc)
		return rd_complain_argument("stats", argv[0]);
	end = rd_fastcgi_get(config->listen, "metrics", PATIENCE_MS, &text, &reply, &why);
	if (end != RD_FASTCGI_OK)
		return rd_complain(end == RD_FASTCGI_AWAY ? RD_EXIT_STORE : 1, "%.*s", (int)why.len,
				   why.ptr);
	if (reply.status != 200)
		return rd_complain(1, "stats: the service answers with status %d", reply.status);
	read_samples(&stats, reply.body);
	if (json)
		print_json(&stats);
	else
		print_table(&stats);
	return 0;
}
