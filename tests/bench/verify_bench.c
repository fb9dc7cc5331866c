// CPU time of one verify in a worker, without FastCGI and kernel: parameters in, printed head out.
// Cold: the signature is checked; hot: the worker knows the token; access: the hot token's part of
// it.
#include <stdio.h>
#include <time.h>
#include "../unit/ring_fixture.h"
#include "op/access.h"

#define COLD   20000
#define HOT    1000000
#define NOW_MS 1800000000000

static struct rd_config config;

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void fail(const char *why)
{
	fprintf(stderr, "%s\n", why);
	exit(1);
}

static void load(void)
{
	char reason[256];
	struct rd_buf why = RD_BUF(reason);
	int argc = 0;

	if (!rd_config_load(&config, NULL, &argc, NULL, &why))
		fail("no configuration");
}

// What a refresh gives out: 480 bytes for EdDSA.
static void sign(struct rd_buf *out, enum rd_alg alg)
{
	const struct rd_access access = {.iss = rd_span(config.issuer),
					 .aud = rd_span(config.audience),
					 .sub = RD_SPAN("user-000001"),
					 .client_id = RD_SPAN("web"),
					 .scope = RD_SPAN("openid profile"),
					 .sid = RD_SPAN("AAAAAAAAAAAAAAAAAAAAAA"),
					 .jti = RD_SPAN("AAAAAAAAAAAAAAAA"),
					 .iat_s = NOW_MS / 1000,
					 .exp_s = NOW_MS / 1000 + 900,
					 .auth_time_s = NOW_MS / 1000};

	rd_put_lit(out, "HTTP_AUTHORIZATION=Bearer ");
	rd_jwt_sign(out, &access, rd_keys_signer(ring(), alg), 0);
	if (!rd_buf_ok(out))
		fail("does not fit");
}

static void begin(struct rd_call *call, const struct rd_service *service, struct rd_reply *reply,
		  struct rd_jwt_cache *cache, struct rd_span token)
{
	rd_call_begin(call, service);
	call->reply = reply;
	call->jwt_cache = cache;
	call->now_ms = NOW_MS;
	rd_params_add(&call->params, RD_SPAN("REFRESHD_ROUTE=verify"));
	rd_params_add(&call->params, RD_SPAN("REQUEST_METHOD=GET"));
	rd_params_add(&call->params, RD_SPAN("REMOTE_ADDR=127.0.0.1"));
	rd_params_add(&call->params,
		      RD_SPAN("REFRESHD_REQUEST_ID=0123456789abcdef0123456789abcdef"));
	rd_params_add(&call->params, token);
}

static void verify(const struct rd_service *service, struct rd_jwt_cache *cache,
		   struct rd_span token)
{
	static char head[RD_REPLY_HEAD_MAX], body[RD_REPLY_BODY_MAX], out[RD_REPLY_HEAD_MAX];
	static struct rd_question question;
	static struct rd_call call;
	struct rd_reply reply = {.head = RD_BUF(head), .body = RD_BUF(body)};
	struct rd_buf printed = RD_BUF(out);

	begin(&call, service, &reply, cache, token);
	if (rd_op_start(&call, &question) != RD_STEP_REPLY || reply.status != 200)
		fail("refused");
	rd_reply_print_head(&reply, &printed);
	rd_call_end(&call);
}

static double whole(const struct rd_service *service, struct rd_jwt_cache *cache,
		    struct rd_span token, int rounds)
{
	const double start = cpu_us();

	for (int i = 0; i < rounds; i++)
		verify(service, cache, token);
	return (cpu_us() - start) / rounds;
}

static double access_only(const struct rd_service *service, struct rd_jwt_cache *cache,
			  struct rd_span token, int rounds)
{
	static struct rd_call call;
	struct rd_reply reply = {0};
	double start;

	begin(&call, service, &reply, cache, token);
	start = cpu_us();
	for (int i = 0; i < rounds; i++)
		if (rd_access_take(&call, RD_AUDIENCE_OF_LOCATION, &call.verify.access))
			fail("refused");
	return (cpu_us() - start) / rounds;
}

int main(void)
{
	struct rd_jwt_cache *cache;
	char text[1024];

	if (sodium_init() < 0)
		return 1;
	load();
	cache = rd_jwt_cache_new(config.verify_cache);
	for (enum rd_alg alg = 0; alg < RD_ALG_COUNT; alg++) {
		const struct rd_service service = {&config, ring(), rd_keys_signer(ring(), alg)};
		struct rd_buf token = RD_BUF(text);

		sign(&token, alg);
		printf("%-6s %6.2f us of CPU a verify cold", rd_alg_names[alg],
		       whole(&service, NULL, rd_buf_span(&token), COLD));
		printf(", %5.2f hot", whole(&service, cache, rd_buf_span(&token), HOT));
		printf(" (%.2f of it the token)\n",
		       access_only(&service, cache, rd_buf_span(&token), HOT));
	}
	rd_jwt_cache_free(cache);
	return 0;
}
