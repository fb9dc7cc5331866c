// The store's port: questions and answers as plain values. An operation makes a question and reads
// the answer; only store/redis/ knows how they travel, so operations are tested without Redis.
#pragma once
#include <stdint.h>
#include "base/buf.h"
#include "base/outcomes.h"
#include "store/record.h"

// The scripts: name, file (NAME.lua, its C half NAME.c), how many keys it declares at least and at
// most. NAME.lua is expanded at build (expand.awk), kept in build/gen and embedded.
//
// Every script keeps to this, and a unit test holds it to it:
// - It declares two keys or more, all with one hash tag, or touches only the one that it declares.
//   While Redis Cluster moves a slot, a key that a script computes reads as missing, without an
//   error, though it still lives on the other node: ending all sessions would miss some. Of two
//   declared keys Redis sees whether both are there, and answers TRYAGAIN before the script runs.
// - issue, revoke, sessions and sweep touch records of the user that they do not declare. Those
//   have the tag of the declared keys, and one declared key does not exist (issue: the record to
//   be made, the others: what the records' keys begin with), so that they never run in a slot that
//   is being moved. All other scripts touch what they declare.
// - A script that uses SCAN (users, accounts) declares no key and sees the keys of one node: of
//   several, each has to be asked.
// - It reads and decides first and writes last, and nothing can fail behind its first write, since
//   Redis keeps what a failed script has written. (Of an index that they have written to, issue and
//   sessions read the expiry and the size again.)
// - It writes at least once when the question is durable, whatever it answers. WAIT tells which
//   replicas have what its connection wrote last (since Redis 7.2; before: wrote or read), and with
//   that all that anyone had written before. To end a session once more would change nothing; so
//   that this is confirmed too, revoke and sweep then write to a key and delete it again.
// - The clock is Redis' own, never a worker's.
// clang-format off
#define RD_SCRIPTS(X) \
	X(ROTATE,   rotate,   2, 2) \
	X(ISSUE,    issue,    2, 4) \
	X(REVOKE,   revoke,   2, 2) \
	X(SESSION,  session,  1, 1) \
	X(SESSIONS, sessions, 2, 2) \
	X(SWEEP,    sweep,    2, 2) \
	X(USERS,    users,    0, 0) \
	X(LOGIN,    login,    2, 2) \
	X(ACCOUNT,  account,  1, 1) \
	X(ACCOUNTS, accounts, 0, 0)
// clang-format on

enum rd_script {
#define RD_SCRIPT_ENUM(name, file, least, most) RD_SCRIPT_##name,
	RD_SCRIPTS(RD_SCRIPT_ENUM)
#undef RD_SCRIPT_ENUM
	    RD_SCRIPT_COUNT
};

struct rd_script_row {
	const char *file; // without .lua
	size_t keys_least, keys_most;
};

extern const struct rd_script_row rd_script_rows[RD_SCRIPT_COUNT];

#define RD_KEYS_PER_QUESTION 4
#define RD_ARGS_PER_QUESTION 10
#define RD_QUESTION_BYTES    (RD_RECORD_VAR_MAX + 1024)

// One script call. The spans point into text, so a question must not be copied.
struct rd_question {
	enum rd_script script;
	bool durable; // answered only when a replica has what the script wrote, see above
	size_t keys, args;
	struct rd_span key[RD_KEYS_PER_QUESTION], arg[RD_ARGS_PER_QUESTION];
	size_t text_len;
	char text[RD_QUESTION_BYTES];
};

// Whether it has as many keys as its script declares, and all of one hash tag. Asserted before it
// is sent.
[[nodiscard]] bool rd_question_sound(const struct rd_question *question);

#define RD_ANSWER_PARTS 4

// The script's answer. away: none in time, or none that can be used; whether the script ran is then
// not known. Otherwise one integer, or count strings (one, or the members of a list; nil is ptr
// NULL).
struct rd_answer {
	bool away;
	int64_t integer;
	size_t count;
	struct rd_span part[RD_ANSWER_PARTS]; // borrowed until the answer function returns
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
	int64_t late_ms;      // after a rotation, in which a late retry is answered; 0: never
	uint8_t fingerprint[RD_FINGERPRINT_LEN]; // of the sender
	unsigned adopt; // generations ahead of the record to believe, at most RD_ADOPT_MAX; 0: none
};
#define RD_ADOPT_MAX 4 // generations that a failover may have lost

// What became of a session. RD_OK means: issue the token of out's generation. A refusal is one of
// RD_NO_RECORD .. RD_FUTURE or RD_BAD_SCOPE; RD_STORE_OUT when the answer is unusable.
struct rd_turn {
	enum rd_turn_kind kind;
	int64_t now_ms;          // Redis' clock
	struct rd_record record; // as it is now, borrowed from the answer; unset when RD_NO_RECORD
	struct rd_span ended;    // issue: sid of the session that had to make room; else empty
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
	// A login: the hash that its password was checked against, and the one to replace it;
	// empty: it stays. hash empty: no login. A login resets the user's failed ones.
	struct rd_span hash, new_hash;
};

