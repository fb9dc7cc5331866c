// Log lines on stderr or in a file: text on a terminal, one JSON object a line otherwise. Never
// give a token, a key, a password or a family id to anything here. Never waits: when the reader is
// slow, lines are dropped, and the next one says how many. Of one event only so many lines a second
// are written by each worker, ten seconds' worth at once; one more line each second then says how
// many there were besides.
#pragma once
#include <stdint.h>
#include "base/span.h"
#include "observe/sink.h"

struct rd_counts;

enum rd_log_level { RD_LOG_DEBUG, RD_LOG_INFO, RD_LOG_WARN, RD_LOG_ERROR, RD_LOG_CRITICAL };

#define RD_LOG_LINES_PER_S 10 // of one event, where nothing else is said

// An event with a stable name, and a sentence for the reader.
[[gnu::format(printf, 3, 4)]] void rd_log(enum rd_log_level level, const char *event,
					  const char *format, ...);

// What happened to one request. Empty fields are left out; all are borrowed.
struct rd_audit {
	enum rd_log_level level;
	unsigned per_s;    // lines a second of this event; 0: any number
	const char *event; // "login.ok", "refresh.reuse" ...
	const char *msg;   // what that means
	struct rd_span request_id, client_ip, client_id, sub, sid, method;
	const char *route, *outcome;
	uint32_t count;  // 0 and 1 are left out
	int status;      // 0: not yet known; then took_us is neither
	int64_t took_us; // from the whole request to its answer
};

void rd_log_audit(const struct rd_audit *audit);

// Whether lines of this level are written at all: ask before making one that is often in vain.
bool rd_log_wants(enum rd_log_level level);

// What the lines of this process are about. Least level written: info until it is called.
void rd_log_least(enum rd_log_level level);
// Shown as "worker" in each line; 0 is the master. counts: where lost lines go, or NULL.
void rd_log_worker(unsigned number, struct rd_counts *counts);

// Says what was held back in a second that is over. Returns the ms until it wants to be called
// again, -1 for no wish.
int rd_log_tick(int64_t now_ms);

// SIGUSR1: see rd_sink_reopen. A file that cannot be opened is told of in the old one.
void rd_log_reopen(void);
