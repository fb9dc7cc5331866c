// Operations. Each is two pure functions around one store script: ask turns a request into a reply
// or into one question; answer turns what the store said into a reply or, rarely, into the next
// question.
#pragma once
#include "http/reply.h"
#include "http/request.h"
#include "config/config.h"
#include "observe/metrics.h"
#include "store/store.h"
#include "token/jwt.h"
#include "token/keys.h"
#include "token/password.h"
#include "token/jwt_cache.h"

// What the requests of a worker share and none changes; a reload makes another one for those that
// begin after it.
struct rd_service {
	const struct rd_config *config;
	const struct rd_keys *keys;
	const struct rd_access_key *signer;
};

#define RD_REQUEST_ID_MAX 64

// Whether this worker takes up an operation that hashes passwords.
enum rd_hashing { RD_HASHING_HERE, RD_HASHING_FULL, RD_HASHING_ELSEWHERE };

// One request on its way through: rd_call_begin, set params, body, now_ms, hashing and reply,
// rd_op_start.
// It holds secrets and borrowed memory: rd_call_end when the reply is out.
struct rd_call {
	const struct rd_service *service; // that it began with
	const struct rd_service *newest;  // answer: that a request would begin with now, or NULL
	struct rd_params params;
	char *body; // body_len bytes, decoded in place
	size_t body_len;
	int64_t now_ms;  // wall clock, for verifying access tokens only
	bool store_up;   // what readiness says
	bool store_lost; // Redis was restarted or replaced lately: it may have lost writes
	enum rd_hashing hashing;
	struct rd_reply *reply;
	struct rd_jwt_cache *jwt_cache;   // the worker's; NULL: none
	struct rd_counts *counts;         // the worker's; NULL: nothing is counted
	const struct rd_metrics *metrics; // of all workers; NULL: none
	bool draining;                    // the worker is about to end

	const struct rd_op *op;
	struct rd_request request;
	const struct rd_client *client;
	struct json_object *json;
	// refresh: as presented; login, issue: generation 0 of the new family
	struct rd_token token;
	char sid[RD_SID_TEXT_LEN + 1]; // of the session the request is about, once that is known
	struct rd_record about;        // login, issue: what the new record says
	uint8_t seed[RD_SEED_LEN];
	int64_t auth_time_ms;
	bool fresh;
	const char *outcome;          // for the log: what became of the request, once that is known
	unsigned stage;               // questions asked before the current one, where it matters
	struct rd_span sub, password; // login
	// login: the account's, and what to replace it by; else empty
	char hash[RD_PASSWORD_HASH_MAX], new_hash[RD_PASSWORD_HASH_MAX];
	int64_t wait_ms;         // login: how long the account has to wait
	struct rd_span scope;    // refresh: asked for
	bool by_cookie;          // how the refresh token came, or is to go
	struct rd_access access; // verify, introspect: the token; fresh: it counts as such
	// From here on nothing is zeroed for each request.
	char scratch[RD_BASIC_MAX]; // a decoded Basic header
	char claims[RD_CLAIMS_MAX]; // issue: of the new tokens; else what an access token says
	char request_id[RD_REQUEST_ID_MAX];
};

enum rd_step {
	RD_STEP_REPLY, // the reply is ready
	RD_STEP_ASK,   // the question is
};

struct rd_op {
	const char *name;  // REFRESHD_ROUTE
	const char *allow; // methods; NULL: any
	enum rd_step (*ask)(struct rd_call *call, struct rd_question *question);
	enum rd_step (*answer)(struct rd_call *call, const struct rd_answer *answer,
			       struct rd_question *question);
	bool ignores_body;
	bool hashes; // a password: its first answer takes milliseconds
};

static inline void rd_call_begin(struct rd_call *call, const struct rd_service *service)
{
	memset(call, 0, offsetof(struct rd_call, scratch));
	call->service = service;
}

// The operation of a route's name, or NULL; and its route, RD_ROUTE_none for NULL.
const struct rd_op *rd_op_find(struct rd_span route);
enum rd_route rd_op_route(const struct rd_op *op);

