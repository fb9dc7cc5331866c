#include "op_fixture.h"

#define FORM  "CONTENT_TYPE=application/x-www-form-urlencoded"
#define BASIC "HTTP_AUTHORIZATION=Basic c2hvcDpzM2NyZXQ=" // shop:s3cret
#define FOREIGN_SIGNATURE                             \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define FORGED "token.forged forged \n"
#define ACCESS "sid-of-22-characters-x"

static enum rd_step ask_with(const char *authorization, const char *body)
{
	return OP_ASK(body, "REQUEST_METHOD=POST", "REFRESHD_ROUTE=revoke",
		      "REFRESHD_DIALECT=oauth2", FORM, "REMOTE_ADDR=192.0.2.1", authorization);
}

static enum rd_step ask(const char *body)
{
	return ask_with("", body);
}

// An answer of revoke.lua.
static struct rd_answer revoked(char letter, uint32_t count)
{
	struct rd_buf buf = RD_BUF(op.answer);

	rd_put(&buf, &letter, 1);
	record_put_int(&buf, OP_REDIS_MS, 6);
	record_put_int(&buf, count, 4);
	return (struct rd_answer){.count = 1, .part = {rd_buf_span(&buf)}};
}

// An access token of ours.
static const char *access_token(const char *client, const char *sid, int64_t exp_s)
{
	char text[RD_JWT_MAX];
	struct rd_buf buf = RD_BUF(text);
	const struct rd_access access = {.iss = rd_span(op.config.issuer),
					 .sub = RD_SPAN("anna"),
					 .aud = rd_span(op.config.audience),
					 .client_id = rd_span(client),
					 .sid = rd_span(sid),
					 .jti = RD_SPAN("j"),
					 .exp_s = exp_s};

	rd_jwt_sign(&buf, &access, rd_keys_signer(ring(), RD_ALG_EDDSA), 0);
	return op_text("%.*s", (int)buf.len, buf.ptr);
}

static const char *good_access(void)
{
	return access_token("web", ACCESS, OP_WORKER_MS / 1000 + 1);
}

// What no client learns anything from: 200, without a question.
static void means_nothing(const char *body, const char *heard)
{
	if (ask(body) != RD_STEP_REPLY)
		fail_msg("%s", body);
	assert_reply(200, "{}");
	assert_heard(heard);
}

static void rfc7009_2_1_a_refresh_tokens_session_ends(void **state)
{
	uint8_t slot[RD_SLOT_LEN];
	char sid[RD_SID_TEXT_LEN + 1], slot_text[12] = "";
	uint8_t family[RD_FAMILY_LEN];
	struct rd_buf buf = RD_BUF(slot_text);

	(void)state;
	memset(family, 'f', sizeof family);
	rd_sid_of(sid, ring(), family);
	rd_slot_of(slot, ring(), RD_SPAN("anna"));
	rd_put_b64(&buf, slot, sizeof slot);
	assert_int_equal(ask(op_text("client_id=web&token=%s", op_token(4).text)), RD_STEP_ASK);
	assert_int_equal(op.question.script, RD_SCRIPT_REVOKE);
	assert_text(op.question.key[0], op_text("rd:{%.*s}:u", (int)buf.len, buf.ptr));
	assert_text(op.question.key[1], op_text("rd:{%.*s}:f:", (int)buf.len, buf.ptr));
	assert_text(op.question.arg[0], sid);
	assert_text(op.question.arg[1], ""); // nobody need be logged in
	assert_text(op.question.arg[2], "web");
	assert_text(op.question.arg[3], op_text("%d", RD_REASON_LOGOUT));
	assert_false(op.question.durable);
	assert_int_equal(op_answer(revoked('D', 1)), RD_STEP_REPLY);
	assert_reply(200, "{}");
	assert_head("");
	assert_heard("session.revoked logout \n");
}

static void an_access_tokens_session_ends_too(void **state)
{
	(void)state;
	assert_int_equal(ask(op_text("client_id=web&token=%s", good_access())), RD_STEP_ASK);
	assert_text(op.question.arg[0], ACCESS);
	assert_text(op.question.arg[2], "web");
	assert_int_equal(op_answer(revoked('D', 1)), RD_STEP_REPLY);
	assert_reply(200, "{}");
	assert_heard("session.revoked logout anna\n");
}

static void rfc7009_2_1_any_hint_finds_the_token(void **state)
{
	static const char *const hints[] = {"",         "refresh_token", "access_token",
					    "id_token", "%01",           "refresh_token+"};

	(void)state;
	for (size_t i = 0; i < COUNT(hints); i++) {
		assert_int_equal(ask(op_text("client_id=web&token_type_hint=%s&token=%s", hints[i],
					     op_token(4).text)),
				 RD_STEP_ASK);
		assert_int_equal(
		    ask(op_text("token=%s&token_type_hint=%s", good_access(), hints[i])),
		    RD_STEP_ASK);
	}
}

