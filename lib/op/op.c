#include "op/op.h"
#include "base/rand.h"
#include "base/secret.h"
#include "observe/log.h"

// clang-format off
static const struct rd_op ops[] = {
	{"refresh",    "POST",      rd_refresh_ask,    rd_refresh_answer,    false, false},
	{"login",      "POST",      rd_login_ask,      rd_login_answer,      false, true},
	{"logout",     "POST",      rd_logout_ask,     rd_logout_answer,     false, false},
	{"logout_all", "POST",      rd_logout_all_ask, rd_logout_all_answer, false, false},
	{"sessions",   "GET, HEAD", rd_sessions_ask,   rd_sessions_answer,   true,  false},
	{"session",    "DELETE",    rd_session_ask,    rd_session_answer,    true,  false},
	{"issue",      "POST",      rd_issue_ask,      rd_issue_answer,      false, false},
	{"revoke",     "POST",      rd_revoke_ask,     rd_revoke_answer,     false, false},
	{"introspect", "POST",      rd_introspect_ask, rd_introspect_answer, false, false},
	{"verify",     NULL,        rd_verify_ask,     rd_verify_answer,     true,  false},
	{"whoami",     "GET, HEAD", rd_verify_ask,     rd_verify_answer,     true,  false},
	{"metadata",   "GET, HEAD", rd_metadata_ask,   NULL,                 true,  false},
	{"jwks",       "GET, HEAD", rd_jwks_ask,       NULL,                 true,  false},
	{"health",     "GET, HEAD", rd_health_ask,     NULL,                 true,  false},
	{"ready",      "GET, HEAD", rd_ready_ask,      NULL,                 true,  false},
	{"version",    "GET, HEAD", rd_version_ask,    NULL,                 true,  false},
	{"metrics",    "GET, HEAD", rd_metrics_ask,    NULL,                 true,  false},
};
// clang-format on

static_assert(sizeof ops / sizeof *ops == RD_ROUTE_none, "the list in metrics.h is another one");

enum rd_route rd_op_route(const struct rd_op *op)
{
	return op ? (enum rd_route)(op - ops) : RD_ROUTE_none;
}

const struct rd_op *rd_op_find(struct rd_span route)
{
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		if (rd_span_is(rd_span(ops[i].name), route))
			return &ops[i];
	return NULL;
}

// Whether a list such as "GET, HEAD" has the method.
static bool allowed(const char *list, struct rd_span method)
{
	while (list) {
		size_t len = strcspn(list, ",");

		if (rd_span_is((struct rd_span){list, len}, method))
			return true;
		list = list[len] ? list + len + 2 : NULL;
	}
	return false;
}

static bool fine_id(struct rd_span id)
{
	static const char fine[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	for (size_t i = 0; i < id.len; i++)
		if (!memchr(fine, id.ptr[i], sizeof fine - 1))
			return false;
	return id.len && id.len <= RD_REQUEST_ID_MAX;
}

// nginx' $request_id, or one of our own where there is none that can go into a header and a log.
static void name_request(struct rd_call *call)
{
	struct rd_span given = call->params.value[RD_PARAM_REQUEST_ID];
	uint8_t bytes[16];

	if (fine_id(given)) {
		call->reply->request_id = given;
		return;
	}
	rd_rand(bytes, sizeof bytes);
	sodium_bin2hex(call->request_id, sizeof call->request_id, bytes, sizeof bytes);
	call->reply->request_id = (struct rd_span){call->request_id, 2 * sizeof bytes};
}

// -1 for what is no length. A length that does not fit is as good as the largest one.
static int64_t content_length(const struct rd_params *params)
{
	struct rd_span text = params->value[RD_PARAM_CONTENT_LENGTH];
	int64_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return -1;
		if (n < INT64_MAX / 100)
			n = n * 10 + (text.ptr[i] - '0');
	}
	return n;
}

static enum rd_result check_body(const struct rd_call *call)
{
	const int64_t length = content_length(&call->params);

