// The store's port: questions and answers as plain values. Operations make one and read the other;
// only redis.c knows how they travel, so an operation is tested without Redis.
#pragma once
#include <stdint.h>
#include "base/buf.h"
#include "base/outcomes.h"
#include "store/record.h"

// The scripts, each in its own .lua file of the same name, embedded at build.
// clang-format off
#define RD_SCRIPTS(X) \
	X(ROTATE,   rotate) \
	X(ISSUE,    issue) \
	X(REVOKE,   revoke) \
	X(SESSION,  session) \
	X(SESSIONS, sessions) \
	X(SWEEP,    sweep) \
	X(USERS,    users) \
	X(LOGIN,    login) \
	X(ACCOUNT,  account) \
	X(ACCOUNTS, accounts)
// clang-format on

enum rd_script {
#define RD_SCRIPT_ENUM(name, file) RD_SCRIPT_##name,
	RD_SCRIPTS(RD_SCRIPT_ENUM)
#undef RD_SCRIPT_ENUM
	    RD_SCRIPT_COUNT
};

#define RD_KEYS_PER_QUESTION 4
#define RD_ARGS_PER_QUESTION 10
#define RD_QUESTION_BYTES    (RD_RECORD_VAR_MAX + 1024)

// One script call. The spans point into text, so a question must not be copied.
struct rd_question {
	enum rd_script script;
	bool durable; // answered only when a replica knows it too
	size_t keys, args;
	struct rd_span key[RD_KEYS_PER_QUESTION], arg[RD_ARGS_PER_QUESTION];
	size_t text_len;
	char text[RD_QUESTION_BYTES];
};

#define RD_ANSWER_PARTS 4

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
	const char *sid;              // RD_SID_TEXT_LEN bytes
	struct rd_span client;
	int64_t grace_ms, idle_ms;
	uint8_t kid;          // of the active refresh key; adopting: the token's
	bool rotate;          // false: the client keeps one token for the session's life
	struct rd_span scope; // asked for; empty: all that was granted
	int64_t late_ms;      // late retries are taken until then after a rotation; 0: never
	uint8_t fingerprint[RD_FINGERPRINT_LEN]; // of the sender
	unsigned adopt; // generations ahead of the record to believe, at most RD_ADOPT_MAX; 0: none
};
#define RD_ADOPT_MAX 4 // generations that a failover may have lost

// What became of a session. RD_OK means: give out the token of out's generation. A refusal is one
// of RD_NO_RECORD .. RD_FUTURE or RD_BAD_SCOPE; RD_STORE_OUT when answer is unusable.
struct rd_turn {
	enum rd_turn_kind kind;
	int64_t now_ms; // Redis' clock
	struct rd_record
	    record;           // as it stands now, borrowed from the answer; unset when RD_NO_RECORD
	struct rd_span ended; // issue: sid of the session that had to make room; else empty
};

void rd_ask_rotate(struct rd_question *out, const struct rd_rotation *rotation);
[[nodiscard]] enum rd_result rd_read_rotate(const struct rd_answer *answer, struct rd_turn *out);

struct rd_issue {
	struct rd_span prefix;
	const struct rd_token *token; // slot and kid; generation 0
	const char *sid;
	const uint8_t *seed; // RD_SEED_LEN
	int64_t idle_ms, absolute_ms;
	int64_t auth_time_ms;   // 0: now
	struct rd_record about; // user, client, ip, scope, claims, agent
	unsigned sessions_max;  // of this user; 0: any number
	// A login: the hash its password was checked against, and the one to have in its place.
	// hash empty: no login. With a login the user's failed ones are forgotten.
	struct rd_span hash, new_hash;
};

void rd_ask_issue(struct rd_question *out, const struct rd_issue *issue);
// RD_OK fills *out. RD_BAD_LOGIN: the account is not any more what the password was checked
// against.
[[nodiscard]] enum rd_result rd_read_issue(const struct rd_answer *answer, struct rd_turn *out);

struct rd_revocation {
	struct rd_span prefix;
	const uint8_t *slot;   // RD_SLOT_LEN: whose sessions
	const char *sid;       // this one; NULL: all
	const char *asker;     // sid of a session that must stand; NULL: nobody asks
	bool keep_asker;       // all but the asker's
	struct rd_span client; // whose session it must be; empty: any
	enum rd_reason reason;
	bool durable;
};

