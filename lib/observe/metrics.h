// What the service counts about itself. Memory shared by master and workers, made before the first
// fork, has a place for each of them. A process writes only to its own place; a worker that is
// asked for /metrics adds them up. A worker that replaces another one counts on in its place, so
// that sums never fall while the service runs. No label holds an id of anybody.
#pragma once
#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/operations.h"
#include "base/outcomes.h"

static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock cannot be shared between processes");

// The table: enum, name without refreshd_, type, the function that prints its samples (print_* of
// metrics_text.c), help. A dashboard or an alert that names something else fails `make lint`.
// clang-format off
#define RD_METRICS(X) \
	X(BUILD_INFO,       build_info,               gauge,     build,       "Always 1; the version is the label.") \
	X(WORKERS,          workers,                  gauge,     workers,     "Worker processes, by state.") \
	X(RESTARTS,         worker_restarts_total,    counter,   plain,       "Workers that ended without being told to.") \
	X(CONNECTIONS,      connections,              gauge,     connections, "Open FastCGI connections.") \
	X(REQUESTS,         requests_total,           counter,   requests,    "Requests answered, by route and status.") \
	X(DURATION,         request_duration_seconds, histogram, durations,   "Seconds from the complete request to its answer.") \
	X(REFRESHES,        refresh_total,            counter,   refreshes,   "Refreshes, by outcome.") \
	X(REVOKED,          families_revoked_total,   counter,   revoked,     "Sessions ended by requests, by reason.") \
	X(LOGINS_REFUSED,   logins_refused_total,     counter,   logins,      "Logins refused, by reason.") \
	X(VERIFY_HITS,      verify_cache_hits_total,  counter,   plain,       "Access tokens found in the cache of verified ones.") \
	X(VERIFY_MISSES,    verify_cache_misses_total, counter,   plain,       "Access tokens not found in that cache.") \
	X(REDIS_UP,         redis_up,                 gauge,     redis_up,    "1 while every serving worker is connected to Redis, and to a primary.") \
	X(REDIS_ERRORS,     redis_errors_total,       counter,   plain,       "Error replies, lost connections and failed attempts to connect.") \
	X(REDIS_RECONNECTS, redis_reconnects_total,   counter,   plain,       "Connections restored after a loss.") \
	X(KEY_AGE,          signing_key_age_seconds,  gauge,     key_age,     "Seconds since the signing key became active.") \
	X(LINES_DROPPED,    log_lines_dropped_total,  counter,   lines,       "Log lines not written, by reason.")

// HTTP statuses of answers; any other one counts as 0.
#define RD_CODES(X) \
	X(200) X(204) X(400) X(401) X(403) X(404) X(405) X(413) X(415) X(429) X(500) X(503) X(0)

// Upper bounds in microseconds, and as text; the last bucket has none.
#define RD_BUCKETS(X) \
	X(250, "0.00025") X(500, "0.0005") X(1000, "0.001") X(2500, "0.0025") X(5000, "0.005") \
	X(10000, "0.01") X(25000, "0.025") X(50000, "0.05") X(100000, "0.1") X(250000, "0.25") \
	X(500000, "0.5") X(1000000, "1") X(2500000, "2.5")
// clang-format on

#define RD_ONE(...) +1
enum rd_metric {
#define RD_METRIC_ENUM(name, text, type, print, help) RD_METRIC_##name,
	RD_METRICS(RD_METRIC_ENUM)
#undef RD_METRIC_ENUM
	    RD_METRIC_COUNT
};
enum { RD_CODE_COUNT = 0 RD_CODES(RD_ONE), RD_BUCKET_COUNT = 1 RD_BUCKETS(RD_ONE) };
enum rd_worker_state {
	RD_WORKER_DOWN, // ended and not replaced yet
	RD_WORKER_STARTING,
	RD_WORKER_SERVING,
	RD_WORKER_DRAINING,
	RD_WORKER_STATE_COUNT
};
enum rd_line_lost { RD_LINE_BLOCKED, RD_LINE_LIMITED, RD_LINE_LOST_COUNT };

typedef _Atomic uint64_t rd_counter;

// The counters of one process. A refresh touches four or five of them, in as many cache lines,
// which no other process writes to.
struct rd_counts {
	alignas(64) rd_counter plain[RD_METRIC_COUNT]; // of metrics without labels
	rd_counter requests[RD_ROUTE_COUNT][RD_CODE_COUNT];
	rd_counter bucket[RD_ROUTE_COUNT][RD_BUCKET_COUNT]; // each alone, not cumulative
	rd_counter duration_us[RD_ROUTE_COUNT];
	rd_counter refused[RD_RESULT_COUNT]; // refreshes, by result
	rd_counter refreshed[RD_TURN_COUNT]; // the successful ones, by turn
	rd_counter revoked[RD_REASON_COUNT]; // sessions
	rd_counter login_refused[RD_RESULT_COUNT];
	rd_counter lines_lost[RD_LINE_LOST_COUNT];
	rd_counter state, redis_up, connections; // gauges
};

// Of all processes.
struct rd_metrics {
	unsigned places, workers;
	struct rd_counts place[]; // 0 is the master's
};

// places: for workers; successive workers share one and count on. workers: how many there should
// be. NULL when memory is short.
[[nodiscard]] struct rd_metrics *rd_metrics_new(unsigned places, unsigned workers);
struct rd_counts *rd_metrics_counts(struct rd_metrics *metrics, unsigned place);

// Counting. counts NULL: does nothing.
static inline void rd_counter_add(rd_counter *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline void rd_count(struct rd_counts *counts, enum rd_metric metric)
{
	if (counts)
		rd_counter_add(&counts->plain[metric], 1);
}

static inline void rd_gauge(rd_counter *gauge, uint64_t value)
{
	atomic_store_explicit(gauge, value, memory_order_relaxed);
}

// took_us: less than 0 when not known.
void rd_count_request(struct rd_counts *counts, enum rd_route route, int status, int64_t took_us);
// kind: of a success; RD_TURN_NONE: refused with result.
void rd_count_refresh(struct rd_counts *counts, enum rd_result result, enum rd_turn_kind kind);
void rd_count_revoked(struct rd_counts *counts, enum rd_reason reason, uint32_t sessions);
void rd_count_login_refused(struct rd_counts *counts, enum rd_result result);
void rd_count_line_lost(struct rd_counts *counts, enum rd_line_lost why, uint64_t lines);

// What /metrics shows besides the counts. Seconds since 1970.
struct rd_now {
	int64_t key_since_s; // when the signing key became active; 0: not known
	int64_t now_s;
};

// Puts Prometheus' text format, version 0.0.4: at most RD_METRICS_TEXT_MAX bytes.
#define RD_METRICS_TEXT_MAX 65536
void rd_metrics_print(const struct rd_metrics *metrics, const struct rd_now *now,
		      struct rd_buf *out);
