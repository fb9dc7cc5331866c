// The sums of all processes in Prometheus' text format.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
#include "observe/metrics.h"
#include "observe/version.h"

struct sums {
	struct rd_counts all;
	uint64_t workers[RD_WORKER_STATE_COUNT];
	bool redis_up;
	const struct rd_now *now;
};

// A metric whose samples are being written.
struct sample {
	const char *name; // without refreshd_
	enum rd_metric metric;
	struct rd_buf *out;
};

static void put_name(const struct sample *s, const char *suffix)
{
	rd_put_lit(s->out, "refreshd_");
	rd_put_str(s->out, s->name);
	rd_put_str(s->out, suffix);
}

// value: one of our own words, none of which needs escaping.
static void put_label(const struct sample *s, const char *before, const char *name,
		      const char *value)
{
	rd_put_str(s->out, before);
	rd_put_str(s->out, name);
	rd_put_lit(s->out, "=\"");
	rd_put_str(s->out, value);
	rd_put_lit(s->out, "\"");
}

static void put_value(const struct sample *s, uint64_t value)
{
	rd_put_lit(s->out, " ");
	rd_put_u64(s->out, value);
	rd_put_lit(s->out, "\n");
}

static void put_sample(const struct sample *s, uint64_t value)
{
	put_name(s, "");
	put_value(s, value);
}

static void put_labelled(const struct sample *s, const char *label, const char *text,
			 uint64_t value)
{
	put_name(s, "");
	put_label(s, "{", label, text);
	rd_put_lit(s->out, "}");
	put_value(s, value);
}

// The name with its route, and a second label unless that is NULL.
static void put_route(const struct sample *s, const char *suffix, size_t route, const char *label,
		      const char *text)
{
	put_name(s, suffix);
	put_label(s, "{", "route", rd_route_names[route]);
	if (label)
		put_label(s, ",", label, text);
	rd_put_lit(s->out, "}");
}

static void print_plain(const struct sample *s, const struct sums *sums)
{
	put_sample(s, sums->all.plain[s->metric]);
}

static void print_connections(const struct sample *s, const struct sums *sums)
{
	put_sample(s, sums->all.connections);
}

static void print_redis_up(const struct sample *s, const struct sums *sums)
{
	put_sample(s, sums->redis_up);
}

static void print_build(const struct sample *s, const struct sums *sums)
{
	(void)sums;
	put_labelled(s, "version", rd_version, 1);
}

static void print_workers(const struct sample *s, const struct sums *sums)
{
	static const char *const names[RD_WORKER_STATE_COUNT] = {
	    [RD_WORKER_DOWN] = "down",
	    [RD_WORKER_STARTING] = "starting",
	    [RD_WORKER_SERVING] = "serving",
	    [RD_WORKER_DRAINING] = "draining",
	};

	for (size_t i = 0; i < RD_WORKER_STATE_COUNT; i++)
		put_labelled(s, "state", names[i], sums->workers[i]);
}

// Only those that were seen: most pairs of route and status never occur.
static void print_requests(const struct sample *s, const struct sums *sums)
{
#define CODE_TEXT(code) #code,
	static const char *const codes[RD_CODE_COUNT] = {RD_CODES(CODE_TEXT)};
#undef CODE_TEXT

	for (size_t route = 0; route < RD_ROUTE_COUNT; route++)
		for (size_t code = 0; code < RD_CODE_COUNT; code++) {
			if (!sums->all.requests[route][code])
				continue;
			put_route(s, "", route, "code", codes[code]);
			put_value(s, sums->all.requests[route][code]);
		}
}

static void print_histogram(const struct sample *s, const struct sums *sums, size_t route)
{
#define LIMIT_TEXT(limit_us, text) text,
	static const char *const limits[RD_BUCKET_COUNT] = {RD_BUCKETS(LIMIT_TEXT) "+Inf"};
#undef LIMIT_TEXT
	uint64_t count = 0;

	for (size_t i = 0; i < RD_BUCKET_COUNT; i++) {
		count += sums->all.bucket[route][i];
		put_route(s, "_bucket", route, "le", limits[i]);
		put_value(s, count);
	}
	put_route(s, "_sum", route, NULL, NULL);
	rd_put_lit(s->out, " ");
	rd_put_seconds(s->out, sums->all.duration_us[route]);
	rd_put_lit(s->out, "\n");
	put_route(s, "_count", route, NULL, NULL);
	put_value(s, count);
}

