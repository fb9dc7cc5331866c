// Drives one operation at a time without nginx and Redis: parameters and a body in, a reply or a
// question out, and the store's answers made by hand.
#pragma once
#include <stdarg.h>
#include <stdio.h>
#include "copies_fixture.h"
#include "op/op.h"
#include "record_fixture.h"
#include "ring_fixture.h"
#include "observe/log.h"
#include "unit.h"

// The two clocks differ, so that a test sees which one was asked.
#define OP_WORKER_MS 1700000000000
#define OP_REDIS_MS  1700000007890
#define OP_SECRET    "s3cret" // of the confidential clients

static struct {
	struct rd_config config;
	struct rd_service service;
	struct rd_jwt_cache *jwt_cache; // of the worker
	enum rd_hashing hashing;
	enum rd_log_level least; // that is heard
	bool draining, store_up, store_replica;
	struct rd_counts *counts;
	const struct rd_metrics *metrics;
	struct rd_call call;
	struct rd_reply reply;
	struct rd_question question;
	char head[RD_REPLY_HEAD_MAX], body[RD_REPLY_BODY_MAX], answer[8192];
	char heard[1024]; // of the log, "event outcome sub" a line
} op;

// In place of the log of the library, which the linker leaves out then.
static void hear(const char *event, const char *outcome, struct rd_span sub)
{
	const size_t at = strlen(op.heard);

	snprintf(op.heard + at, sizeof op.heard - at, "%s %s %.*s\n", event, outcome, (int)sub.len,
		 sub.len ? sub.ptr : "");
}

void rd_log(enum rd_log_level level, const char *event, const char *format, ...)
{
	(void)level, (void)format;
	hear(event, "", (struct rd_span){0});
}

void rd_log_audit(const struct rd_audit *audit)
{
	hear(audit->event, audit->outcome, audit->sub);
}

bool rd_log_wants(enum rd_log_level level)
{
	return level >= op.least;
}

void rd_log_worker(unsigned number, struct rd_counts *counts)
{
	(void)number, (void)counts;
}

static inline void op_client(const char *id, bool confidential, bool rotation, bool issue)
{
	struct rd_client *client = &op.config.clients[op.config.client_count++];

	*client = (struct rd_client){.confidential = confidential,
				     .rotation = rotation,
				     .issue = issue,
				     .grace_s = 10,
				     .idle_ttl_s = 1000,
				     .max_ttl_s = 5000,
				     .access_ttl_s = op.config.access_ttl_s,
				     .access_jitter_s = op.config.access_jitter_s};
	memcpy(client->id, id, strlen(id) + 1);
	memcpy(client->audience, op.config.audience, sizeof client->audience);
	if (confidential)
		crypto_hash_sha256(client->secret_sha256, (const uint8_t *)OP_SECRET,
				   strlen(OP_SECRET));
}

static inline int start_op(void **state)
{
	op.least = RD_LOG_INFO;
	op.config = (struct rd_config){.body_max = 4096,
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
				       .default_client = "web"};
	op_client("web", false, true, false);
	op_client("keep", false, false, false);
	op_client("shop", true, true, false);
	op_client("backend", true, true, true);
	return start_sodium(state);
}

static inline int stop_op(void **state)
{
	(void)state;
	rd_call_end(&op.call);
	copies_free();
	return 0;
}

// Text by printf, good until four more are made.
[[gnu::format(printf, 1, 2)]] static inline const char *op_text(const char *format, ...)
{
	static char texts[4][16384];
	static unsigned turn;
	char *text = texts[turn++ % 4];
	va_list args;

	va_start(args, format);
	assert_true(vsnprintf(text, sizeof *texts, format, args) < (int)sizeof *texts);
	va_end(args);
	return text;
}

// What holds for every reply, whoever makes it.
static inline void op_check_reply(void)
{
	struct rd_span body = rd_buf_span(&op.reply.body);
	struct json_object *json = rd_json_parse(body);

	assert_true(rd_buf_ok(&op.reply.head) && rd_buf_ok(&op.reply.body));
	assert_true(op.reply.request_id.len > 0);
	if (op.reply.status == 204)
		assert_int_equal(body.len, 0);
	else if (!json && !op.reply.type)
		fail_msg("no JSON: %.*s", (int)body.len, body.ptr);
	rd_json_free(json);
	if (op.reply.status != 200)
		assert_null(memmem(body.ptr, body.len, "rt1_", 4));
	assert_null(strstr(op.heard, "rt1_"));
	assert_null(strstr(op.heard, OP_SECRET));
}

static inline void op_new_reply(void)
{
	op.reply = (struct rd_reply){
	    .request_id = op.reply.request_id, .head = RD_BUF(op.head), .body = RD_BUF(op.body)};
}

