// What a reload replaces: configuration and keys. The master publishes them in memory shared with
// the workers: they need no file, and none is replaced. Each worker copies it into a snapshot of
// its own, and a request keeps the one it began with.
#pragma once
#include "op/op.h"

// Written by the master alone.
struct rd_published;

// Before the first fork. NULL when memory is short.
[[nodiscard]] struct rd_published *rd_published_new(void);
// What is published now; only the master may look without copying.
const struct rd_config *rd_published_config(const struct rd_published *published);
const struct rd_keys *rd_published_keys(const struct rd_published *published);
// Cannot fail. The keys of before are gone from the shared memory when it returns.
void rd_publish(struct rd_published *published, const struct rd_config *config,
		const struct rd_keys *keys);
// For a worker: makes its view of the shared memory read-only.
void rd_published_seal(struct rd_published *published);

// All of config and keys that operations use. Its signer is NULL when keys has none for access_alg.
struct rd_service rd_service_of(const struct rd_config *config, const struct rd_keys *keys);

struct rd_snapshot {
	struct rd_service service; // points to config and keys
	struct rd_config config;
	struct rd_keys keys;
	uint32_t version; // of rd_published
	unsigned users;   // the loop, as long as it is the newest, and requests
};

// held: the worker's newest so far, or NULL. Gives it back while nothing newer is published (or
// memory is short: then the next call tries again); else lets go of it and gives the new one.
struct rd_snapshot *rd_snapshot_newest(struct rd_snapshot *held,
				       const struct rd_published *published);
struct rd_snapshot *rd_snapshot_acquire(struct rd_snapshot *snapshot);
// Wiped and freed when nobody has it any more. NULL is fine.
void rd_snapshot_release(struct rd_snapshot *snapshot);
