// Log lines on stderr: text on a terminal, one JSON object a line otherwise. Never give a token, a
// key, a password or a family id to anything here. Never waits: when the reader of stderr is slow,
// lines are dropped, and the next one says how many.
#pragma once
#include <stdint.h>
#include "base/span.h"

enum rd_log_level { RD_LOG_INFO, RD_LOG_WARN, RD_LOG_ERROR, RD_LOG_CRITICAL };

// An event with a stable name, and a sentence for the reader.
[[gnu::format(printf, 3, 4)]] void rd_log(enum rd_log_level level, const char *event,
					  const char *format, ...);

// What happened to one request. Empty fields are left out; all are borrowed.
struct rd_audit {
	enum rd_log_level level;
	const char *event; // "login.ok", "refresh.reuse" ...
	struct rd_span request_id, client_ip, client_id, sub, sid;
	const char *route, *outcome;
	uint32_t count; // 0 and 1 are left out
};

void rd_log_audit(const struct rd_audit *audit);

// Shown as "worker" in each line; 0 is the master.
void rd_log_worker(unsigned number);
