// Operations: what a location of nginx can ask for. Each is two pure functions around one script of
// the store. ask turns a request into a reply, or into a question to the store; answer turns what
// the store said into a reply or, rarely, into the next question. base/operations.h lists them.
#pragma once
#include "base/operations.h"
#include "http/reply.h"
#include "http/request.h"
#include "config/config.h"
#include "observe/metrics.h"
#include "store/store.h"
#include "token/jwt.h"
#include "token/keys.h"
#include "token/password.h"
#include "token/jwt_cache.h"

// What all requests of a worker read and none changes. A reload makes a new one, for the requests
// that begin after it.
struct rd_service {
	const struct rd_config *config;
	const struct rd_keys *keys;
	const struct rd_access_key *signer; // of the service's algorithm
};

#define RD_REQUEST_ID_MAX 64

// Whether this worker accepts an operation that hashes passwords.
enum rd_hashing { RD_HASHING_HERE, RD_HASHING_FULL, RD_HASHING_ELSEWHERE };

// A session that is to begin: what login and issue know of it.
struct rd_new_family {
	struct rd_record about; // user, client, ip, scope, claims and user agent; no more is read
	int64_t auth_time_ms;   // when the user proved who they are; 0: now
	uint8_t seed[RD_SEED_LEN];
	// login: the hash that the password was checked against, and what replaces it; else empty
	struct rd_span hash, new_hash;
};

// One request on its way through: rd_call_begin, then the fields of the first group, rd_op_start,
// the answers, rd_call_end once the reply is out. It holds secrets and borrowed memory.
struct rd_call {
	// The caller's to set; what it does not know stays zero.
	const struct rd_service *service; // that the request began with
	const struct rd_service *newest;  // that a request would begin with now; NULL: the same
	struct rd_params params;
	char *body; // body_len bytes, decoded in place
	size_t body_len;
	int64_t now_ms;     // wall clock, for verifying access tokens only
	bool store_up;      // what readiness says
	bool store_replica; // not up, because Redis is a replica
	bool store_lost;    // Redis was restarted or replaced lately: it may have lost writes
	bool draining;      // the worker is about to end
	enum rd_hashing hashing;
	struct rd_reply *reply;
	struct rd_jwt_cache *jwt_cache;   // the worker's; NULL: none
	struct rd_counts *counts;         // the worker's; NULL: nothing is counted
	const struct rd_metrics *metrics; // of all workers; NULL: none

	// What the operations share.
	const struct rd_op *op; // NULL: no such route
	struct rd_request request;
	const struct rd_client *client; // the location's, then the authenticated one
	struct json_object *json;       // the body, or the claims of an access token
	// A refresh token as presented, or generation 0 of a new family. The slot is set as soon as
	// it is known whose session the request is about.
	struct rd_token token;
	char sid[RD_SID_TEXT_LEN + 1]; // of that session
	struct rd_span sub;            // its user
	const char *outcome;           // for the log; NULL: not known yet
	bool by_cookie;                // the refresh token came, or is to go, as a cookie

	// What one operation keeps to itself between request and reply.
	union {
		struct {
			struct rd_span scope; // asked for; empty: all that was granted
			bool adopting;        // the second question: may the token be adopted?
		} refresh;
		struct {
			struct rd_new_family family;
			struct rd_span password;
			char hash[RD_PASSWORD_HASH_MAX];     // of the account; "": no such account
			char new_hash[RD_PASSWORD_HASH_MAX]; // at today's cost; "": not needed
			bool password_right;                 // the second question: the new family
		} login;
		struct {
			struct rd_new_family family;
			bool fresh; // the backend says that the user has just logged in
		} issue;
		struct {
			struct rd_access access;
			bool fresh; // from a login, within fresh_ttl_s of it
		} verify;
		struct {
			struct rd_access access; // all zero: a refresh token was presented
		} introspect;
	};

	// From here on nothing is zeroed for each request.
	char scratch[RD_BASIC_MAX]; // a decoded Basic header
	char claims[RD_CLAIMS_MAX]; // issue: of the new tokens; else what an access token says
	char request_id[RD_REQUEST_ID_MAX];
};

enum rd_step {
	RD_STEP_REPLY, // call->reply is ready
	RD_STEP_ASK,   // the question is
};

