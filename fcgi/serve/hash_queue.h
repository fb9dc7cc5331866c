// Logins that wait for their password to be hashed, with what Redis said about their account. The
// worker makes one hash at a time and handles everything else in between.
#pragma once
#include "store/store.h"

struct rd_hash_job {
	struct rd_hash_job *next;
	struct rd_answer answer; // borrows from text
	char *text;              // text_len bytes, owned; holds a password's hash
	size_t text_len;
};

struct rd_hash_queue { // base/queue.h; rd_queue_pop takes the oldest
	struct rd_hash_job *first, *last;
};

// Adds job with a copy of answer. job: the caller's, and must stay where it is until rd_hash_done.
// Returns false when memory is short.
[[nodiscard]] bool rd_hash_push(struct rd_hash_queue *queue, struct rd_hash_job *job,
				const struct rd_answer *answer);
// Wipes and frees the copy.
void rd_hash_done(struct rd_hash_job *job);
