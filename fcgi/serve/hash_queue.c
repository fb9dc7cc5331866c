#include "fcgi/serve/hash_queue.h"
#include <stdlib.h>
#include "base/queue.h"
#include "base/secret.h"

bool rd_hash_push(struct rd_hash_queue *queue, struct rd_hash_job *job,
		  const struct rd_answer *answer)
{
	char *at;

	*job = (struct rd_hash_job){.answer = *answer};
	for (size_t i = 0; i < answer->count; i++)
		job->text_len += answer->part[i].len;
	at = job->text = malloc(job->text_len + 1);
	if (!at)
		return false;
	for (size_t i = 0; i < answer->count; i++) {
		const struct rd_span from = answer->part[i];

		if (!from.ptr)
			continue;
		memcpy(at, from.ptr, from.len);
		job->answer.part[i].ptr = at;
		at += from.len;
	}
	rd_queue_push(queue, job);
	return true;
}

void rd_hash_done(struct rd_hash_job *job)
{
	rd_wipe(job->text, job->text_len); // a password's hash
	free(job->text);
	*job = (struct rd_hash_job){0};
}
