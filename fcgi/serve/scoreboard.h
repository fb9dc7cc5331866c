// What workers tell the master, in memory that all of them share: a heartbeat, whether they serve,
// and whether they ask to be recycled. Each worker process has a place of its own, from 0 on.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct rd_scoreboard;

// Before the first fork, once in a master. Returns NULL when memory or descriptors are short.
[[nodiscard]] struct rd_scoreboard *rd_scoreboard_new(unsigned places);
void rd_scoreboard_free(struct rd_scoreboard *scoreboard); // when all workers have ended
// For the master's poll: readable when a worker has begun to serve or asks to be recycled, until
// rd_scoreboard_clear_event.
int rd_scoreboard_event_fd(const struct rd_scoreboard *scoreboard);
void rd_scoreboard_clear_event(const struct rd_scoreboard *scoreboard);

// The master's half. Before it gives the place to a new process: neither serving nor to be
// recycled. beat_ms: monotonic, counts as the first heartbeat; in the future where set-up may take
// long.
void rd_scoreboard_reset(struct rd_scoreboard *scoreboard, unsigned place, int64_t beat_ms);
// Returns when the last heartbeat was, monotonic.
int64_t rd_scoreboard_heartbeat_ms(const struct rd_scoreboard *scoreboard, unsigned place);
bool rd_scoreboard_serving(const struct rd_scoreboard *scoreboard, unsigned place);
bool rd_scoreboard_wants_recycling(const struct rd_scoreboard *scoreboard, unsigned place);

// The worker's half. A heartbeat, at every wake-up; one that lies in the future stays.
void rd_scoreboard_heartbeat(struct rd_scoreboard *scoreboard, unsigned place, int64_t now_ms);
// Before something that takes long in one piece: sets the heartbeat to until_ms, which may be in
// the future. After it: with the time by then.
void rd_scoreboard_busy_until(struct rd_scoreboard *scoreboard, unsigned place, int64_t until_ms);
// These two wake the master.
void rd_scoreboard_set_serving(struct rd_scoreboard *scoreboard, unsigned place, int64_t now_ms);
void rd_scoreboard_ask_recycling(struct rd_scoreboard *scoreboard, unsigned place);
