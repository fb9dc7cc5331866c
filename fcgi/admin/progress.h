// How far long work has come: a bar with rate and time left on a terminal, JSON lines otherwise.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct rd_tally {
	uint64_t users;              // looked at
	uint64_t ended, over, stand; // their sessions, as in struct rd_swept
};

struct rd_progress {
	const char *event; // "session.revoke_all"
	bool terminal;
	bool dry; // said in each line
	int64_t started_ms, shown_ms;
};

// json: also on a terminal.
void rd_progress_start(struct rd_progress *progress, const char *event, bool json, bool dry);
// share: 0..1 of the work, negative when not known. Shows something now and then.
void rd_progress_show(struct rd_progress *progress, const struct rd_tally *tally, double share);
// state: "done", "stopped" or "failed". text: the result in words, for a terminal.
void rd_progress_end(struct rd_progress *progress, const struct rd_tally *tally, const char *state,
		     const char *text);

// What is behind a SCAN cursor, as a share of the whole: its bits, mirrored, count up. Pure.
double rd_scan_share(uint64_t cursor);
