// REFRESHD_VERIFY strict: the store says whether the session of a good token still stands.
#include "access_fixture.h"

#define SID "AAAAAAAAAAAAAAAAAAAAAA"

static int start(void **state)
{
	const int failed = start_op(state);

	op.config.clients[1].idle_ttl_s = 10; // keep
	op.jwt_cache = rd_jwt_cache_new(1);
	return failed || !op.jwt_cache ? -1 : 0;
}

static int stop(void **state)
{
	rd_jwt_cache_free(op.jwt_cache);
	return stop_op(state);
}

static struct rd_access with_sid(void)
{
	struct rd_access access = good();

	access.sid = RD_SPAN(SID);
	return access;
}

static enum rd_step ask(const struct rd_access *access, const char *more)
{
	return OP_ASK("", "REFRESHD_ROUTE=verify", "REFRESHD_VERIFY=strict",
		      op_text("HTTP_AUTHORIZATION=Bearer %s", signed_as(access)), more);
}

static void answered(struct rd_answer answer)
{
	const struct rd_access access = with_sid();

	assert_int_equal(ask(&access, NULL), RD_STEP_ASK);
	assert_int_equal(op_answer(answer), RD_STEP_REPLY);
}

static void it_asks_for_the_session_alone(void **state)
{
	const struct rd_access access = with_sid();
	uint8_t slot[RD_SLOT_LEN];
	char text[RD_B64_LEN(RD_SLOT_LEN) + 1];

	(void)state;
	rd_slot_of(slot, ring(), access.sub);
	rd_b64_encode(text, slot, sizeof slot);
	for (int i = 0; i < 3; i++) { // cold and hot
		assert_int_equal(ask(&access, NULL), RD_STEP_ASK);
		assert_int_equal(op.question.script, RD_SCRIPT_SESSION);
		assert_false(op.question.durable);
		assert_int_equal(op.question.keys, 1);
		assert_int_equal(op.question.args, 0);
		assert_text(op.question.key[0], op_text("rd:{%s}:f:" SID, text));
	}
}

static void a_session_that_stands_is_as_good_as_without_strict(void **state)
{
	static const char *const routes[] = {"REFRESHD_ROUTE=verify", "REFRESHD_ROUTE=whoami"};
	const struct rd_record record = op_record(3);
	const struct rd_access access = with_sid();

	(void)state;
	for (size_t i = 0; i < COUNT(routes); i++) {
		assert_int_equal(
		    OP_ASK("", "REQUEST_METHOD=GET", routes[i], "REFRESHD_VERIFY=strict",
			   op_text("HTTP_AUTHORIZATION=Bearer %s", signed_as(&access))),
		    RD_STEP_ASK);
		assert_int_equal(op_answer(op_turn('G', &record)), RD_STEP_REPLY);
		assert_reply(200, "{\"sub\":\"anna\",\"sid\":\"" SID "\",\"client_id\":\"web\","
				  "\"scope\":\"read write\",\"auth_time\":1699999990,"
				  "\"fresh\":false}");
		assert_head("X-Auth-Subject: anna\r\nX-Auth-Session: " SID "\r\n"
			    "X-Auth-Scope: read write\r\nX-Auth-Client: web\r\n"
			    "X-Auth-Fresh: 0\r\n");
		assert_heard("");
	}
}

static void a_session_that_is_over_is_an_invalid_token(void **state)
{
	struct rd_record rows[7];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		rows[i] = op_record(3);
	rows[0].revoked = true;
	rows[1].expires_ms = OP_REDIS_MS;
	rows[2].seen_ms = OP_REDIS_MS - 1000000; // web's idle time
	rows[3].user = RD_SPAN("bert");
	rows[4].user = RD_SPAN("ann");
	rows[5].client = RD_SPAN("gone");
	rows[6].client = RD_SPAN("keep"); // whose idle time is shorter
	rows[6].seen_ms = OP_REDIS_MS - 10000;
	for (size_t i = 0; i < COUNT(rows); i++) {
		answered(op_turn('G', &rows[i]));
		refused(INVALID_TOKEN, "invalid_token");
	}
	answered(op_turn('A', NULL));
	refused(INVALID_TOKEN, "invalid_token");
}