// pairs: `NAME=value` up to a NULL; a fitting CONTENT_LENGTH is added where there is none.
static inline enum rd_step op_ask_for(struct rd_span body, const char *const *pairs)
{
	enum rd_step step;

	stop_op(NULL);
	op.heard[0] = 0;
	op.service = (struct rd_service){&op.config, ring(), rd_keys_signer(ring(), RD_ALG_EDDSA)};
	memset(&op.call, 0xaa, sizeof op.call); // what the last request left there
	memset(&op.question, 0xaa, sizeof op.question);
	rd_call_begin(&op.call, &op.service);
	op.call.params = params_of(pairs);
	if (!op.call.params.value[RD_PARAM_CONTENT_LENGTH].ptr)
		rd_params_add(&op.call.params,
			      copy_of(rd_span(op_text("CONTENT_LENGTH=%zu", body.len))));
	op.call.body = (char *)(uintptr_t)copy_of(body).ptr;
	op.call.body_len = body.len;
	op.call.now_ms = OP_WORKER_MS;
	op.call.jwt_cache = op.jwt_cache;
	op.call.hashing = op.hashing;
	op.call.counts = op.counts;
	op.call.metrics = op.metrics;
	op.call.draining = op.draining;
	op.call.store_up = op.store_up;
	op.call.store_replica = op.store_replica;
	op.call.reply = &op.reply;
	op.reply.request_id = (struct rd_span){0};
	op_new_reply();
	step = rd_op_start(&op.call, &op.question);
	if (step == RD_STEP_REPLY)
		op_check_reply();
	return step;
}

#define OP_ASK(body, ...) op_ask_for(rd_span(body), (const char *const[]){__VA_ARGS__, NULL})

static inline enum rd_step op_answer(struct rd_answer answer)
{
	enum rd_step step;

	for (size_t i = 0; i < RD_ANSWER_PARTS; i++)
		if (answer.part[i].ptr)
			answer.part[i] = copy_of(answer.part[i]);
	op_new_reply();
	step = op.call.op->answer(&op.call, &answer, &op.question);
	if (step == RD_STEP_REPLY)
		op_check_reply();
	return step;
}

// An answer of rotate or issue: the letter, Redis' time and the record (NULL: none). issue's has
// a second part: the sid of the session that had to end, nobody's here.
static inline struct rd_answer op_turn(char letter, const struct rd_record *record)
{
	struct rd_buf buf = RD_BUF(op.answer);

	rd_put(&buf, &letter, 1);
	record_put_int(&buf, OP_REDIS_MS, 6);
	if (record)
		record_put(&buf, record);
	assert_true(rd_buf_ok(&buf));
	return (struct rd_answer){.count = letter == 'I' ? 2 : 1,
				  .part = {rd_buf_span(&buf), RD_SPAN("")}};
}

static const struct rd_answer op_away = {.away = true};

// The family that op_token is of.
static inline struct rd_record op_record(uint32_t generation)
{
	return (struct rd_record){.kid = 7,
				  .generation = generation,
				  .rotated_ms = OP_REDIS_MS,
				  .seen_ms = OP_REDIS_MS,
				  .expires_ms = OP_REDIS_MS + 4000000,
				  .created_ms = OP_REDIS_MS - 1000000,
				  .auth_time_ms = OP_REDIS_MS - 2000000,
				  .seed = "0123456789abcde",
				  .user = RD_SPAN("anna"),
				  .client = RD_SPAN("web"),
				  .ip = RD_SPAN("192.0.2.1"),
				  .scope = RD_SPAN("read write"),
				  .claims = RD_SPAN("\"role\":\"admin\""),
				  .agent = RD_SPAN("curl")};
}

struct op_token {
	char text[RD_TOKEN_TEXT_LEN + 1];
};

static inline struct op_token op_token_by(uint8_t kid, uint32_t generation, const char *client)
{
	const struct rd_record record = op_record(generation);
	struct rd_token token = {.version = 1, .kid = kid, .generation = generation};
	struct op_token out;

	rd_slot_of(token.slot, ring(), record.user);
	memset(token.family, 'f', sizeof token.family);
	rd_token_seal(&token, ring(), rd_span(client), record.seed);
	rd_token_print(&token, out.text);
	return out;
}

static inline struct op_token op_token(uint32_t generation)
{
	return op_token_by(7, generation, "web");
}

static inline void assert_reply(int status, const char *body)
{
	assert_text(rd_buf_span(&op.reply.body), body);
	assert_int_equal(op.reply.status, status);
}

// The lines the operation adds to the head.
static inline void assert_head(const char *lines)
{
	assert_text(rd_buf_span(&op.reply.head), lines);
}

static inline void assert_heard(const char *lines)
{
	assert_string_equal(op.heard, lines);
}

// The value of a member of the reply's body, copied.
static inline const char *op_member(const char *name)
{
	struct json_object *json = rd_json_parse(rd_buf_span(&op.reply.body));
	struct rd_span text = {0};
	const char *copy;

	(void)!rd_json_str(json, name, &text);
	copy = op_text("%.*s", (int)text.len, text.len ? text.ptr : "");
	rd_json_free(json);
	return copy;
}

// Verifies an access token of ours and gives its claims, which doc holds.
static inline struct rd_access op_access(const char *token, struct json_object **doc)
{
	const struct rd_jwt_wants wants = {rd_span(op.config.issuer), rd_span(op.config.audience),
					   OP_WORKER_MS / 1000};
	struct rd_access access;

	assert_int_equal(rd_jwt_verify(rd_span(token), ring(), &wants, doc, &access), RD_OK);
	return access;
}