static void print_durations(const struct sample *s, const struct sums *sums)
{
	for (size_t route = 0; route < RD_ROUTE_COUNT; route++) {
		uint64_t any = 0;

		for (size_t i = 0; i < RD_BUCKET_COUNT; i++)
			any |= sums->all.bucket[route][i];
		if (any)
			print_histogram(s, sums, route);
	}
}

// The outcomes of a known token are written from the start, so that the first one is seen as a
// rise; other mistakes only once they have occurred.
static void print_refreshes(const struct sample *s, const struct sums *sums)
{
	for (size_t i = RD_TURN_ROTATED; i <= RD_TURN_KEPT; i++)
		put_labelled(s, "outcome", rd_turn_rows[i].outcome, sums->all.refreshed[i]);
	for (size_t i = 1; i < RD_RESULT_COUNT; i++)
		if (rd_refused((enum rd_result)i) || sums->all.refused[i])
			put_labelled(s, "outcome", rd_result_rows[i].outcome, sums->all.refused[i]);
}

// The reasons after USER come from the admin verbs, which count nothing.
static void print_revoked(const struct sample *s, const struct sums *sums)
{
	for (size_t i = RD_REASON_REUSE; i <= RD_REASON_USER; i++)
		put_labelled(s, "reason", rd_reason_names[i], sums->all.revoked[i]);
}

static void print_logins(const struct sample *s, const struct sums *sums)
{
	static const enum rd_result reasons[] = {RD_BAD_LOGIN, RD_WAIT, RD_BUSY};

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		put_labelled(s, "reason", rd_result_rows[reasons[i]].outcome,
			     sums->all.login_refused[reasons[i]]);
}

static void print_key_age(const struct sample *s, const struct sums *sums)
{
	const struct rd_now *now = sums->now;

	if (now->key_since_s <= 0)
		return;
	put_sample(s,
		   now->now_s > now->key_since_s ? (uint64_t)(now->now_s - now->key_since_s) : 0);
}

static void print_lines(const struct sample *s, const struct sums *sums)
{
	put_labelled(s, "reason", "blocked", sums->all.lines_lost[RD_LINE_BLOCKED]);
	put_labelled(s, "reason", "limited", sums->all.lines_lost[RD_LINE_LIMITED]);
}

static const struct row {
	const char *name, *type, *help;
	void (*print)(const struct sample *s, const struct sums *sums);
} rows[RD_METRIC_COUNT] = {
#define ROW(name, text, type, print, help) {#text, #type, help, print_##print},
    RD_METRICS(ROW)
#undef ROW
};

// A place consists of counters only. Workers count on meanwhile, so the sums are not of one moment.
static void add_up(struct sums *sums, const struct rd_metrics *metrics)
{
	rd_counter *const all = (rd_counter *)&sums->all;
	bool serving = false, missed = false;
	uint64_t there;

	for (size_t n = 0; n < metrics->places; n++) {
		const struct rd_counts *place = &metrics->place[n];
		const rd_counter *from = (const rd_counter *)place;

		for (size_t i = 0; i < sizeof *place / sizeof *from; i++)
			all[i] += atomic_load_explicit(&from[i], memory_order_relaxed);
		if (n == 0)
			continue; // the master serves nobody
		sums->workers[place->state % RD_WORKER_STATE_COUNT]++;
		serving |= place->state == RD_WORKER_SERVING;
		missed |= place->state == RD_WORKER_SERVING && !place->redis_up;
	}
	there = sums->workers[RD_WORKER_STARTING] + sums->workers[RD_WORKER_SERVING];
	sums->workers[RD_WORKER_DOWN] = there < metrics->workers ? metrics->workers - there : 0;
	sums->redis_up = serving && !missed;
}

void rd_metrics_print(const struct rd_metrics *metrics, const struct rd_now *now,
		      struct rd_buf *out)
{
	struct sums sums = {.now = now};

	add_up(&sums, metrics);
	for (size_t i = 0; i < RD_METRIC_COUNT; i++) {
		const struct sample s = {rows[i].name, (enum rd_metric)i, out};

		rd_put_lit(out, "# HELP refreshd_");
		rd_put_str(out, s.name);
		rd_put_lit(out, " ");
		rd_put_str(out, rows[i].help);
		rd_put_lit(out, "\n# TYPE refreshd_");
		rd_put_str(out, s.name);
		rd_put_lit(out, " ");
		rd_put_str(out, rows[i].type);
		rd_put_lit(out, "\n");
		rows[i].print(&s, &sums);
	}
}
