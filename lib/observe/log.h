// Log lines on stderr or in a file: text on a terminal, otherwise one JSON object a line. Never
// give a token, a key, a password or a family id to anything here. Never waits: when the reader is
// slow, lines are dropped, and the next one says how many. A worker writes a limited number of
// lines a second of each event (rate_limit.h); once a second, one more line says how many were held
// back.
#pragma once
#include <stdint.h>
#include "base/span.h"
#include "observe/sink.h"

struct rd_counts;

enum rd_log_level { RD_LOG_DEBUG, RD_LOG_INFO, RD_LOG_WARN, RD_LOG_ERROR, RD_LOG_CRITICAL };

#define RD_LOG_LINES_PER_S 10 // of one event, by default

// event: a stable name, a literal. format: a sentence for the reader.
[[gnu::format(printf, 3, 4)]] void rd_log(enum rd_log_level level, const char *event,
					  const char *format, ...);

// What happened to a request. Empty fields are left out; all are borrowed.
struct rd_audit {
	enum rd_log_level level;
	unsigned per_s;    // lines a second of this event; 0: no limit
	const char *event; // a literal such as "login.ok"
	const char *msg;   // what the event means, or NULL
	struct rd_span request_id, client_ip, client_id, sub, sid, method;
	struct rd_span origin, fetch_site, host; // headers of a request that was refused for them
	const char *route, *outcome;
	uint32_t count;  // 0 and 1 are left out
	int status;      // 0: not known yet, and neither is took_us
	int64_t took_us; // from the complete request to its answer
};

void rd_log_audit(const struct rd_audit *audit);

// Whether lines of this level are written at all: ask before making one that often is not.
bool rd_log_wants(enum rd_log_level level);

// The least severe level that this process writes; info until it is called.
void rd_log_least(enum rd_log_level level);
// number: "worker" in each line of this process; 0 is the master. counts: of lost lines, or NULL.
void rd_log_worker(unsigned number, struct rd_counts *counts);

// Reports the lines that were held back for a second. Returns the ms until it must be called again,
// -1: no need.
int rd_log_tick(int64_t now_ms);

// SIGUSR1: see rd_sink_reopen. When the file cannot be opened, the old one says so.
void rd_log_reopen(void);
