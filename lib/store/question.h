// How a question is put together, and how the scripts' packed answers are read. For lib/store only.
#pragma once
#include "store/store.h"

void rd_question_start(struct rd_question *q, enum rd_script script);
void rd_question_arg(struct rd_question *q, struct rd_span bytes);
void rd_question_int(struct rd_question *q, int64_t n); // n >= 0
// prefix{slot}:what — the braces make all of one user's keys share a Redis Cluster slot. tail:
// comes behind it, may be empty.
void rd_question_key(struct rd_question *q, struct rd_span prefix, const uint8_t *slot,
		     const char *what, struct rd_span tail);
// The arguments of a script that goes over all keys prefix{..}:what, looking at count of them.
void rd_question_scan(struct rd_question *q, struct rd_span cursor, unsigned count,
		      struct rd_span prefix, const char *what);

static inline struct rd_span rd_sid_span(const char *sid) // NULL gives the empty span
{
	return (struct rd_span){sid, sid ? RD_SID_TEXT_LEN : 0};
}

// Takes a big-endian number off the front of rest, which has that many bytes (asserted).
uint64_t rd_take_int(struct rd_span *rest, size_t bytes);

// Reads letter and time of the answer's part 0. letters: those that the script can begin with.
// Returns the result and what comes behind; RD_STORE_OUT for anything else.
[[nodiscard]] enum rd_result rd_answer_open(const struct rd_answer *answer, const char *letters,
					    struct rd_turn *turn, struct rd_span *rest);
