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
	_Atomic bool serving, recycling_asked;
};

struct rd_scoreboard {
	int event_fd;
	struct place *place;
	size_t size; // bytes of all places
};

struct rd_scoreboard *rd_scoreboard_new(unsigned places)
{
	struct rd_scoreboard *scoreboard = malloc(sizeof *scoreboard);
	const size_t size = places * sizeof *scoreboard->place;
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (!scoreboard || shared == MAP_FAILED || event_fd < 0) {
		free(scoreboard); // the caller ends, and the rest with it
		return NULL;
	}
	*scoreboard = (struct rd_scoreboard){event_fd, shared, size};
	return scoreboard;
}

void rd_scoreboard_free(struct rd_scoreboard *scoreboard)
{
	munmap(scoreboard->place, scoreboard->size);
	close(scoreboard->event_fd);
	free(scoreboard);
}

int rd_scoreboard_event_fd(const struct rd_scoreboard *scoreboard)
{
	return scoreboard->event_fd;
}

void rd_scoreboard_clear_event(const struct rd_scoreboard *scoreboard)
{
	uint64_t count;

	(void)!read(scoreboard->event_fd, &count, sizeof count);
}

void rd_scoreboard_reset(struct rd_scoreboard *scoreboard, unsigned place, int64_t beat_ms)
{
	atomic_store(&scoreboard->place[place].serving, false);
	atomic_store(&scoreboard->place[place].recycling_asked, false);
	atomic_store(&scoreboard->place[place].beat_ms, beat_ms);
}

int64_t rd_scoreboard_heartbeat_ms(const struct rd_scoreboard *scoreboard, unsigned place)
{
	return atomic_load_explicit(&scoreboard->place[place].beat_ms, memory_order_relaxed);
}

bool rd_scoreboard_serving(const struct rd_scoreboard *scoreboard, unsigned place)
{
	return atomic_load(&scoreboard->place[place].serving);
}

bool rd_scoreboard_wants_recycling(const struct rd_scoreboard *scoreboard, unsigned place)
{
	return atomic_load(&scoreboard->place[place].recycling_asked);
}

void rd_scoreboard_heartbeat(struct rd_scoreboard *scoreboard, unsigned place, int64_t now_ms)
{
	_Atomic int64_t *beat_ms = &scoreboard->place[place].beat_ms;

	// Only forward: the first one, from the master, may be in the future.
	if (now_ms > atomic_load_explicit(beat_ms, memory_order_relaxed))
		atomic_store_explicit(beat_ms, now_ms, memory_order_relaxed);
}

void rd_scoreboard_busy_until(struct rd_scoreboard *scoreboard, unsigned place, int64_t until_ms)
{
	atomic_store_explicit(&scoreboard->place[place].beat_ms, until_ms, memory_order_relaxed);
}

static void wake_master(const struct rd_scoreboard *scoreboard)
{
	const uint64_t one = 1;

	(void)!write(scoreboard->event_fd, &one, sizeof one);
}

void rd_scoreboard_set_serving(struct rd_scoreboard *scoreboard, unsigned place, int64_t now_ms)
{
	rd_scoreboard_busy_until(scoreboard, place, now_ms);
	atomic_store(&scoreboard->place[place].serving, true);
	wake_master(scoreboard);
}

void rd_scoreboard_ask_recycling(struct rd_scoreboard *scoreboard, unsigned place)
{
	atomic_store(&scoreboard->place[place].recycling_asked, true);
	wake_master(scoreboard);
}
