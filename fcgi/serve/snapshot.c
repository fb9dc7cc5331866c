#include "fcgi/serve/snapshot.h"
#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/mman.h>

static_assert(ATOMIC_INT_LOCK_FREE == 2, "a lock cannot be shared between processes");

// Two slots by turns. A worker may still be copying slot[version & 1] when the master goes on to
// the next version; it sees that by the version afterwards, and copies again.
struct slot {
	struct rd_config config;
	struct rd_keys keys;
};

struct rd_published {
	_Atomic uint32_t version;
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
	return &p->slot[atomic_load(&p->version) & 1].config;
}

const struct rd_keys *rd_published_keys(const struct rd_published *p)
{
	return &p->slot[atomic_load(&p->version) & 1].keys;
}

void rd_publish(struct rd_published *p, const struct rd_config *config, const struct rd_keys *keys)
{
	const uint32_t before = atomic_load(&p->version), version = before + 1;

	p->slot[version & 1].config = *config;
	p->slot[version & 1].keys = *keys;
	atomic_store(&p->version, version);
	// Not before the version is seen: who copies from there now must notice.
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

static uint32_t copy_published(struct rd_snapshot *out, const struct rd_published *p)
{
	uint32_t version;

	do {
		version = atomic_load(&p->version);
		out->config = p->slot[version & 1].config;
		out->keys = p->slot[version & 1].keys;
		atomic_thread_fence(memory_order_seq_cst);
	} while (atomic_load(&p->version) != version);
	return version;
}

struct rd_snapshot *rd_snapshot_newest(struct rd_snapshot *held, const struct rd_published *p)
{
	struct rd_snapshot *s;

	if (held && held->version == atomic_load_explicit(&p->version, memory_order_acquire))
		return held;
	s = sodium_malloc(sizeof *s); // kept out of swap and cores, and wiped when freed
	if (!s)
		return held;
	s->version = copy_published(s, p);
	s->service = rd_service_of(&s->config, &s->keys);
	s->users = 1;
	rd_snapshot_release(held);
	return s;
}

struct rd_snapshot *rd_snapshot_acquire(struct rd_snapshot *s)
{
	s->users++;
	return s;
}

void rd_snapshot_release(struct rd_snapshot *s)
{
	if (s && --s->users == 0)
		sodium_free(s);
}