static void a_session_stands_to_its_last_millisecond(void **state)
{
	struct rd_record rows[3];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		rows[i] = op_record(3);
	rows[0].expires_ms = OP_REDIS_MS + 1;
	rows[1].seen_ms = OP_REDIS_MS - 999999;
	rows[2].client = RD_SPAN("keep");
	rows[2].seen_ms = OP_REDIS_MS - 9999;
	for (size_t i = 0; i < COUNT(rows); i++) {
		answered(op_turn('G', &rows[i]));
		assert_int_equal(op.reply.status, 200);
	}
}

static void without_the_store_nobody_passes(void **state)
{
	const struct rd_record record = op_record(3);
	struct rd_answer cut = op_turn('G', &record);
	const struct rd_answer rows[] = {
	    op_away,
	    {.count = 0, .integer = 1},
	    {.count = 1, .part = {RD_SPAN("")}},
	    {.count = 1, .part = {RD_SPAN("G")}},
	    {.count = 1, .part = {RD_SPAN("Gxxxxxx")}},
	    {.count = 1, .part = {RD_SPAN("Rxxxxxx")}},
	    {.count = 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		answered(rows[i]);
		assert_reply(503, "{\"error\":\"temporarily_unavailable\"}");
		assert_head("Retry-After: 1\r\n");
	}
	cut.part[0].len--;
	answered(cut);
	assert_int_equal(op.reply.status, 503);
}

static void the_store_is_asked_only_about_a_token_that_is_good_here(void **state)
{
	struct rd_access access = with_sid();

	(void)state;
	access.exp_s = NOW;
	assert_int_equal(ask(&access, NULL), RD_STEP_REPLY);
	refused(INVALID_TOKEN, "invalid_token");
	access = with_sid();
	assert_int_equal(ask(&access, "REFRESHD_REQUIRE_SCOPE=admin"), RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 403);
	assert_int_equal(ask(&access, "REFRESHD_MAX_AGE=1"), RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 401);
	assert_int_equal(ask(&access, "REFRESHD_REQUIRE_FRESH=1"), RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 401);
	assert_int_equal(OP_ASK("", "REFRESHD_ROUTE=verify", "REFRESHD_VERIFY=strict"),
			 RD_STEP_REPLY);
	refused(CHALLENGE "\r\n", "missing_token");
}

static void a_token_of_no_session_is_never_good_here(void **state)
{
	static const struct rd_span sids[] = {{0}, RD_SPAN("sid-1"), RD_SPAN(SID "A")};

	(void)state;
	for (size_t i = 0; i < COUNT(sids); i++) {
		struct rd_access access = good();

		access.sid = sids[i];
		assert_int_equal(ask(&access, NULL), RD_STEP_REPLY);
		refused(INVALID_TOKEN, "invalid_token");
	}
}

// While Redis thinks, another request may take the token's place in the cache.
static void the_answer_is_about_the_token_that_was_asked_for(void **state)
{
	const struct rd_record record = op_record(3);
	const struct rd_access access = with_sid();

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct rd_access other = with_sid();
		const char *text;
		uint8_t id[RD_JWT_CACHE_ID];

		assert_int_equal(ask(&access, NULL), RD_STEP_ASK);
		assert_int_equal(ask(&access, NULL), RD_STEP_ASK);
		assert_null(op.call.json); // it was hot
		other.sub = RD_SPAN("mallory");
		text = signed_as(&other);
		assert_true(rd_jwt_cache_id(op.jwt_cache, rd_span(text), ring(), id));
		rd_jwt_cache_put(op.jwt_cache, id, &other, NOW);
		assert_int_equal(op_answer(op_turn('G', &record)), RD_STEP_REPLY);
		assert_int_equal(op.reply.status, 200);
		assert_string_equal(op_member("sub"), "anna");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_asks_for_the_session_alone),
	    cmocka_unit_test(a_session_that_stands_is_as_good_as_without_strict),
	    cmocka_unit_test(a_session_that_is_over_is_an_invalid_token),
	    cmocka_unit_test(a_session_stands_to_its_last_millisecond),
	    cmocka_unit_test(without_the_store_nobody_passes),
	    cmocka_unit_test(the_store_is_asked_only_about_a_token_that_is_good_here),
	    cmocka_unit_test(a_token_of_no_session_is_never_good_here),
	    cmocka_unit_test(the_answer_is_about_the_token_that_was_asked_for),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
