// What is published: metadata and keys.
#include "base/b64.h"
#include "op_fixture.h"

static struct json_object *get(const char *route)
{
	struct json_object *json;

	assert_int_equal(OP_ASK("", "REQUEST_METHOD=GET", op_text("REFRESHD_ROUTE=%s", route)),
			 RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 200);
	assert_head("");
	json = rd_json_parse(rd_buf_span(&op.reply.body));
	assert_non_null(json);
	return json;
}

static int start(void **state)
{
	int rc = start_op(state);

	op.config.jwks_max_age_s = 300;
	return rc;
}

static void set(char *to, const char *text)
{
	memcpy(to, text, strlen(text) + 1);
}

#define ENDPOINTS                                                       \
	"\"token_endpoint\":\"https://id.example/oauth2/token\","       \
	"\"jwks_uri\":\"https://id.example/.well-known/jwks.json\","    \
	"\"revocation_endpoint\":\"https://id.example/oauth2/revoke\"," \
	"\"introspection_endpoint\":\"https://id.example/oauth2/introspect\","
#define REST                                                         \
	"\"response_types_supported\":[\"none\"],"                   \
	"\"grant_types_supported\":[\"refresh_token\"],"             \
	"\"token_endpoint_auth_methods_supported\":"                 \
	"[\"client_secret_basic\",\"client_secret_post\",\"none\"]," \
	"\"revocation_endpoint_auth_methods_supported\":"            \
	"[\"client_secret_basic\",\"client_secret_post\",\"none\"]," \
	"\"introspection_endpoint_auth_methods_supported\":"         \
	"[\"client_secret_basic\",\"client_secret_post\"]"

static void rfc8414_2_says_where_everything_is(void **state)
{
	(void)state;
	rd_json_free(get("metadata"));
	assert_reply(200, "{\"issuer\":\"https://id.example\"," ENDPOINTS REST "}");
	assert_null(op.reply.type);
	assert_int_equal(op.reply.max_age_s, 300);
}

// Text of a member, copied.
static const char *endpoint(const char *name)
{
	rd_json_free(get("metadata"));
	return op_member(name);
}

static void rfc8414_2_the_issuer_is_byte_equal_to_iss(void **state)
{
	static const char *const issuers[] = {"https://id.example/", "https://id.example/a/b",
					      "https://ID.example:8443",
					      "https://id.example/\"x\""};

	(void)state;
	for (size_t i = 0; i < COUNT(issuers); i++) {
		set(op.config.issuer, issuers[i]);
		assert_string_equal(endpoint("issuer"), issuers[i]);
	}
	set(op.config.issuer, "https://id.example");
}

static void endpoints_are_behind_the_issuer_or_where_options_say(void **state)
{
	(void)state;
	set(op.config.issuer, "https://id.example/tenant");
	assert_string_equal(endpoint("token_endpoint"), "https://id.example/tenant/oauth2/token");
	set(op.config.issuer, "https://id.example/");
	assert_string_equal(endpoint("token_endpoint"), "https://id.example/oauth2/token");
	set(op.config.issuer, "https://id.example");
	set(op.config.token_endpoint, "https://a.example/t");
	set(op.config.revocation_endpoint, "https://a.example/r");
	set(op.config.introspection_endpoint, "https://a.example/i");
	set(op.config.jwks_uri, "https://a.example/j");
	assert_string_equal(endpoint("token_endpoint"), "https://a.example/t");
	assert_string_equal(endpoint("revocation_endpoint"), "https://a.example/r");
	assert_string_equal(endpoint("introspection_endpoint"), "https://a.example/i");
	assert_string_equal(endpoint("jwks_uri"), "https://a.example/j");
	*op.config.token_endpoint = *op.config.revocation_endpoint = 0;
	*op.config.introspection_endpoint = *op.config.jwks_uri = 0;
}

static void rfc8414_2_scopes_are_all_clients_each_once(void **state)
{
	(void)state;
	set(op.config.clients[1].scopes, "read write read");
	set(op.config.clients[2].scopes, "admin read");
	set(op.config.clients[3].scopes, "rea");
	rd_json_free(get("metadata"));
	assert_reply(200, "{\"issuer\":\"https://id.example\"," ENDPOINTS REST
			  ",\"scopes_supported\":[\"read\",\"write\",\"admin\",\"rea\"]}");
	for (size_t i = 0; i < op.config.client_count; i++)
		*op.config.clients[i].scopes = 0;
}

static void the_longest_texts_and_any_number_of_scopes_fit(void **state)
{
	static struct rd_config kept;

	(void)state;
	kept = op.config;
	memset(op.config.issuer, 1, sizeof op.config.issuer - 1); // six bytes each in JSON
	memset(op.config.token_endpoint, 1, sizeof op.config.token_endpoint - 1);
	memset(op.config.revocation_endpoint, 1, sizeof op.config.revocation_endpoint - 1);
	memset(op.config.introspection_endpoint, 1, sizeof op.config.introspection_endpoint - 1);
	while (op.config.client_count < RD_CLIENTS_MAX) {
		struct rd_client *c = &op.config.clients[op.config.client_count++];

		for (int i = 0; i < 255; i += 4)
			snprintf(c->scopes + i, sizeof c->scopes - (size_t)i, "%03zx ",
				 op.config.client_count * 64 + (size_t)i / 4);
		c->scopes[254] = 0;
	}
	rd_json_free(get("metadata"));
	op.config = kept;
}

