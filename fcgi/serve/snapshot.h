// What a reload replaces: configuration and keys. The master publishes them in memory shared with
// the workers, which read no file and need no restart. Each worker copies them into a snapshot of
// its own, and a request keeps the snapshot it began with.
#pragma once
#include "op/op.h"

// Written by the master alone.
struct rd_published;

// Before the first fork. Returns NULL when memory is short.
[[nodiscard]] struct rd_published *rd_published_new(void);
// What is published now. Only the master may read it without copying.
const struct rd_config *rd_published_config(const struct rd_published *published);
const struct rd_keys *rd_published_keys(const struct rd_published *published);
// Cannot fail. The keys published before are wiped from the shared memory when it returns.
void rd_publish(struct rd_published *published, const struct rd_config *config,
		const struct rd_keys *keys);
// For a worker: makes its view of the shared memory read-only.
void rd_published_seal(struct rd_published *published);

// Returns what operations use of config and keys, borrowed. Its signer is NULL when keys has none
// for access_alg.
struct rd_service rd_service_of(const struct rd_config *config, const struct rd_keys *keys);

struct rd_snapshot {
	struct rd_service service; // points to config and keys
	struct rd_config config;
	struct rd_keys keys;
	uint32_t version; // of rd_published
	unsigned users;   // the loop, as long as it is the newest, and requests
};

// held: the worker's newest so far, or NULL. Returns it while nothing newer is published, or when
// memory is short (then the next call tries again); otherwise releases it and returns a new one.
struct rd_snapshot *rd_snapshot_newest(struct rd_snapshot *held,
				       const struct rd_published *published);
// Counts one more user, who calls rd_snapshot_release. Returns snapshot.
struct rd_snapshot *rd_snapshot_acquire(struct rd_snapshot *snapshot);
// The last user's call wipes and frees it. NULL is fine.
void rd_snapshot_release(struct rd_snapshot *snapshot);