void rd_ask_issue(struct rd_question *out, const struct rd_issue *issue);
// RD_OK fills *out. RD_BAD_LOGIN: the account has changed since its password was checked.
[[nodiscard]] enum rd_result rd_read_issue(const struct rd_answer *answer, struct rd_turn *out);

struct rd_revocation {
	struct rd_span prefix;
	const uint8_t *slot;   // RD_SLOT_LEN: whose sessions
	const char *sid;       // this one; NULL: all
	const char *asker;     // sid of the session that asks, which must not be over; NULL: none
	bool keep_asker;       // all but the asker's
	struct rd_span client; // to which the session must belong; empty: any
	enum rd_reason reason;
	bool durable;
};

void rd_ask_revoke(struct rd_question *out, const struct rd_revocation *revocation);
// RD_OK: *count sessions have ended, 0 when all were over already. RD_NO_RECORD: no such session,
// RD_REVOKED: the asker's is over, RD_WRONG_CLIENT, RD_STORE_OUT: not known whether they have
// ended.
[[nodiscard]] enum rd_result rd_read_revoke(const struct rd_answer *answer, uint32_t *count);

// Looks at a session without changing it.
void rd_ask_session(struct rd_question *out, struct rd_span prefix,
		    const uint8_t slot[static RD_SLOT_LEN], const char *sid);
// RD_OK fills *out, also for a tombstone and for a session past its idle time, which
// rd_session_state tells apart. RD_NO_RECORD or RD_STORE_OUT otherwise.
[[nodiscard]] enum rd_result rd_read_session(const struct rd_answer *answer, struct rd_turn *out);
// RD_OK, RD_REVOKED or RD_EXPIRED. idle_ms: of the record's client. Pure.
[[nodiscard]] enum rd_result rd_session_state(const struct rd_turn *turn, int64_t idle_ms);

#define RD_SESSIONS_PAGE 100

// A page of a user's sessions, the newest first. asker: as in struct rd_revocation. skip: how many
// sessions the pages before had, not how many were asked for: expired ones leave the list.
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
// read is skipped.
[[nodiscard]] bool rd_sessions_next(struct rd_sessions *sessions, struct rd_span *sid,
				    struct rd_record *record);

// The administrator's sweep of one user's sessions: ends those of client (empty: any) that began
// before before_ms (0: none), and removes from the user's index what is over.
struct rd_sweep {
	struct rd_span prefix;
	const uint8_t *slot;
	int64_t before_ms;
	struct rd_span client;
	bool count_only; // changes nothing, only counts what would end
	bool durable;
};

struct rd_swept {
	uint32_t ended, over, stand; // sessions; over: had ended before; stand: go on
};

void rd_ask_sweep(struct rd_question *out, const struct rd_sweep *sweep);
// RD_OK fills *out, RD_STORE_OUT: not known what was done.
[[nodiscard]] enum rd_result rd_read_sweep(const struct rd_answer *answer, struct rd_swept *out);

// Lists users with sessions page by page, as rd_ask_accounts lists accounts; one may come twice.
// What is not a slot is skipped.
void rd_ask_users(struct rd_question *out, struct rd_span prefix, struct rd_span cursor);
[[nodiscard]] bool rd_users_next(struct rd_span *rest, uint8_t slot[static RD_SLOT_LEN]);

struct rd_account {
	struct rd_span name, hash; // hash: Argon2id, encoded
	bool disabled;
};

struct rd_login {
	struct rd_span prefix;
	const uint8_t *slot;
	unsigned tries;      // that may fail before the account is locked for a while
	int64_t wait_max_ms; // longest lock; 0: it is never locked
};

// Counts one attempt to log in and reads the account.
void rd_ask_login(struct rd_question *out, const struct rd_login *login);
// RD_OK, RD_NO_RECORD, RD_WAIT (*wait_ms: how long; *out has only the name, if there is one) or
// RD_STORE_OUT. *out borrows from the answer.
[[nodiscard]] enum rd_result rd_read_login(const struct rd_answer *answer, struct rd_account *out,
					   int64_t *wait_ms);

// Changes an account. what: add, password, disable, enable, delete. The answer's integer is 1 when
// done; 0 when add finds an account, or another one finds none.
void rd_ask_account(struct rd_question *out, struct rd_span prefix,
		    const uint8_t slot[static RD_SLOT_LEN], const char *what,
		    const struct rd_account *account);

// Lists accounts page by page. cursor: "0" at first, then the answer's part 0, until that is "0"
// again. rd_accounts_next takes them one by one off the answer's part 1.
void rd_ask_accounts(struct rd_question *out, struct rd_span prefix, struct rd_span cursor);
[[nodiscard]] bool rd_accounts_next(struct rd_span *rest, struct rd_account *account);
