// What a client's section says of its tokens: scopes, audience, algorithm, life.
#include "op_fixture.h"
#include "op/access.h"

#define BACKEND "HTTP_AUTHORIZATION=Basic YmFja2VuZDpzM2NyZXQ=" // backend:s3cret

static struct rd_client *client(const char *id)
{
	return &op.config.clients[rd_config_client(&op.config, rd_span(id)) - op.config.clients];
}

static int start(void **state)
{
	int rc = start_op(state);

	op_client("orders", false, true, false);
	memcpy(client("orders")->scopes, "read write", 11);
	memcpy(client("orders")->audience, "https://orders.example", 23);
	client("orders")->access_alg = RD_ALG_HS256;
	client("orders")->access_ttl_s = 60;
	return rc;
}

static enum rd_step issue(const char *members)
{
	return OP_ASK(op_text("{\"sub\":\"anna\",\"client_id\":\"orders\"%s}", members),
		      "REQUEST_METHOD=POST", "REFRESHD_ROUTE=issue",
		      "CONTENT_TYPE=application/json", BACKEND);
}

static void a_scope_is_within_the_clients_or_invalid(void **state)
{
	static const struct {
		const char *members, *scope; // NULL: invalid_scope
	} rows[] = {
	    {"", "read write"},
	    {",\"scope\":\"\"", "read write"},
	    {",\"scope\":null", "read write"},
	    {",\"scope\":\"read\"", "read"},
	    {",\"scope\":\"write read\"", "write read"},
	    {",\"scope\":\"admin\"", NULL},
	    {",\"scope\":\"read admin\"", NULL},
	    {",\"scope\":\"READ\"", NULL},
	    {",\"scope\":\"rea\"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(issue(rows[i].members),
				 rows[i].scope ? RD_STEP_ASK : RD_STEP_REPLY);
		if (rows[i].scope)
			assert_text(op.call.issue.family.about.scope, rows[i].scope);
		else
			assert_reply(400, "{\"error\":\"invalid_scope\",\"error_description\":"
					  "\"scope: is more than the client's scopes\"}");
	}
}

static void a_client_without_scopes_may_have_any(void **state)
{
	(void)state;
	assert_int_equal(OP_ASK("{\"sub\":\"anna\",\"scope\":\"what ever\"}", "REQUEST_METHOD=POST",
				"REFRESHD_ROUTE=issue", "CONTENT_TYPE=application/json", BACKEND),
			 RD_STEP_ASK);
	assert_text(op.call.issue.family.about.scope, "what ever");
}

// Refreshes a token of the client and gives the new access token's claims by the ring alone.
static struct rd_access refreshed(const char *id, struct json_object **doc)
{
	const struct rd_jwt_wants wants = {rd_span(op.config.issuer), {0}, OP_WORKER_MS / 1000};
	struct rd_record record = op_record(5);
	struct rd_access access;

	record.client = rd_span(id);
	assert_int_equal(OP_ASK(op_text("grant_type=refresh_token&client_id=%s&refresh_token=%s",
					id, op_token_by(7, 4, id).text),
				"REQUEST_METHOD=POST", "REFRESHD_ROUTE=refresh",
				"REFRESHD_DIALECT=oauth2",
				"CONTENT_TYPE=application/x-www-form-urlencoded"),
			 RD_STEP_ASK);
	assert_int_equal(op_answer(op_turn('R', &record)), RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 200);
	assert_int_equal(
	    rd_jwt_verify(rd_span(op_member("access_token")), ring(), &wants, doc, &access), RD_OK);
	return access;
}

static bool header_is(enum rd_alg alg, int name)
{
	const struct rd_access_key *key = rd_keys_signer(ring(), alg);

	return strncmp(op_member("access_token"), key->header[name], key->header_len[name]) == 0;
}