typedef enum rd_step rd_op_ask_fn(struct rd_call *call, struct rd_question *question);
typedef enum rd_step rd_op_answer_fn(struct rd_call *call, const struct rd_answer *answer,
				     struct rd_question *question);

enum rd_op_flag {
	RD_OP_IGNORES_BODY = 1 << 0, // any body is accepted and not looked at
	RD_OP_HASHES = 1 << 1,       // a password: the first answer takes milliseconds
};

struct rd_op {
	const char *name;    // REFRESHD_ROUTE
	const char *methods; // "GET, HEAD", as the Allow header has it; NULL: any
	rd_op_ask_fn *ask;
	rd_op_answer_fn *answer;
	unsigned flags; // enum rd_op_flag
};

static inline void rd_call_begin(struct rd_call *call, const struct rd_service *service)
{
	memset(call, 0, offsetof(struct rd_call, scratch));
	call->service = service;
}

// Wipes its secrets and frees what it owns.
void rd_call_end(struct rd_call *call);

// The operation of this name, or NULL; and its route, RD_ROUTE_none for NULL.
const struct rd_op *rd_op_find(struct rd_span route);
enum rd_route rd_op_route(const struct rd_op *op);

// Finds operation, dialect and client, checks method, body and hashing, and asks the operation.
enum rd_step rd_op_start(struct rd_call *call, struct rd_question *question);

// Counts a request whose reply is about to leave, took_us after the request was there as a whole,
// and writes its log line where each request has one. To be called before rd_call_end.
void rd_op_done(const struct rd_call *call, int64_t took_us);

// The rest is for operations.

// The reply for a result that is not RD_OK, counted and logged.
enum rd_step rd_op_fail(struct rd_call *call, enum rd_result result);

// Logs what is wrong with a location's fastcgi_param. Returns RD_INTERNAL.
enum rd_result rd_op_misrouted(const char *why);

// 204, the reply to a request that has ended the session it came with; its cookies are cleared.
enum rd_step rd_op_ended(struct rd_call *call);

// The answer of operations that ask the store nothing: must not be called (asserted).
rd_op_answer_fn rd_op_no_answer;

// What becomes of a request, for log and metrics: a result that is not RD_OK (rd_op_fail does it by
// itself); a refresh that succeeded; a new session (event: login.ok or issue.ok).
void rd_op_audit_failure(struct rd_call *call, enum rd_result result);
void rd_op_audit_refresh(struct rd_call *call, enum rd_turn_kind kind);
void rd_op_audit_success(struct rd_call *call, const char *event);

// The same for sessions that have ended: the one of sid, and count of its user's in all.
void rd_op_audit_revoked(const struct rd_call *call, enum rd_reason reason, struct rd_span sid,
			 uint32_t count);

// What to say in a token response (RFC 6749 section 5.1) about the family of a record.
struct rd_new_tokens {
	const struct rd_record *record;
	int64_t now_ms;      // Redis' clock
	uint32_t generation; // of the refresh token, and
	uint8_t kid;         // the key that makes it
	bool fresh;          // the user has just logged in; signed only within fresh_ttl_s of that
	bool with_refresh;   // false: the client keeps the refresh token it has
	bool bearer_type;    // token_type and scope in dialects other than oauth2 too
};

// Signs an access token, seals call->token where a refresh token is due, and writes the reply.
enum rd_step rd_op_token_response(struct rd_call *call, const struct rd_new_tokens *tokens);

// Makes seed, family and sid, and asks the store for the new family. call->client: whose it is.
enum rd_step rd_op_issue_family(struct rd_call *call, struct rd_new_family *family,
				struct rd_question *question);

// Reads the answer to that. RD_OK fills *out; RD_BAD_LOGIN or RD_STORE_OUT, which is also returned
// for a record of another family (S7).
[[nodiscard]] enum rd_result rd_op_issued(const struct rd_call *call,
					  const struct rd_new_family *family,
					  const struct rd_answer *answer, struct rd_turn *out);

#define RD_OP_PROTOTYPES(name, methods, ask, answer, flags) \
	rd_op_ask_fn ask;                                   \
	rd_op_answer_fn answer;
RD_OPERATIONS(RD_OP_PROTOTYPES)
#undef RD_OP_PROTOTYPES
