// Passwords take their turns: what Redis said about an account waits here until its hash is due, so
// that the worker sees to everything else in between.
#pragma once
#include "store/store.h"

struct rd_hash_job {
	struct rd_hash_job *next;
	struct rd_answer answer; // borrows from text
	char *text;              // text_len bytes
	size_t text_len;
};

struct rd_hash_queue {
	struct rd_hash_job *first, *last;
};

// Copies the answer. job: the caller's, until rd_hash_done. False when memory is short.
[[nodiscard]] bool rd_hash_push(struct rd_hash_queue *queue, struct rd_hash_job *job,
				const struct rd_answer *answer);
// The oldest, or NULL.
struct rd_hash_job *rd_hash_pop(struct rd_hash_queue *queue);
void rd_hash_done(struct rd_hash_job *job);
