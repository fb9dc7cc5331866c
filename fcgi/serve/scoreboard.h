// What the workers tell the master, in memory that all of them share: that they live, that they
// serve, that they have served enough. Each has a place of its own there.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct rd_scoreboard;

// Before the first fork, once in a master. NULL when memory or descriptors are short.
[[nodiscard]] struct rd_scoreboard *rd_scoreboard_new(unsigned places);
void rd_scoreboard_free(struct rd_scoreboard *scoreboard); // when all workers have ended
// For the master's poll: readable when a place has rung; rd_scoreboard_clear_event makes it silent
// again.
int rd_scoreboard_event_fd(const struct rd_scoreboard *scoreboard);
void rd_scoreboard_clear_event(const struct rd_scoreboard *scoreboard);

// The master, before it gives the place to a new worker. beat_ms: monotonic, counts as its
// first, and may be in the future where set-up takes long.
void rd_scoreboard_reset(struct rd_scoreboard *scoreboard, unsigned place, int64_t beat_ms);
int64_t rd_scoreboard_heartbeat_ms(const struct rd_scoreboard *scoreboard, unsigned place);
bool rd_scoreboard_serving(const struct rd_scoreboard *scoreboard, unsigned place);
bool rd_scoreboard_wants_recycling(const struct rd_scoreboard *scoreboard, unsigned place);

// The worker at that place: it lives, at every wake-up; the last two
// ring.
void rd_scoreboard_heartbeat(struct rd_scoreboard *scoreboard, unsigned place, int64_t now_ms);
// It is about to do what takes long in one piece: no sign is due until then. The end, until now.
void rd_scoreboard_busy_until(struct rd_scoreboard *scoreboard, unsigned place, int64_t until_ms);
void rd_scoreboard_set_serving(struct rd_scoreboard *scoreboard, unsigned place, int64_t now_ms);
void rd_scoreboard_ask_recycling(struct rd_scoreboard *scoreboard, unsigned place);
