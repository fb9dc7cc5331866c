// CPU time of one refresh in a worker, without FastCGI, kernel and Redis: decode, check the tag,
// ask; then read the answer, derive the successor, sign the access token, count, print the reply.
#include <stdio.h>
#include <time.h>
#include "../unit/record_fixture.h"
#include "../unit/ring_fixture.h"
#include "base/clock.h"
#include "op/op.h"

#define ROUNDS 200000

static struct rd_counts *counts;

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void load(struct rd_config *config)
{
	char reason[256];
	struct rd_buf why = RD_BUF(reason);
	int argc = 0;

	if (!rd_config_load(config, NULL, &argc, NULL, &why)) {
		fprintf(stderr, "%.*s\n", (int)why.len, why.ptr);
		exit(1);
	}
}

// A record whose head is the token's successor: what Redis says to a refresh that rotates.
static struct rd_answer rotated(struct rd_buf *out, const uint8_t seed[static RD_SEED_LEN])
{
	struct rd_record record = {.kid = 7,
				   .generation = 1,
				   .rotated_ms = 1800000000000,
				   .seen_ms = 1800000000000,
				   .expires_ms = 1810000000000,
				   .created_ms = 1790000000000,
				   .auth_time_ms = 1790000000000,
				   .user = RD_SPAN("user-000001"),
				   .client = RD_SPAN("web"),
				   .ip = RD_SPAN("127.0.0.1"),
				   .scope = RD_SPAN("openid profile")};

	memcpy(record.seed, seed, RD_SEED_LEN);
	rd_put_lit(out, "R");
	record_put_int(out, 1800000000000, 6);
	record_put(out, &record);
	return (struct rd_answer){.count = 1, .part = {rd_buf_span(out)}};
}

static void refresh(const struct rd_service *service, const char *token,
		    const struct rd_answer *answer)
{
	static char head[RD_REPLY_HEAD_MAX], body[RD_REPLY_BODY_MAX], out[RD_REPLY_HEAD_MAX];
	static struct rd_question question;
	static struct rd_call call;
	struct rd_reply reply = {.head = RD_BUF(head), .body = RD_BUF(body)};
	struct rd_buf printed = RD_BUF(out);
	const int64_t begun_us = rd_mono_us();
	char form[256], length[32];

	rd_call_begin(&call, service);
	call.counts = counts;
	call.body_len = (size_t)snprintf(
	    form, sizeof form, "grant_type=refresh_token&client_id=web&refresh_token=%s", token);
	snprintf(length, sizeof length, "CONTENT_LENGTH=%zu", call.body_len);
	call.body = form;
	call.reply = &reply;
	rd_params_add(&call.params, RD_SPAN("REQUEST_METHOD=POST"));
	rd_params_add(&call.params, RD_SPAN("CONTENT_TYPE=application/x-www-form-urlencoded"));
	rd_params_add(&call.params, rd_span(length));
	rd_params_add(&call.params, RD_SPAN("REMOTE_ADDR=127.0.0.1"));
	rd_params_add(&call.params,
		      RD_SPAN("REFRESHD_REQUEST_ID=0123456789abcdef0123456789abcdef"));
	rd_params_add(&call.params, RD_SPAN("REFRESHD_ROUTE=refresh"));
	rd_params_add(&call.params, RD_SPAN("REFRESHD_DIALECT=oauth2"));
	if (rd_op_start(&call, &question) != RD_STEP_ASK ||
	    call.op->answer(&call, answer, &question) != RD_STEP_REPLY || reply.status != 200) {
		fprintf(stderr, "refused: %.*s\n", (int)reply.body.len, body);
		exit(1);
	}
	rd_op_done(&call, rd_mono_us() - begun_us);
	rd_reply_print_head(&reply, &printed);
	rd_call_end(&call);
}

int main(void)
{
	static struct rd_config config;
	static const uint8_t seed[RD_SEED_LEN] = "0123456789abcde";
	struct rd_token token = {.version = RD_TOKEN_VERSION, .kid = 7};
	char text[RD_TOKEN_TEXT_LEN + 1], bytes[512];
	struct rd_buf buf = RD_BUF(bytes);
	struct rd_answer answer;
	struct rd_metrics *metrics;

	if (sodium_init() < 0)
		return 1;
	load(&config);
	metrics = rd_metrics_new(1, 1);
	if (!metrics)
		return 1;
	counts = rd_metrics_counts(metrics, 1);
	rd_token_seal(&token, ring(), RD_SPAN("web"), seed);
	rd_token_print(&token, text);
	answer = rotated(&buf, seed);
	for (enum rd_alg alg = 0; alg < RD_ALG_COUNT; alg++) {
		const struct rd_service service = {&config, ring(), rd_keys_signer(ring(), alg)};
		const double begin = cpu_us();

		config.clients[0].access_alg = alg;
		for (int i = 0; i < ROUNDS; i++)
			refresh(&service, text, &answer);
		printf("%-6s %6.2f us of CPU a refresh\n", rd_alg_names[alg],
		       (cpu_us() - begin) / ROUNDS);
	}
	return 0;
}
