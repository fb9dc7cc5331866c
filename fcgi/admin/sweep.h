// The administrator's long work over sessions: revoke-all and clean.
#pragma once
#include "fcgi/admin/admin.h"

struct rd_sweep_job {
	const char *event;     // for JSON lines: "session.revoke_all"
	const char *user;      // one user; else NULL
	const char *users;     // a file of names, one a line, "-" for stdin; else NULL
	bool everyone;         // all users who have sessions
	bool ends;             // sessions; else only what is over leaves the users' lists
	int64_t before_ms;     // those begun before; 0: before now
	struct rd_span client; // of this client; empty: of any
	bool dry, json;
};

// Returns the exit status. What is done stays done: after a failure or SIGINT, SIGTERM the same job
// goes on where it was, and says how.
[[nodiscard]] int rd_sweep_run(struct rd_admin *admin, const struct rd_sweep_job *job);

// "2026-11-21T04:31:49Z" or "2026-11-21", UTC. -1: neither.
[[nodiscard]] int64_t rd_time_from(const char *text);
