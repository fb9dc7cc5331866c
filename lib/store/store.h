// The store's port: questions and answers as plain values. Operations make one and read the other;
// only redis.c knows how they travel, so an operation is tested without Redis.
#pragma once
#include <stdint.h>
#include "base/buf.h"
#include "base/result.h"
#include "store/record.h"

// The scripts, each in its own .lua file of the same name, embedded at build.
// clang-format off
#define RD_SCRIPTS(X) \
	X(ROTATE,      rotate) \
	X(ISSUE,       issue) \
	X(ACCOUNT,     account) \
	X(ACCOUNT_ADD, account_add)
// clang-format on

enum rd_script {
#define RD_SCRIPT_ENUM(name, file) RD_SCRIPT_##name,
	RD_SCRIPTS(RD_SCRIPT_ENUM)
#undef RD_SCRIPT_ENUM
	    RD_SCRIPT_COUNT
};

#define RD_KEYS_PER_QUESTION 2
#define RD_ARGS_PER_QUESTION 7
#define RD_QUESTION_BYTES    (RD_RECORD_VAR_MAX + 512)

// One script call. The spans point into text, so a question must not be copied.
struct rd_question {
	enum rd_script script;
	size_t keys, args;
	struct rd_span key[RD_KEYS_PER_QUESTION], arg[RD_ARGS_PER_QUESTION];
	size_t text_len;
	char text[RD_QUESTION_BYTES];
};

#define RD_ANSWER_PARTS 3

// What came back. away: no answer in time, or none that can be used; whether the script ran is then
// not known. Otherwise one integer, or count strings (one, or the members of a list; nil is ptr
// NULL).
struct rd_answer {
	bool away;
	int64_t integer;
	size_t count;
	struct rd_span part[RD_ANSWER_PARTS]; // borrowed, good until the answer function returns
};

struct rd_rotation {
	struct rd_span prefix;        // of every key, "rd:"
	const struct rd_token *token; // authentic
	struct rd_span client;
	int64_t grace_ms, idle_ms;
	uint8_t kid;          // of the active refresh key
	bool rotate;          // false: the client keeps one token for the family's life
	struct rd_span scope; // asked for; empty: all that was granted
};

// "may this token rotate?" and what the script said. RD_OK means: give out the token of out's
// generation. A refusal is one of RD_ABSENT .. RD_FUTURE or RD_BAD_SCOPE; RD_STORE_OUT when answer
// is unusable.
struct rd_turn {
	bool kept;               // the client's token does not rotate: it has the one to keep
	int64_t now_ms;          // Redis' clock
	struct rd_record record; // as it stands now, borrowed from the answer; unset when RD_ABSENT
};

void rd_ask_rotate(struct rd_question *out, const struct rd_rotation *rotation);
[[nodiscard]] enum rd_result rd_read_rotate(const struct rd_answer *answer, struct rd_turn *out);

struct rd_issue {
	struct rd_span prefix;
	const struct rd_token *token; // slot, family and kid; generation 0
	const uint8_t *seed;          // RD_SEED_LEN
	int64_t idle_ms, absolute_ms;
	int64_t auth_time_ms;   // 0: now
	struct rd_record about; // user, client, ip, scope, claims, agent
};

void rd_ask_issue(struct rd_question *out, const struct rd_issue *issue);
// RD_OK fills now_ms and record.
[[nodiscard]] enum rd_result rd_read_issue(const struct rd_answer *answer, struct rd_turn *out);

struct rd_account {
	struct rd_span name, hash; // hash: Argon2id, encoded
	bool disabled;
};

void rd_ask_account(struct rd_question *out, struct rd_span prefix,
		    const uint8_t slot[static RD_SLOT_LEN]);
// RD_OK, RD_ABSENT or RD_STORE_OUT. *out borrows from the answer.
[[nodiscard]] enum rd_result rd_read_account(const struct rd_answer *answer,
					     struct rd_account *out);
void rd_ask_account_add(struct rd_question *out, struct rd_span prefix,
			const uint8_t slot[static RD_SLOT_LEN], const struct rd_account *account);
