// Work over the sessions of many users: `session revoke-all` and `session clean`.
#pragma once
#include "fcgi/admin/admin.h"

struct rd_sweep_job {
	const char *event; // for JSON lines: "session.revoke_all"
	// Whose sessions, one of three:
	const char *user;  // this user's; else NULL
	const char *users; // a file's, one user name a line, "-" for stdin; else NULL
	bool everyone;     // all users who have sessions
	bool ends;         // ends sessions; else only takes expired ones out of the users' lists
	int64_t before_ms; // only those created before; 0: before now
	struct rd_span client; // only those of this client; empty: of any
	bool dry;              // only counts
	bool json;             // reports in JSON on a terminal too
};

// Returns the exit status. What is done stays done: after a failure, SIGINT or SIGTERM it prints
// how to continue.
[[nodiscard]] int rd_sweep_run(struct rd_admin *admin, const struct rd_sweep_job *job);

// Reads "2026-11-21T04:31:49Z" or "2026-11-21", UTC. Returns ms since 1970, -1 when it is neither.
[[nodiscard]] int64_t rd_time_from(const char *text);