static void its_tokens_are_signed_as_its_section_says(void **state)
{
	struct json_object *doc;
	struct rd_access access = refreshed("orders", &doc);
	struct rd_span audience;

	(void)state;
	assert_true(header_is(RD_ALG_HS256, 0));
	assert_int_equal(access.exp_s - access.iat_s, 60);
	assert_true(rd_jwt_is_for(doc, RD_SPAN("https://orders.example"), &audience));
	assert_text(audience, "https://orders.example");
	assert_false(rd_jwt_is_for(doc, RD_SPAN("api"), &audience));
	rd_json_free(doc);
	access = refreshed("web", &doc); // as before
	assert_true(header_is(RD_ALG_EDDSA, 0));
	assert_int_equal(access.exp_s - access.iat_s, 900);
	assert_true(rd_jwt_is_for(doc, RD_SPAN("api"), &audience));
	rd_json_free(doc);
	client("orders")->access_alg = RD_ALG_EDDSA;
	client("orders")->alg_name = 1;
	(void)refreshed("orders", &doc);
	assert_true(header_is(RD_ALG_EDDSA, 1));
	rd_json_free(doc);
	client("orders")->access_alg = RD_ALG_HS256;
	client("orders")->alg_name = 0;
}

static void without_a_key_of_its_algorithm_there_is_no_token(void **state)
{
	static const char text[] = RING_DEPLOYMENT RING_REFRESH RING_EDDSA;
	static struct rd_keys keys;
	struct rd_record record = op_record(5);
	char reason[100];
	struct rd_buf why = RD_BUF(reason);

	(void)state;
	record.client = RD_SPAN("orders");
	assert_true(rd_keys_parse(rd_span(text), &keys, &why));
	assert_int_equal(
	    OP_ASK("", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=refresh", "REFRESHD_CLIENT=orders",
		   "REFRESHD_DIALECT=flask",
		   op_text("HTTP_AUTHORIZATION=Bearer %s", op_token_by(7, 4, "orders").text)),
	    RD_STEP_ASK);
	op.service.keys = &keys;
	assert_int_equal(op_answer(op_turn('R', &record)), RD_STEP_REPLY);
	assert_reply(500, "{\"error\":\"server_error\"}");
	assert_heard("key.missing  \n");
}

// Whether refreshd's own endpoints take a token of this client with this audience.
static enum rd_result takes(const char *client_id, const char *audience)
{
	char text[RD_JWT_MAX];
	struct rd_buf buf = RD_BUF(text);
	struct rd_access access = {.iss = rd_span(op.config.issuer),
				   .sub = RD_SPAN("anna"),
				   .aud = rd_span(audience),
				   .client_id = rd_span(client_id),
				   .jti = RD_SPAN("j"),
				   .exp_s = OP_WORKER_MS / 1000 + 60};
	enum rd_result result;

	stop_op(NULL);
	op.service = (struct rd_service){&op.config, ring(), rd_keys_signer(ring(), RD_ALG_EDDSA)};
	rd_call_begin(&op.call, &op.service);
	op.call.now_ms = OP_WORKER_MS;
	rd_jwt_sign(&buf, &access, op.service.signer, 0);
	result =
	    rd_access_read(&op.call, copy_of(rd_buf_span(&buf)), RD_AUDIENCE_OF_CLIENT, &access);
	if (!result)
		assert_text(access.aud, audience);
	return result;
}

static void our_own_endpoints_take_the_audience_of_the_tokens_client(void **state)
{
	static const struct {
		const char *client, *audience;
		enum rd_result result;
	} rows[] = {
	    {"web", "api", RD_OK},
	    {"orders", "https://orders.example", RD_OK},
	    {"", "api", RD_OK},
	    {"web", "https://orders.example", RD_MALFORMED},
	    {"orders", "api", RD_MALFORMED},
	    {"", "https://orders.example", RD_MALFORMED},
	    {"gone", "api", RD_MALFORMED},
	    {"web", "", RD_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(takes(rows[i].client, rows[i].audience), rows[i].result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_scope_is_within_the_clients_or_invalid),
	    cmocka_unit_test(a_client_without_scopes_may_have_any),
	    cmocka_unit_test(its_tokens_are_signed_as_its_section_says),
	    cmocka_unit_test(without_a_key_of_its_algorithm_there_is_no_token),
	    cmocka_unit_test(our_own_endpoints_take_the_audience_of_the_tokens_client),
	};

	return cmocka_run_group_tests(tests, start, stop_op);
}
