// How a question is put together, and how the scripts' packed answers are read. For lib/store only.
#pragma once
#include "store/store.h"

void rd_question_start(struct rd_question *q, enum rd_script script);
void rd_question_arg(struct rd_question *q, struct rd_span bytes);
void rd_question_int(struct rd_question *q, int64_t n); // n >= 0
// prefix{slot}:name and tail, which may be empty. The braces make all of one user's keys share a
// Redis Cluster slot.
void rd_question_key(struct rd_question *q, struct rd_span prefix, const uint8_t *slot,
		     const char *name, struct rd_span tail);
// Two keys: the session's record and its user's index.
void rd_question_session_keys(struct rd_question *q, struct rd_span prefix, const uint8_t *slot,
			      const char *sid);
// Two keys: the user's index and what the keys of the user's records begin with.
void rd_question_user_keys(struct rd_question *q, struct rd_span prefix, const uint8_t *slot);
// The arguments of a script that visits all keys prefix{..}:name: cursor, about how many keys it
// looks at, pattern.
void rd_question_scan(struct rd_question *q, struct rd_span cursor, unsigned count,
		      struct rd_span prefix, const char *name);

static inline struct rd_span rd_sid_span(const char *sid) // of NULL: the empty one
{
	return (struct rd_span){sid, sid ? RD_SID_TEXT_LEN : 0};
}

// Reads letter and time of the answer's part 0. letters: those that the script can answer with.
// Returns the letter's result with *rest what comes behind; RD_STORE_OUT for anything else.
[[nodiscard]] enum rd_result rd_answer_open(const struct rd_answer *answer, const char *letters,
					    struct rd_turn *turn, struct rd_span *rest);
// The same for a script that answers with that many parts and, where there is one, with a record.
[[nodiscard]] enum rd_result rd_answer_turn(const struct rd_answer *answer, size_t parts,
					    const char *letters, struct rd_turn *out);
