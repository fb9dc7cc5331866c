// The progress of long work: a bar with the rate and the time left on a terminal, JSON lines
// otherwise.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct rd_tally {
	uint64_t users;              // done
	uint64_t ended, over, stand; // their sessions, as in struct rd_swept
};

struct rd_progress {
	const char *event; // "session.revoke_all"
	bool terminal;
	bool dry; // a dry run, as each line says
	int64_t started_ms, shown_ms;
};

// json: also on a terminal.
void rd_progress_start(struct rd_progress *progress, const char *event, bool json, bool dry);
// share: how much is done, 0..1; negative: not known. Prints at most every 100 ms on a terminal,
// every 5 s elsewhere.
void rd_progress_show(struct rd_progress *progress, const struct rd_tally *tally, double share);
// state: "done", "stopped" or "failed". text: the result in words, for a terminal.
void rd_progress_end(struct rd_progress *progress, const struct rd_tally *tally, const char *state,
		     const char *text);

// How much of a hash table a SCAN cursor has behind it, 0..1. Redis counts a cursor up from its
// highest bit. Pure.
double rd_scan_share(uint64_t cursor);
