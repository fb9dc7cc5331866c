#include "op/op.h"
#include <assert.h>
#include "base/rand.h"
#include "base/secret.h"
#include "observe/log.h"

static const struct rd_op ops[RD_ROUTE_none] = {
#define RD_OP_ROW(name, methods, ask, answer, flags) {#name, methods, ask, answer, flags},
    RD_OPERATIONS(RD_OP_ROW)
#undef RD_OP_ROW
};

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
static bool method_allowed(const char *methods, struct rd_span method)
{
	struct rd_span rest = rd_span(methods);

	while (rest.len) {
		if (rd_span_is(rd_span_cut(&rest, ','), method))
			return true;
		if (rd_span_begins(rest, RD_SPAN(" ")))
			(void)rd_span_take(&rest, 1);
	}
	return false;
}

// nginx' $request_id, or one of our own where there is none that can go into a header and a log.
static void name_request(struct rd_call *call)
{
	struct rd_span given = call->params.value[RD_PARAM_REQUEST_ID];
	uint8_t bytes[16];

	if (given.len && given.len <= RD_REQUEST_ID_MAX && rd_span_only(given, RD_ALNUM "._-")) {
		call->reply->request_id = given;
		return;
	}
	rd_rand(bytes, sizeof bytes);
	sodium_bin2hex(call->request_id, sizeof call->request_id, bytes, sizeof bytes);
	call->reply->request_id = (struct rd_span){call->request_id, 2 * sizeof bytes};
}

static enum rd_result check_body(const struct rd_call *call)
{
	const struct rd_span text = call->params.value[RD_PARAM_CONTENT_LENGTH];
	const uint64_t body_max = call->service->config->body_max;
	uint64_t length = 0;

	if (call->op->flags & RD_OP_IGNORES_BODY)
		return RD_OK;
	if (call->body_len > body_max)
		return RD_TOO_LARGE;
	if (!rd_span_only(text, RD_DIGITS))
		return RD_BAD_REQUEST;
	if (text.len && !rd_span_number(text, body_max, &length))
		return RD_TOO_LARGE;
	return length == call->body_len ? RD_OK : RD_BAD_REQUEST;
}

enum rd_result rd_op_misrouted(const char *why)
{
	rd_log(RD_LOG_ERROR, "request.misrouted", "%s; see the location in nginx", why);
	return RD_INTERNAL;
}

// Hashing is for the workers of login_listen, and each accepts only so much of it at a time.
static enum rd_result check_hashing(const struct rd_call *call)
{
	if (!(call->op->flags & RD_OP_HASHES) || call->hashing == RD_HASHING_HERE)
		return RD_OK;
	if (call->hashing == RD_HASHING_FULL)
		return RD_BUSY;
	return rd_op_misrouted("a login belongs to the socket of login_listen");
}

// Whether nginx gives two values where an operation reads one.
static bool ambiguous(const struct rd_params *params)
{
	static const enum rd_param single[] = {RD_PARAM_METHOD, RD_PARAM_CONTENT_LENGTH,
					       RD_PARAM_ROUTE,  RD_PARAM_DIALECT,
					       RD_PARAM_CLIENT, RD_PARAM_SID};

	for (size_t i = 0; i < sizeof single / sizeof *single; i++)
		if (rd_params_repeated(params, single[i]))
			return true;
	return false;
}

// Finds the operation, the dialect and the client that the location names.
static enum rd_result find_location(struct rd_call *call)
{
	const struct rd_params *params = &call->params;
	const struct rd_config *config = call->service->config;
	struct rd_span dialect = params->value[RD_PARAM_DIALECT];
	struct rd_span client = params->value[RD_PARAM_CLIENT];

	call->request = (struct rd_request){.params = params,
					    .dialect = &rd_dialect_json,
					    .body = call->body,
					    .body_len = call->body_len};
	if (dialect.len)
		call->request.dialect = rd_dialect_find(dialect);
	call->op = rd_op_find(params->value[RD_PARAM_ROUTE]);
	call->client =
	    rd_config_client(config, client.len ? client : rd_span(config->default_client));
	if (!call->request.dialect || !call->client) {
		call->request.dialect = &rd_dialect_json;
		return rd_op_misrouted("no such dialect or client");
	}
	return call->op ? RD_OK : RD_NO_ROUTE;
}

static enum rd_result check_request(struct rd_call *call)
{
	enum rd_result result = find_location(call);

	if (result)
		return result;
	if (call->op->methods &&
	    !method_allowed(call->op->methods, call->params.value[RD_PARAM_METHOD]))
		return RD_BAD_METHOD;
	if (ambiguous(&call->params))
		return RD_BAD_REQUEST;
	result = check_body(call);
	return result ? result : check_hashing(call);
}

enum rd_step rd_op_start(struct rd_call *call, struct rd_question *question)
{
	enum rd_result result;

	name_request(call);
	result = check_request(call);
	return result ? rd_op_fail(call, result) : call->op->ask(call, question);
}

enum rd_step rd_op_no_answer(struct rd_call *call, const struct rd_answer *answer,
			     struct rd_question *question)
{
	(void)call, (void)answer, (void)question;
	assert(!"an operation that asks nothing got an answer");
	return RD_STEP_REPLY;
}

void rd_call_end(struct rd_call *call)
{
	rd_json_free(call->json);
	call->json = NULL;
	rd_token_wipe(&call->token);
	// login's part covers the others of the union, issue's seed among them.
	static_assert(sizeof call->login >= sizeof call->issue);
	rd_wipe(&call->login, sizeof call->login);
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
		       call->op ? call->op->methods : NULL);
	// Any other refusal may be over tomorrow: Redis is away or has an older or newer state, or
	// a key is not here yet. The cookie outlives that.
	if (result == RD_REVOKED || result == RD_EXPIRED || result == RD_REUSE)
		clear_cookies(call);
	return RD_STEP_REPLY;
}
