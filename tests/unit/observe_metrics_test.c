// The table of metrics, their sums over workers and the text that Prometheus reads.
#include "observe/metrics.h"
#include "unit.h"

static struct {
	struct rd_metrics *metrics;
	char text[RD_METRICS_TEXT_MAX];
	struct rd_buf out;
} m;

static int start_metrics(void **state)
{
	m.metrics = rd_metrics_new(2, 2);
	return m.metrics ? start_sodium(state) : -1;
}

static const char *printed(struct rd_now now)
{
	m.out = RD_BUF(m.text);
	m.out.max--;
	rd_metrics_print(m.metrics, &now, &m.out);
	assert_true(rd_buf_ok(&m.out));
	m.text[m.out.len] = 0;
	return m.text;
}

// Whether the text has this line.
static bool says(const char *line)
{
	const size_t len = strlen(line);

	for (const char *at = printed((struct rd_now){0}); (at = strstr(at, line)); at++)
		if ((at == m.text || at[-1] == '\n') && at[len] == '\n')
			return true;
	return false;
}

#define assert_says(line)                                       \
	do {                                                    \
		if (!says(line))                                \
			fail_msg("no %s in\n%s", line, m.text); \
	} while (0)

static void each_metric_has_help_and_type_before_its_samples(void **state)
{
	static const struct {
		const char *name, *type, *help;
	} rows[] = {
#define ROW(name, text, type, print, help) {"refreshd_" #text, #type, help},
	    RD_METRICS(ROW)
#undef ROW
	};
	const char *at = printed((struct rd_now){1, 2});
	char head[512];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *found;

		snprintf(head, sizeof head, "# HELP %s %s\n# TYPE %s %s\n", rows[i].name,
			 rows[i].help, rows[i].name, rows[i].type);
		found = strstr(at, head);
		assert_non_null(found);
		assert_true(found == at || found[-1] == '\n');
		assert_null(strstr(found + 1, head));
		at = found + strlen(head);
		assert_int_equal(strcmp(rows[i].type, "counter") == 0,
				 strcmp(rows[i].name + strlen(rows[i].name) - 6, "_total") == 0);
	}
}

static void counts_of_all_workers_are_summed(void **state)
{
	(void)state;
	for (unsigned worker = 0; worker <= 2; worker++) {
		struct rd_counts *c = rd_metrics_counts(m.metrics, worker);

		rd_count_request(c, RD_ROUTE_refresh, 200, 900);
		rd_count_refresh(c, RD_OK, RD_TURN_ROTATED);
		rd_count_refresh(c, RD_FUTURE, RD_TURN_NONE);
		rd_count_revoked(c, RD_REASON_LOGOUT, 2);
		rd_count_login_refused(c, RD_BUSY);
		rd_count_line_lost(c, RD_LINE_LIMITED, 5);
		rd_count(c, RD_METRIC_RESTARTS);
		rd_gauge(&c->connections, worker);
	}
	assert_says("refreshd_requests_total{route=\"refresh\",code=\"200\"} 3");
	assert_says("refreshd_refresh_total{outcome=\"rotated\"} 3");
	assert_says("refreshd_refresh_total{outcome=\"future\"} 3");
	assert_says("refreshd_refresh_total{outcome=\"reuse\"} 0");
	assert_says("refreshd_families_revoked_total{reason=\"logout\"} 6");
	assert_says("refreshd_logins_refused_total{reason=\"login_busy\"} 3");
	assert_says("refreshd_log_lines_dropped_total{reason=\"limited\"} 15");
	assert_says("refreshd_worker_restarts_total 3");
	assert_says("refreshd_connections 3");
}

static void a_status_that_is_not_in_the_list_is_counted_as_0(void **state)
{
	(void)state;
	rd_count_request(rd_metrics_counts(m.metrics, 1), RD_ROUTE_none, 418, -1);
	assert_says("refreshd_requests_total{route=\"none\",code=\"0\"} 1");
	assert_null(strstr(m.text, "seconds_count{route=\"none\"}"));
}