static void published_things_may_be_cached_as_long_as_the_option_says(void **state)
{
	char text[RD_REPLY_HEAD_MAX];
	struct rd_buf buf = RD_BUF(text);

	(void)state;
	op.config.jwks_max_age_s = 0;
	rd_json_free(get("jwks"));
	rd_reply_print_head(&op.reply, &buf);
	assert_non_null(memmem(buf.ptr, buf.len, "Cache-Control: no-store\r\n", 25));
	op.config.jwks_max_age_s = 300;
	rd_json_free(get("jwks"));
	buf.len = 0;
	rd_reply_print_head(&op.reply, &buf);
	assert_non_null(memmem(buf.ptr, buf.len, "Cache-Control: public, max-age=300\r\n", 36));
	assert_non_null(memmem(buf.ptr, buf.len, "Content-Type: application/jwk-set+json\r\n", 40));
}

// RFC 8037 appendix A has this key and its thumbprint.
#define KEY_ACTIVE                                               \
	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\","                  \
	"\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"," \
	"\"kid\":\"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k\",\"use\":\"sig\""

static void rfc8037_every_public_key_whatever_its_state(void **state)
{
	struct json_object *json = get("jwks"), *keys = NULL;

	(void)state;
	assert_true(json_object_object_get_ex(json, "keys", &keys));
	assert_int_equal(json_object_array_length(keys), 2); // active and retired; not HS256
	rd_json_free(json);
	assert_memory_equal(op.reply.body.ptr, "{\"keys\":[" KEY_ACTIVE ",\"alg\":\"EdDSA\"},",
			    sizeof "{\"keys\":[" KEY_ACTIVE ",\"alg\":\"EdDSA\"}," - 1);
}

static void rfc7518_6_no_private_and_no_symmetric_key(void **state)
{
	char secret[RD_B64_LEN(32) + 1];
	struct rd_span body;

	(void)state;
	rd_json_free(get("jwks"));
	body = rd_buf_span(&op.reply.body);
	assert_null(memmem(body.ptr, body.len, "\"d\"", 3));
	assert_null(memmem(body.ptr, body.len, "\"k\"", 3));
	assert_null(memmem(body.ptr, body.len, "oct", 3));
	for (size_t i = 0; i < ring()->access_count; i++) {
		rd_b64_encode(secret, ring()->access[i].secret, 32);
		assert_null(memmem(body.ptr, body.len, secret, strlen(secret)));
	}
}

static void without_ed25519_keys_the_set_is_empty(void **state)
{
	static const char text[] = RING_DEPLOYMENT RING_REFRESH RING_HS256;
	static struct rd_keys keys;
	char reason[100];
	struct rd_buf why = RD_BUF(reason);
	struct rd_question question;

	(void)state;
	rd_json_free(get("jwks"));
	assert_true(rd_keys_parse(rd_span(text), &keys, &why));
	op.service.keys = &keys;
	op_new_reply();
	assert_int_equal(rd_op_start(&op.call, &question), RD_STEP_REPLY);
	assert_reply(200, "{\"keys\":[]}");
}

// A reader matches a key's alg with the token's, and tokens may have either name.
static void rfc9864_alg_is_the_name_in_use(void **state)
{
	static const struct {
		int service, client;
		const char *end;
	} rows[] = {
	    {0, 0, ",\"alg\":\"EdDSA\"}"},
	    {1, 1, ",\"alg\":\"Ed25519\"}"},
	    {0, 1, "}"},
	    {1, 0, "}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *wanted = op_text("{\"keys\":[" KEY_ACTIVE "%s,", rows[i].end);

		op.config.alg_name = rows[i].service;
		for (size_t c = 0; c < op.config.client_count; c++)
			op.config.clients[c].alg_name = rows[i].client;
		rd_json_free(get("jwks"));
		assert_memory_equal(op.reply.body.ptr, wanted, strlen(wanted));
	}
	op.config.alg_name = 0;
	for (size_t c = 0; c < op.config.client_count; c++)
		op.config.clients[c].alg_name = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc8414_2_says_where_everything_is),
	    cmocka_unit_test(rfc8414_2_the_issuer_is_byte_equal_to_iss),
	    cmocka_unit_test(endpoints_are_behind_the_issuer_or_where_options_say),
	    cmocka_unit_test(rfc8414_2_scopes_are_all_clients_each_once),
	    cmocka_unit_test(the_longest_texts_and_any_number_of_scopes_fit),
	    cmocka_unit_test(published_things_may_be_cached_as_long_as_the_option_says),
	    cmocka_unit_test(rfc8037_every_public_key_whatever_its_state),
	    cmocka_unit_test(rfc7518_6_no_private_and_no_symmetric_key),
	    cmocka_unit_test(without_ed25519_keys_the_set_is_empty),
	    cmocka_unit_test(rfc9864_alg_is_the_name_in_use),
	};

	return cmocka_run_group_tests(tests, start, stop_op);
}