static void rfc7009_2_2_what_is_not_valid_is_success(void **state)
{
	struct op_token flipped = op_token(4);
	const char *access = good_access();

	(void)state;
	flipped.text[50] = flipped.text[50] == 'A' ? 'B' : 'A';
	means_nothing("token=x", "");
	means_nothing("token=rt1_", "");
	means_nothing(op_text("token=%s", flipped.text), FORGED);
	means_nothing(op_text("token=%sA", op_token(4).text), "");
	means_nothing(op_text("token=%s", op_token_by(7, 4, "shop").text), FORGED);
	means_nothing(op_text("token=%sA", access), "");
	access = good_access();
	means_nothing(op_text("token=%.*s%s", (int)strlen(access) - 86, access, FOREIGN_SIGNATURE),
		      FORGED);
	means_nothing(op_text("token=%s", access_token("web", ACCESS, OP_WORKER_MS / 1000)), "");
	means_nothing(op_text("token=%s", access_token("shop", ACCESS, OP_WORKER_MS / 1000 + 1)),
		      "");
	means_nothing(op_text("token=%s", access_token("", ACCESS, OP_WORKER_MS / 1000 + 1)), "");
	means_nothing(op_text("token=%s", access_token("web", "", OP_WORKER_MS / 1000 + 1)), "");
	means_nothing(op_text("token=%s", access_token("web", "short", OP_WORKER_MS / 1000 + 1)),
		      "");
}

static void rfc7009_2_2_so_is_what_was_revoked_or_is_gone(void **state)
{
	static const char letters[] = "DAWV";

	(void)state;
	for (size_t i = 0; i < strlen(letters); i++) {
		assert_int_equal(ask(op_text("token=%s", op_token(4).text)), RD_STEP_ASK);
		assert_int_equal(op_answer(revoked(letters[i], 0)), RD_STEP_REPLY);
		assert_reply(200, "{}");
		assert_heard("");
	}
}

static void rfc7009_2_2_1_a_store_that_is_away_is_503_and_the_token_still_exists(void **state)
{
	const struct rd_answer bad[] = {op_away, {.count = 0}, revoked('X', 1), revoked('R', 1)};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(ask(op_text("token=%s", op_token(4).text)), RD_STEP_ASK);
		assert_int_equal(op_answer(bad[i]), RD_STEP_REPLY);
		assert_reply(503, "{\"error\":\"temporarily_unavailable\"}");
		assert_head("Retry-After: 1\r\nPragma: no-cache\r\n");
		assert_heard("");
	}
}

static void s6_with_durability_replica_it_is_asked_durably(void **state)
{
	(void)state;
	op.config.durable = true;
	assert_int_equal(ask(op_text("token=%s", op_token(4).text)), RD_STEP_ASK);
	assert_true(op.question.durable);
	op.config.durable = false;
}

static void rfc7009_2_1_without_a_token_it_is_an_invalid_request(void **state)
{
	static const char *const bodies[] = {
	    "client_id=web",        "client_id=web&token=", "token",     "",
	    "token=a&token=b",      "token=a&token=a",      "token=%zz", "token=%00",
	    "client_id=web&Token=x"};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		assert_int_equal(ask(bodies[i]), RD_STEP_REPLY);
		assert_reply(400, "{\"error\":\"invalid_request\"}");
	}
}

static void rfc7009_2_1_the_client_authenticates_as_at_the_token_endpoint(void **state)
{
	static const struct {
		const char *authorization, *form;
		int status; // 0: the store is asked
	} rows[] = {
	    {BASIC, "", 0},
	    {BASIC, "&client_id=shop", 0},
	    {"", "&client_id=shop&client_secret=s3cret", 0},
	    {"", "&client_id=shop", 401},
	    {"", "&client_id=shop&client_secret=x", 401},
	    {"", "&client_id=nobody", 401},
	    {"", "&client_id=web&client_secret=s3cret", 401},
	    {"HTTP_AUTHORIZATION=Basic !", "", 401},
	    {"HTTP_AUTHORIZATION=Bearer x", "", 401},
	    {BASIC, "&client_secret=s3cret", 400},
	    {BASIC, "&client_id=web", 400},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *body =
		    op_text("token=%s%s", op_token_by(7, 4, "shop").text, rows[i].form);

		assert_int_equal(ask_with(rows[i].authorization, body),
				 rows[i].status ? RD_STEP_REPLY : RD_STEP_ASK);
		if (rows[i].status == 401)
			assert_reply(401, "{\"error\":\"invalid_client\"}");
		else if (rows[i].status)
			assert_reply(400, "{\"error\":\"invalid_request\"}");
	}
}

static void only_a_form_is_read(void **state)
{
	(void)state;
	assert_int_equal(OP_ASK("{\"token\":\"x\"}", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=revoke",
				"REFRESHD_DIALECT=oauth2", "CONTENT_TYPE=application/json"),
			 RD_STEP_REPLY);
	assert_reply(415, "{\"error\":\"unsupported_media_type\"}");
	assert_int_equal(OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=revoke"), RD_STEP_REPLY);
	assert_reply(405, "{\"error\":\"method_not_allowed\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc7009_2_1_a_refresh_tokens_session_ends),
	    cmocka_unit_test(an_access_tokens_session_ends_too),
	    cmocka_unit_test(rfc7009_2_1_any_hint_finds_the_token),
	    cmocka_unit_test(rfc7009_2_2_what_is_not_valid_is_success),
	    cmocka_unit_test(rfc7009_2_2_so_is_what_was_revoked_or_is_gone),
	    cmocka_unit_test(rfc7009_2_2_1_a_store_that_is_away_is_503_and_the_token_still_exists),
	    cmocka_unit_test(s6_with_durability_replica_it_is_asked_durably),
	    cmocka_unit_test(rfc7009_2_1_without_a_token_it_is_an_invalid_request),
	    cmocka_unit_test(rfc7009_2_1_the_client_authenticates_as_at_the_token_endpoint),
	    cmocka_unit_test(only_a_form_is_read),
	};

	return cmocka_run_group_tests(tests, start_op, stop_op);
}
