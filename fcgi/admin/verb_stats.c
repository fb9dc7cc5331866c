// stats: the counts of a running service, for people and for scripts.
#include <stdio.h>
#include <stdlib.h>
#include "fcgi/admin/fastcgi_client.h"
#include "fcgi/verbs.h"
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

static struct rd_span until(struct rd_span *rest, const char *ends)
{
	struct rd_span part = {rest->ptr, 0};

	while (part.len < rest->len && !strchr(ends, rest->ptr[part.len]))
		part.len++;
	rest->ptr += part.len;
	rest->len -= part.len;
	return part;
}

static void skip(struct rd_span *rest, size_t n)
{
	n = n < rest->len ? n : rest->len;
	rest->ptr += n;
	rest->len -= n;
}

// The text is our own service's: what is no sample of it is passed over.
static void read_samples(struct stats *stats, struct rd_span text)
{
	const size_t prefix = strlen("refreshd_");

	while (text.len && stats->count < SAMPLES_MAX) {
		struct sample *s = &stats->samples[stats->count];
		struct rd_span line = until(&text, "\n");

		skip(&text, 1);
		if (line.len <= prefix || memcmp(line.ptr, "refreshd_", prefix) != 0)
			continue;
		skip(&line, prefix);
		s->name = until(&line, "{ ");
		s->labels = (struct rd_span){0};
		if (line.len && *line.ptr == '{') {
			skip(&line, 1);
			s->labels = until(&line, "}");
			skip(&line, 1);
		}
		skip(&line, 1);
		s->value = line;
		stats->count++;
	}
}

// The value of a label, empty when it is not there. None of ours has a quote in it.
static struct rd_span label(const struct sample *s, const char *name)
{
	struct rd_span rest = s->labels;

	while (rest.len) {
		struct rd_span key = until(&rest, "=");
		struct rd_span value;

		skip(&rest, 2);
		value = until(&rest, "\"");
		skip(&rest, 2);
		if (rd_span_is(key, rd_span(name)))
			return value;
	}
	return (struct rd_span){0};
}

static double number(const struct sample *s)
{
	return strtod(s->value.ptr, NULL); // a line end follows
}

// The sum of all samples of a name, of those whose label begins with value where one is given.
static double sum(const struct stats *stats, const char *name, const char *route, const char *key,
		  const char *value)
{
	double total = 0;

	for (size_t i = 0; i < stats->count; i++) {
		const struct sample *s = &stats->samples[i];
		struct rd_span is = key ? label(s, key) : (struct rd_span){0};

		if (rd_span_is(s->name, rd_span(name)) &&
		    (!route || rd_span_is(label(s, "route"), rd_span(route))) &&
		    (!key || (is.len >= strlen(value) && !memcmp(is.ptr, value, strlen(value)))))
			total += number(s);
	}
	return total;
}

// The bound of the bucket that the given part of a route's requests stays within, as text.
static void print_quantile(const struct stats *stats, const char *route, double part)
{
	const double all = sum(stats, "request_duration_seconds_count", route, NULL, NULL);

	for (size_t i = 0; i < stats->count; i++) {
		const struct sample *s = &stats->samples[i];
		char bound[16];

		if (!rd_span_is(s->name, RD_SPAN("request_duration_seconds_bucket")) ||
		    !rd_span_is(label(s, "route"), rd_span(route)) || number(s) < part * all)
			continue;
		snprintf(bound, sizeof bound, "%.*s", (int)label(s, "le").len, label(s, "le").ptr);
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
	       "half in", "99 % in");
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

// `title: this 3, that 1`, without what never happened.
static void print_list(const struct stats *stats, const char *title, const char *name,
		       const char *key)
{
	const char *before = " ";

	printf("%s:", title);
	for (size_t i = 0; i < stats->count; i++) {
		const struct sample *s = &stats->samples[i];
		struct rd_span what = label(s, key);

		if (!rd_span_is(s->name, rd_span(name)) || number(s) == 0)
			continue;
		printf("%s%.*s %.0f", before, (int)what.len, what.ptr, number(s));
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

// An array of {"name","labels","value"}, all of them as Prometheus knows them.
static void print_json(const struct stats *stats)
{
	for (size_t i = 0; i < stats->count; i++) {
		const struct sample *s = &stats->samples[i];
		struct rd_span rest = s->labels;

		printf("%s{\"name\":\"refreshd_%.*s\",\"labels\":{", i ? ",\n" : "[",
		       (int)s->name.len, s->name.ptr);
		while (rest.len) {
			struct rd_span key = until(&rest, "=");

			skip(&rest, 1);
			printf("\"%.*s\":%.*s", (int)key.len, key.ptr,
			       (int)strcspn(rest.ptr + 1, "\"") + 2, rest.ptr);
			until(&rest, ",");
			printf("%s", rest.len ? "," : "");
			skip(&rest, 1);
		}
		printf("},\"value\":%.*s}", (int)s->value.len, s->value.ptr);
	}
	puts("]");
}

int rd_verb_stats(const struct rd_config *config, int argc, char **argv)
{
	static char bytes[RD_METRICS_TEXT_MAX + 8192];
	static struct stats stats;
	const bool json = argc == 1 && strcmp(argv[0], "--json") == 0;
	char reason[512];
	struct rd_buf text = RD_BUF(bytes), why = RD_BUF(reason);
	struct rd_fastcgi_reply reply;
	enum rd_fastcgi end;

	if (argc > json)
		return rd_complain(RD_EXIT_USAGE, "stats: what is '%s'?", argv[0]);
	end = rd_fastcgi_get(config->listen, "metrics", PATIENCE_MS, &text, &reply, &why);
	if (end != RD_FASTCGI_OK)
		return rd_complain(end == RD_FASTCGI_AWAY ? RD_EXIT_STORE : 1, "%.*s", (int)why.len,
				   why.ptr);
	if (reply.status != 200)
		return rd_complain(1, "status %d", reply.status);
	read_samples(&stats, reply.body);
	if (json)
		print_json(&stats);
	else
		print_table(&stats);
	return 0;
}