	if (call->op->ignores_body)
		return RD_OK;
	if (length > (int64_t)call->service->config->body_max ||
	    call->body_len > call->service->config->body_max)
		return RD_TOO_LARGE;
	return length == (int64_t)call->body_len ? RD_OK : RD_BAD_REQUEST;
}

enum rd_result rd_op_misrouted(const char *why)
{
	rd_log(RD_LOG_ERROR, "request.misrouted", "%s; see the location in nginx", why);
	return RD_INTERNAL;
}

// Hashing is for the workers of login_listen, and they take up only so much of it.
static enum rd_result check_hashing(const struct rd_call *call)
{
	if (!call->op->hashes || call->hashing == RD_HASHING_HERE)
		return RD_OK;
	if (call->hashing == RD_HASHING_FULL)
		return RD_BUSY;
	return rd_op_misrouted("a login belongs to the socket of login_listen");
}

static enum rd_result admit(struct rd_call *call)
{
	const struct rd_params *p = &call->params;
	const unsigned once = 1U << RD_PARAM_METHOD | 1U << RD_PARAM_CONTENT_LENGTH |
			      1U << RD_PARAM_ROUTE | 1U << RD_PARAM_DIALECT |
			      1U << RD_PARAM_CLIENT | 1U << RD_PARAM_SID;
	struct rd_span client = p->value[RD_PARAM_CLIENT];
	enum rd_result result;

	call->request = (struct rd_request){p, &rd_dialect_json, call->body, call->body_len};
	if (p->value[RD_PARAM_DIALECT].len)
		call->request.dialect = rd_dialect_find(p->value[RD_PARAM_DIALECT]);
	call->op = rd_op_find(p->value[RD_PARAM_ROUTE]);
	call->client =
	    rd_config_client(call->service->config,
			     client.len ? client : rd_span(call->service->config->default_client));
	if (!call->request.dialect || !call->client) {
		call->request.dialect = &rd_dialect_json;
		return rd_op_misrouted("no such dialect or client");
	}
	if (!call->op)
		return RD_NO_ROUTE;
	if (call->op->allow && !allowed(call->op->allow, p->value[RD_PARAM_METHOD]))
		return RD_BAD_METHOD;
	if (p->repeated & once)
		return RD_BAD_REQUEST;
	result = check_body(call);
	return result ? result : check_hashing(call);
}

enum rd_step rd_op_start(struct rd_call *call, struct rd_question *question)
{
	enum rd_result result;

	name_request(call);
	result = admit(call);
	return result ? rd_op_fail(call, result) : call->op->ask(call, question);
}

void rd_call_end(struct rd_call *call)
{
	rd_json_free(call->json);
	call->json = NULL;
	rd_token_wipe(&call->token);
	rd_wipe(call->seed, sizeof call->seed);
	if (call->hash[0]) {
		rd_wipe(call->hash, sizeof call->hash);
		rd_wipe(call->new_hash, sizeof call->new_hash);
	}
	if (call->params.value[RD_PARAM_AUTHORIZATION].len)
		rd_wipe(call->scratch, sizeof call->scratch);
}

static void clear_cookies(struct rd_call *call)
{
	if (call->by_cookie)
		rd_reply_clear_cookies(call->reply, call->request.dialect,
				       call->service->config->csrf_token);
}

enum rd_step rd_op_ended(struct rd_call *call)
{
	rd_reply_empty(call->reply);
	clear_cookies(call);
	return RD_STEP_REPLY;
}

enum rd_step rd_op_fail(struct rd_call *call, enum rd_result result)
{
	rd_op_audit_failure(call, result);
	rd_reply_error(call->reply, call->request.dialect, result,
		       call->op ? call->op->allow : NULL);
	// Whatever else there is to refuse may be another matter tomorrow: Redis away, or with an
	// older or newer state, or a key that is not here yet. A cookie outlives that.
	if (result == RD_REVOKED || result == RD_EXPIRED || result == RD_REUSE)
		clear_cookies(call);
	if (result == RD_WAIT)
		rd_reply_retry_after(call->reply, (call->wait_ms + 999) / 1000);
	return RD_STEP_REPLY;
}