void rd_ask_revoke(struct rd_question *out, const struct rd_revocation *revocation);
// RD_OK: *count sessions have ended, 0 when they had before. RD_NO_RECORD: no such session,
// RD_REVOKED: the asker's is over, RD_WRONG_CLIENT, RD_STORE_OUT: not known whether they have
// ended.
[[nodiscard]] enum rd_result rd_read_revoke(const struct rd_answer *answer, uint32_t *count);

// Looks at a session without changing it.
void rd_ask_session(struct rd_question *out, struct rd_span prefix,
		    const uint8_t slot[static RD_SLOT_LEN], const char *sid);
// RD_OK fills *out, also for a tombstone and for what is past its idle time: rd_session_state
// tells. RD_NO_RECORD or RD_STORE_OUT otherwise.
[[nodiscard]] enum rd_result rd_read_session(const struct rd_answer *answer, struct rd_turn *out);
// RD_OK, RD_REVOKED or RD_EXPIRED. idle_ms: of the record's client. Pure.
[[nodiscard]] enum rd_result rd_session_state(const struct rd_turn *turn, int64_t idle_ms);

#define RD_SESSIONS_PAGE 100

// A page of a user's sessions, the newest first. asker: as in struct rd_revocation. skip: how many
// the pages before have given, not how many were asked for: those that ended unused leave the list.
void rd_ask_sessions(struct rd_question *out, struct rd_span prefix,
		     const uint8_t slot[static RD_SLOT_LEN], size_t skip, const char *asker);

struct rd_sessions {
	int64_t now_ms;
	uint32_t total; // sessions the user has, on all pages
	struct rd_span rest;
};

// RD_OK, RD_REVOKED (the asker's is over) or RD_STORE_OUT. *out borrows from the answer.
[[nodiscard]] enum rd_result rd_read_sessions(const struct rd_answer *answer,
					      struct rd_sessions *out);
// Takes the next one off; false at the end. sid: RD_SID_TEXT_LEN bytes. A record that cannot be
// read is passed over.
[[nodiscard]] bool rd_sessions_next(struct rd_sessions *sessions, struct rd_span *sid,
				    struct rd_record *record);

// The administrator's way through one user's sessions: ends those begun before before_ms (0: none)
// of client (empty: any), and takes out of the user's index what is over.
struct rd_sweep {
	struct rd_span prefix;
	const uint8_t *slot;
	int64_t before_ms;
	struct rd_span client;
	bool count_only; // says what would happen
	bool durable;
};

struct rd_swept {
	uint32_t ended, over, stand; // sessions; over: had ended before
};

void rd_ask_sweep(struct rd_question *out, const struct rd_sweep *sweep);
// RD_OK fills *out, RD_STORE_OUT: not known what was done.
[[nodiscard]] enum rd_result rd_read_sweep(const struct rd_answer *answer, struct rd_swept *out);

// Lists users with sessions page by page, as rd_ask_accounts does accounts; one may come twice.
// What is no slot is passed over.
void rd_ask_users(struct rd_question *out, struct rd_span prefix, struct rd_span cursor);
[[nodiscard]] bool rd_users_next(struct rd_span *rest, uint8_t slot[static RD_SLOT_LEN]);

struct rd_account {
	struct rd_span name, hash; // hash: Argon2id, encoded
	bool disabled;
};

struct rd_login {
	struct rd_span prefix;
	const uint8_t *slot;
	unsigned tries;      // before the account has to wait
	int64_t wait_max_ms; // 0: it never has to
};

// Counts one try to log in and gives the account.
void rd_ask_login(struct rd_question *out, const struct rd_login *login);
// RD_OK, RD_NO_RECORD, RD_WAIT (*wait_ms says how long, *out has the name only, if there is one) or
// RD_STORE_OUT. *out borrows from the answer.
[[nodiscard]] enum rd_result rd_read_login(const struct rd_answer *answer, struct rd_account *out,
					   int64_t *wait_ms);

// Changes an account. what: add, password, disable, enable, delete. The answer's integer is 1 when
// done, 0 when there was nothing to do it to.
void rd_ask_account(struct rd_question *out, struct rd_span prefix,
		    const uint8_t slot[static RD_SLOT_LEN], const char *what,
		    const struct rd_account *account);

// Lists accounts page by page. cursor: "0" at first, then the answer's part 0, until that is "0"
// again. rd_accounts_next takes them off the answer's part 1.
void rd_ask_accounts(struct rd_question *out, struct rd_span prefix, struct rd_span cursor);
[[nodiscard]] bool rd_accounts_next(struct rd_span *rest, struct rd_account *account);
