// The input is a request: `NAME=value` lines, an empty line and the body. Whatever it is, it is
// answered in JSON with sound headers, and the store is asked for what its operation may ask only.
// A worker that knows an access token says of it what one says that sees it for the first time.
#include "op/op.h"
#include "observe/log.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/ring_fixture.h"

static struct rd_config config = {.body_max = 4096,
				  .access_ttl_s = 900,
				  .fresh_ttl_s = 300,
				  .argon2_ops = 1,
				  .argon2_mem_kib = 8,
				  .late_retry_s = 120,
				  .sessions_max = 100,
				  .login_tries = 5,
				  .login_wait_max_s = 60,
				  .redis_prefix = "rd:",
				  .issuer = "https://id.example",
				  .audience = "api",
				  .default_client = "web",
				  .csrf_token = true,
				  .client_count = 2};
static struct rd_service service = {.config = &config};
static struct rd_reply reply;
static struct rd_jwt_cache *jwt_cache;
static char head[RD_REPLY_HEAD_MAX], body[RD_REPLY_BODY_MAX], printed[RD_REPLY_HEAD_MAX + 512];

// In place of the log of the library, which the linker leaves out then.
void rd_log(enum rd_log_level level, const char *event, const char *format, ...)
{
	(void)level, (void)event, (void)format;
}

void rd_log_audit(const struct rd_audit *audit)
{
	MUST(audit->event && audit->route && audit->outcome);
}

bool rd_log_wants(enum rd_log_level level)
{
	return level >= RD_LOG_DEBUG;
}

void rd_log_worker(unsigned number, struct rd_counts *counts)
{
	(void)number, (void)counts;
}

static void start(void)
{
	config.clients[0] = (struct rd_client){.id = "web",
					       .rotation = true,
					       .grace_s = 10,
					       .idle_ttl_s = 1000,
					       .max_ttl_s = 5000,
					       .access_ttl_s = 900,
					       .audience = "api"};
	config.clients[1] = config.clients[0];
	memcpy(config.clients[1].id, "backend", 8);
	config.clients[1].confidential = true;
	config.clients[1].issue = config.clients[1].introspect = true;
	crypto_hash_sha256(config.clients[1].secret_sha256, (const uint8_t *)"s3cret", 6);
	service.keys = ring();
	service.signer = rd_keys_signer(ring(), RD_ALG_EDDSA);
}

static void check_reply(void)
{
	RD_JSON *json = rd_json_parse(rd_buf_span(&reply.body));
	struct rd_buf out = RD_BUF(printed);

	MUST(reply.status == 204 ? reply.body.len == 0 : json != NULL);
	MUST(rd_buf_ok(&reply.head) && rd_buf_ok(&reply.body));
	MUST(reply.request_id.len >= 1 && reply.request_id.len <= RD_REQUEST_ID_MAX);
	rd_reply_print_head(&reply, &out);
	MUST(rd_buf_ok(&out) && memmem(printed, out.len, "\r\n\r\n", 4) == printed + out.len - 4);
	for (size_t i = 0; i < out.len; i++) {
		const bool end = i + 1 < out.len && printed[i] == '\r' && printed[i + 1] == '\n';

		i += end;
		MUST(end || ((uint8_t)printed[i] >= 0x20 && printed[i] != 0x7f));
	}
}

static void check_question(const struct rd_call *call, const struct rd_question *question)
{
	const struct rd_span route = rd_span(call->op->name);

	MUST(question->keys >= 1 && question->text_len <= sizeof question->text);
	if (rd_span_is(route, RD_SPAN("refresh")))
		MUST(question->script == RD_SCRIPT_ROTATE &&
		     rd_token_authentic(&call->token, ring(), rd_span(call->client->id)));
	else if (rd_span_is(route, RD_SPAN("logout")) || rd_span_is(route, RD_SPAN("logout_all")))
		MUST(question->script == RD_SCRIPT_REVOKE &&
		     (call->sub.len ||
		      rd_token_authentic(&call->token, ring(), rd_span(call->client->id))));
	else if (rd_span_is(route, RD_SPAN("sessions")))
		MUST(question->script == RD_SCRIPT_SESSIONS && call->sub.len);
	else if (rd_span_is(route, RD_SPAN("session")))
		MUST(question->script == RD_SCRIPT_REVOKE && call->sub.len &&
		     question->arg[0].len == RD_SID_TEXT_LEN &&
		     question->arg[1].len == RD_SID_TEXT_LEN);
	else if (rd_span_is(route, RD_SPAN("issue")))
		MUST(question->script == RD_SCRIPT_ISSUE);
	else if (rd_span_is(route, RD_SPAN("verify")) || rd_span_is(route, RD_SPAN("whoami")))
		MUST(question->script == RD_SCRIPT_SESSION);
	else if (rd_span_is(route, RD_SPAN("revoke")))
		MUST(question->script == RD_SCRIPT_REVOKE && call->sid[RD_SID_TEXT_LEN - 1] &&
		     rd_span_is(question->arg[2], rd_span(call->client->id)));
	else if (rd_span_is(route, RD_SPAN("introspect")))
		MUST(question->script == RD_SCRIPT_SESSION && call->client->confidential);
	else
		MUST(rd_span_is(route, RD_SPAN("login")) && question->script == RD_SCRIPT_LOGIN);
}

static void serve(struct rd_params *params, struct rd_span request_body)
{
	static struct rd_call call;
	static struct rd_question question;
	const struct rd_answer away = {.away = true};

	rd_call_begin(&call, &service);
	call.params = *params;
	call.body = (char *)(uintptr_t)request_body.ptr;
	call.body_len = request_body.len;
	call.now_ms = 1700000000000;
	call.jwt_cache = jwt_cache;
	call.reply = &reply;
	reply = (struct rd_reply){.head = RD_BUF(head), .body = RD_BUF(body)};
	if (rd_op_start(&call, &question) == RD_STEP_ASK) {
		check_question(&call, &question);
		MUST(call.op->answer(&call, &away, &question) == RD_STEP_REPLY);
		MUST(reply.status == 503);
	}
	check_reply();
	rd_call_end(&call);
}

static bool takes_access(const struct rd_params *params)
{
	const struct rd_span route = params->value[RD_PARAM_ROUTE];

	return rd_span_is(route, RD_SPAN("verify")) || rd_span_is(route, RD_SPAN("whoami"));
}

static void serve_twice(struct rd_params *params, struct rd_span request_body)
{
	static char head_before[sizeof head], body_before[sizeof body];
	struct rd_reply before;

	jwt_cache = rd_jwt_cache_new(1);
	serve(params, request_body);
	before = reply;
	memcpy(head_before, head, before.head.len);
	memcpy(body_before, body, before.body.len);
	serve(params, request_body);
	MUST(reply.status == before.status && reply.head.len == before.head.len &&
	     reply.body.len == before.body.len && memcmp(head, head_before, before.head.len) == 0 &&
	     memcmp(body, body_before, before.body.len) == 0);
	rd_jwt_cache_free(jwt_cache);
	jwt_cache = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd_params params = {0};
	char *text = malloc(size + 1), *at = text, *end = text + size;

	MUST(text);
	if (!service.keys)
		start();
	memcpy(text, data, size);
	while (at < end) {
		char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);

		rd_params_add(&params, (struct rd_span){at, len});
		at += len + (newline != NULL);
		if (len == 0)
			break;
	}
	if (takes_access(&params))
		serve_twice(&params, (struct rd_span){at, (size_t)(end - at)});
	else
		serve(&params, (struct rd_span){at, (size_t)(end - at)});
	free(text);
	return 0;
}