// Buckets hold what is at most their bound, and all of the smaller ones.
static void the_histogram_is_cumulative(void **state)
{
	static const int64_t took_us[] = {0, 250, 251, 1000, 1001, 2500000, 2500001, 60000000};
	struct rd_counts *c = rd_metrics_counts(m.metrics, 1);

	(void)state;
	for (size_t i = 0; i < COUNT(took_us); i++)
		rd_count_request(c, RD_ROUTE_jwks, 200, took_us[i]);
	assert_says("refreshd_request_duration_seconds_bucket{route=\"jwks\",le=\"0.00025\"} 2");
	assert_says("refreshd_request_duration_seconds_bucket{route=\"jwks\",le=\"0.0005\"} 3");
	assert_says("refreshd_request_duration_seconds_bucket{route=\"jwks\",le=\"0.001\"} 4");
	assert_says("refreshd_request_duration_seconds_bucket{route=\"jwks\",le=\"1\"} 5");
	assert_says("refreshd_request_duration_seconds_bucket{route=\"jwks\",le=\"2.5\"} 6");
	assert_says("refreshd_request_duration_seconds_bucket{route=\"jwks\",le=\"+Inf\"} 8");
	assert_says("refreshd_request_duration_seconds_count{route=\"jwks\"} 8");
	assert_says("refreshd_request_duration_seconds_sum{route=\"jwks\"} 65.002503");
}

static void workers_are_told_apart_by_what_they_do(void **state)
{
	struct rd_counts *one = rd_metrics_counts(m.metrics, 1);
	struct rd_counts *two = rd_metrics_counts(m.metrics, 2);

	(void)state;
	assert_says("refreshd_workers{state=\"down\"} 2");
	assert_says("refreshd_redis_up 0");
	rd_gauge(&one->state, RD_WORKER_SERVING);
	rd_gauge(&one->redis_up, 1);
	rd_gauge(&two->state, RD_WORKER_STARTING);
	assert_says("refreshd_workers{state=\"serving\"} 1");
	assert_says("refreshd_workers{state=\"starting\"} 1");
	assert_says("refreshd_workers{state=\"down\"} 0");
	assert_says("refreshd_redis_up 1");
	rd_gauge(&two->state, RD_WORKER_SERVING);
	assert_says("refreshd_redis_up 0");
	rd_gauge(&two->redis_up, 1);
	assert_says("refreshd_redis_up 1");
	rd_gauge(&two->state, RD_WORKER_DRAINING);
	assert_says("refreshd_workers{state=\"draining\"} 1");
}

static void the_age_of_a_key_is_told_when_it_is_known(void **state)
{
	(void)state;
	assert_null(strstr(printed((struct rd_now){0, 1000}), "\nrefreshd_signing_key_age"));
	assert_non_null(strstr(printed((struct rd_now){400, 1000}),
			       "\nrefreshd_signing_key_age_seconds 600\n"));
	assert_non_null(
	    strstr(printed((struct rd_now){1400, 1000}), "\nrefreshd_signing_key_age_seconds 0\n"));
}

static void whatever_was_counted_fits_into_a_reply(void **state)
{
	struct rd_counts *c = rd_metrics_counts(m.metrics, 1);
	rd_counter *all = (rd_counter *)c;

	(void)state;
	for (size_t i = 0; i < sizeof *c / sizeof *all; i++)
		atomic_store(&all[i], UINT64_MAX);
	printed((struct rd_now){1, INT64_MAX});
	assert_true(m.out.len > 20000);
	assert_non_null(strstr(m.text, "\nrefreshd_log_lines_dropped_total{reason=\"limited\"} "
				       "18446744073709551615\n"));
}

static void nobody_counts_without_a_place(void **state)
{
	(void)state;
	rd_count(NULL, RD_METRIC_RESTARTS);
	rd_count_request(NULL, RD_ROUTE_none, 200, 1);
	rd_count_refresh(NULL, RD_OK, RD_TURN_ROTATED);
	rd_count_revoked(NULL, RD_REASON_CAP, 1);
	rd_count_login_refused(NULL, RD_BUSY);
	rd_count_line_lost(NULL, RD_LINE_BLOCKED, 1);
}

// Two processes must not write into one line of the processor's cache.
static void a_place_has_cache_lines_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct rd_counts) % 64, 0);
	for (unsigned i = 0; i <= 2; i++)
		assert_int_equal((uintptr_t)rd_metrics_counts(m.metrics, i) % 64, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define FRESH(test) cmocka_unit_test_setup(test, start_metrics)
	    FRESH(each_metric_has_help_and_type_before_its_samples),
	    FRESH(counts_of_all_workers_are_summed),
	    FRESH(a_status_that_is_not_in_the_list_is_counted_as_0),
	    FRESH(the_histogram_is_cumulative),
	    FRESH(workers_are_told_apart_by_what_they_do),
	    FRESH(the_age_of_a_key_is_told_when_it_is_known),
	    FRESH(whatever_was_counted_fits_into_a_reply),
	    FRESH(nobody_counts_without_a_place),
	    FRESH(a_place_has_cache_lines_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
