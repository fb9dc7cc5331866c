// What the workers tell the master, in memory that all of them share: that they live, that they
// serve, that they have served enough. Each has a place of its own there.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct rd_board;

// Before the first fork, once in a master. NULL when memory or descriptors are short.
[[nodiscard]] struct rd_board *rd_board_new(unsigned places);
void rd_board_free(struct rd_board *board); // when all workers have ended
// For the master's poll: readable when a place has rung; rd_board_heard makes it silent again.
int rd_board_bell(const struct rd_board *board);
void rd_board_heard(const struct rd_board *board);

// The master, before it gives the place to a new worker. beat_ms: monotonic, counts as its
// first, and may be in the future where set-up takes long.
void rd_board_clear(struct rd_board *board, unsigned place, int64_t beat_ms);
int64_t rd_board_beat_ms(const struct rd_board *board, unsigned place);
bool rd_board_serving(const struct rd_board *board, unsigned place);
bool rd_board_tired(const struct rd_board *board, unsigned place);

// The worker at that place: it lives, at every wake-up; the last two
// ring.
void rd_board_beat(struct rd_board *board, unsigned place, int64_t now_ms);
// It is about to do what takes long in one piece: no sign is due until then. The end, until now.
void rd_board_busy(struct rd_board *board, unsigned place, int64_t until_ms);
void rd_board_serve(struct rd_board *board, unsigned place, int64_t now_ms);
void rd_board_tire(struct rd_board *board, unsigned place);
