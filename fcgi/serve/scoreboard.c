#include "fcgi/serve/scoreboard.h"
#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock cannot be shared between processes");

struct place {
	alignas(64) _Atomic int64_t beat_ms; // a cache line each: written at every wake-up
	_Atomic bool serving, tired;
};

struct rd_board {
	int bell_fd;
	struct place *place;
	size_t size; // bytes of all places
};

struct rd_board *rd_board_new(unsigned places)
{
	struct rd_board *board = malloc(sizeof *board);
	const size_t size = places * sizeof *board->place;
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int bell_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (!board || shared == MAP_FAILED || bell_fd < 0) {
		free(board); // whoever asked gives up: the rest ends with the process
		return NULL;
	}
	*board = (struct rd_board){bell_fd, shared, size};
	return board;
}

void rd_board_free(struct rd_board *board)
{
	munmap(board->place, board->size);
	close(board->bell_fd);
	free(board);
}

int rd_board_bell(const struct rd_board *board)
{
	return board->bell_fd;
}

void rd_board_heard(const struct rd_board *board)
{
	uint64_t rings;

	(void)!read(board->bell_fd, &rings, sizeof rings);
}

void rd_board_clear(struct rd_board *board, unsigned place, int64_t beat_ms)
{
	atomic_store(&board->place[place].serving, false);
	atomic_store(&board->place[place].tired, false);
	atomic_store(&board->place[place].beat_ms, beat_ms);
}

int64_t rd_board_beat_ms(const struct rd_board *board, unsigned place)
{
	return atomic_load_explicit(&board->place[place].beat_ms, memory_order_relaxed);
}

bool rd_board_serving(const struct rd_board *board, unsigned place)
{
	return atomic_load(&board->place[place].serving);
}

bool rd_board_tired(const struct rd_board *board, unsigned place)
{
	return atomic_load(&board->place[place].tired);
}

void rd_board_beat(struct rd_board *board, unsigned place, int64_t now_ms)
{
	_Atomic int64_t *beat_ms = &board->place[place].beat_ms;

	// Only forward: the first one, of the master, may be in the future.
	if (now_ms > atomic_load_explicit(beat_ms, memory_order_relaxed))
		atomic_store_explicit(beat_ms, now_ms, memory_order_relaxed);
}

void rd_board_busy(struct rd_board *board, unsigned place, int64_t until_ms)
{
	atomic_store_explicit(&board->place[place].beat_ms, until_ms, memory_order_relaxed);
}

static void ring(const struct rd_board *board)
{
	(void)!write(board->bell_fd, &(uint64_t){1}, sizeof(uint64_t));
}

void rd_board_serve(struct rd_board *board, unsigned place, int64_t now_ms)
{
	rd_board_busy(board, place, now_ms);
	atomic_store(&board->place[place].serving, true);
	ring(board);
}

void rd_board_tire(struct rd_board *board, unsigned place)
{
	atomic_store(&board->place[place].tired, true);
	ring(board);
}
