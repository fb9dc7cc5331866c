#include "fcgi/serve/snapshot.h"
#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/mman.h>

static_assert(ATOMIC_INT_LOCK_FREE == 2, "a lock cannot be shared between processes");

// Two slots in turns. A worker may still be copying slot[turn & 1] when the master goes on to the
// next turn; it sees that by the turn afterwards, and copies again.
struct slot {
	struct rd_config config;
	struct rd_keys keys;
};

struct rd_published {
	_Atomic uint32_t turn;
	struct slot slot[2];
};

struct rd_published *rd_published_new(void)
{
	struct rd_published *p =
	    mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, sizeof *p, MADV_DONTDUMP);
	mlock(p, sizeof *p); // as far as the limit allows, so that no key gets to a disk
	return p;
}

const struct rd_config *rd_published_config(const struct rd_published *p)
{
	return &p->slot[atomic_load(&p->turn) & 1].config;
}

const struct rd_keys *rd_published_keys(const struct rd_published *p)
{
	return &p->slot[atomic_load(&p->turn) & 1].keys;
}

void rd_publish(struct rd_published *p, const struct rd_config *config, const struct rd_keys *keys)
{
	const uint32_t before = atomic_load(&p->turn), turn = before + 1;

	p->slot[turn & 1].config = *config;
	p->slot[turn & 1].keys = *keys;
	atomic_store(&p->turn, turn);
	// Not before the turn is seen: who copies from there now must notice.
	atomic_thread_fence(memory_order_seq_cst);
	rd_keys_wipe(&p->slot[before & 1].keys);
	atomic_thread_fence(memory_order_seq_cst);
}

void rd_published_seal(struct rd_published *p)
{
	mprotect(p, sizeof *p, PROT_READ);
}

struct rd_service rd_service_of(const struct rd_config *config, const struct rd_keys *keys)
{
	return (struct rd_service){config, keys, rd_keys_signer(keys, config->alg)};
}

static uint32_t copy(struct rd_generation *out, const struct rd_published *p)
{
	uint32_t turn;

	do {
		turn = atomic_load(&p->turn);
		out->config = p->slot[turn & 1].config;
		out->keys = p->slot[turn & 1].keys;
		atomic_thread_fence(memory_order_seq_cst);
	} while (atomic_load(&p->turn) != turn);
	return turn;
}

struct rd_generation *rd_generation_newest(struct rd_generation *held, const struct rd_published *p)
{
	struct rd_generation *g;

	if (held && held->turn == atomic_load_explicit(&p->turn, memory_order_acquire))
		return held;
	g = sodium_malloc(sizeof *g); // kept out of swap and cores, and wiped when freed
	if (!g)
		return held;
	g->turn = copy(g, p);
	g->service = rd_service_of(&g->config, &g->keys);
	g->users = 1;
	rd_generation_drop(held);
	return g;
}

struct rd_generation *rd_generation_take(struct rd_generation *g)
{
	g->users++;
	return g;
}

void rd_generation_drop(struct rd_generation *g)
{
	if (g && --g->users == 0)
		sodium_free(g);
}