// Finds route, dialect and client, checks the method, and asks the operation.
enum rd_step rd_op_start(struct rd_call *call, struct rd_question *question);
void rd_call_end(struct rd_call *call);

// The answer is about to leave, took_us after the request was whole: counts it, and writes its log
// line where each request has one. Between answer and rd_call_end.
void rd_op_done(const struct rd_call *call, int64_t took_us);

// For operations: the reply of an outcome that is not RD_OK.
enum rd_step rd_op_fail(struct rd_call *call, enum rd_result result);

// Tells logs and metrics. An outcome that is not RD_OK: rd_op_fail does that by itself. A refresh's
// success. A new session: login.ok, issue.ok.
void rd_op_audit_failure(struct rd_call *call, enum rd_result result);
bool rd_op_audit_forged(struct rd_call *call); // where the sender learns nothing of it; false
void rd_op_audit_refresh(struct rd_call *call, enum rd_turn_kind kind);
void rd_op_audit_success(struct rd_call *call, const char *event);

// Logs what is wrong with a location's fastcgi_param. Returns RD_INTERNAL.
enum rd_result rd_op_misrouted(const char *why);

// The reply to a request that has ended the session it came with: 204.
enum rd_step rd_op_ended(struct rd_call *call);

// Tells that sessions have ended: the one of sid, and count of its user's in all.
void rd_op_audit_revoked(const struct rd_call *call, enum rd_reason reason, struct rd_span sid,
			 uint32_t count);

// Signs an access token for the family of record and writes the reply of a grant. token: sealed
// here for generation and kid given; its text is left out when with_refresh is false.
struct rd_new_tokens {
	const struct rd_record *record;
	int64_t now_ms; // Redis' clock
	uint32_t generation;
	uint8_t kid;
	bool fresh; // from a login; signed only while fresh_ttl_s of it lasts
	bool with_refresh, bearer_type;
};
enum rd_step rd_op_token_response(struct rd_call *call, const struct rd_new_tokens *tokens);

// Starts the family that call->token, about, client and auth_time_ms describe.
enum rd_step rd_op_issue_family(struct rd_call *call, struct rd_question *question);

// Reads the answer. RD_STORE_OUT too when it is about another family than the one asked for (S7).
[[nodiscard]] enum rd_result rd_op_issued(const struct rd_call *call,
					  const struct rd_answer *answer, struct rd_turn *out);

enum rd_step rd_refresh_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_refresh_answer(struct rd_call *call, const struct rd_answer *answer,
			       struct rd_question *question);
enum rd_step rd_logout_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_logout_answer(struct rd_call *call, const struct rd_answer *answer,
			      struct rd_question *question);
enum rd_step rd_logout_all_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_logout_all_answer(struct rd_call *call, const struct rd_answer *answer,
				  struct rd_question *question);
enum rd_step rd_sessions_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_sessions_answer(struct rd_call *call, const struct rd_answer *answer,
				struct rd_question *question);
enum rd_step rd_session_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_session_answer(struct rd_call *call, const struct rd_answer *answer,
			       struct rd_question *question);
enum rd_step rd_login_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_login_answer(struct rd_call *call, const struct rd_answer *answer,
			     struct rd_question *question);
enum rd_step rd_issue_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_issue_answer(struct rd_call *call, const struct rd_answer *answer,
			     struct rd_question *question);
enum rd_step rd_revoke_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_revoke_answer(struct rd_call *call, const struct rd_answer *answer,
			      struct rd_question *question);
enum rd_step rd_introspect_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_introspect_answer(struct rd_call *call, const struct rd_answer *answer,
				  struct rd_question *question);
enum rd_step rd_metadata_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_jwks_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_verify_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_verify_answer(struct rd_call *call, const struct rd_answer *answer,
			      struct rd_question *question);
enum rd_step rd_health_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_ready_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_version_ask(struct rd_call *call, struct rd_question *question);
enum rd_step rd_metrics_ask(struct rd_call *call, struct rd_question *question);
