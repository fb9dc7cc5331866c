#include <assert.h>
#include "refresh_fixture.h"
#include "session_fixture.h"

#define INVALID "{\"error\":\"invalid_token\"}"
#define JSON    "CONTENT_TYPE=application/json"

static_assert(OP_WORKER_MS / 1000 == NOW);

static const char *const routes[] = {"logout", "logout_all"};

static const char *sid(void)
{
	static char text[RD_SID_TEXT_LEN + 1];
	uint8_t family[RD_FAMILY_LEN];

	memset(family, 'f', sizeof family);
	rd_sid_of(text, ring(), family);
	return text;
}

// pair: one more parameter.
static enum rd_step ask_json(const char *route, const char *body, const char *pair)
{
	return OP_ASK(body, "REQUEST_METHOD=POST", op_text("REFRESHD_ROUTE=%s", route),
		      "REFRESHD_DIALECT=json", JSON, pair);
}

static enum rd_step ask_path(const struct path *path, const char *route, const char *token)
{
	return OP_ASK(
	    filled(path->body, token), "REQUEST_METHOD=POST", op_text("REFRESHD_ROUTE=%s", route),
	    op_text("REFRESHD_DIALECT=%s", path->dialect), path->type, filled(path->pair, token));
}

static void a_refresh_token_of_any_generation_ends_its_session_in_every_dialect(void **state)
{
	(void)state;
	for (uint32_t generation = 0; generation < 9; generation += 4)
		for (size_t p = 0; p < PATHS; p++) {
			const struct op_token token = op_token(generation);

			assert_int_equal(ask_path(&paths[p], "logout", token.text), RD_STEP_ASK);
			assert_revokes(sid(), "", "web", RD_REASON_LOGOUT);
			assert_int_equal(op_answer(session_answer('D', 1)), RD_STEP_REPLY);
			assert_empty_reply();
			assert_heard("session.revoked logout \n");
			assert_int_equal(ask_path(&paths[p], "logout_all", token.text),
					 RD_STEP_ASK);
			assert_revokes("*", sid(), "web", RD_REASON_LOGOUT);
			assert_int_equal(op_answer(session_answer('D', 7)), RD_STEP_REPLY);
			assert_empty_reply();
			assert_heard("session.revoked logout \n");
		}
}

static void a_bearer_of_either_kind_will_do_in_every_dialect(void **state)
{
	const struct op_token token = op_token(4);

	(void)state;
	for (size_t p = 0; p < PATHS; p++) {
		const char *dialect = op_text("REFRESHD_DIALECT=%s", paths[p].dialect);
		const char *refresh = op_text("HTTP_AUTHORIZATION=Bearer %s", token.text);

		assert_int_equal(
		    OP_ASK("", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=logout", dialect, refresh),
		    RD_STEP_ASK);
		assert_revokes(sid(), "", "web", RD_REASON_LOGOUT);
		assert_int_equal(OP_ASK("", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=logout", dialect,
					session_bearer()),
				 RD_STEP_ASK);
		assert_revokes(SESSION_SID, "", "", RD_REASON_LOGOUT);
		assert_int_equal(op_answer(session_answer('D', 1)), RD_STEP_REPLY);
		assert_empty_reply();
		assert_heard("session.revoked logout anna\n");
		assert_int_equal(OP_ASK("", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=logout_all",
					dialect, session_bearer()),
				 RD_STEP_ASK);
		assert_revokes("*", SESSION_SID, "", RD_REASON_LOGOUT);
	}
}

static void what_ended_before_ends_again_and_nothing_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(ask_path(flask, "logout", op_token(4).text), RD_STEP_ASK);
		assert_int_equal(op_answer(session_answer("DA"[i], 0)), RD_STEP_REPLY);
		assert_empty_reply();
		assert_heard("");
	}
}

static void who_is_logged_out_cannot_end_all(void **state)
{
	(void)state;
	for (size_t p = 0; p < PATHS; p++) {
		assert_int_equal(ask_path(&paths[p], "logout_all", op_token(4).text), RD_STEP_ASK);
		assert_int_equal(op_answer(session_answer('V', 0)), RD_STEP_REPLY);
		assert_reply(paths[p].refused_status, paths[p].refused);
		assert_heard("");
	}
}

static void a_token_that_is_not_ours_asks_nothing(void **state)
{
	struct op_token forged = op_token(4);
	const char *const tokens[] = {"x", "rt1_", forged.text, op_token_by(7, 4, "keep").text};

	(void)state;
	forged.text[50] = forged.text[50] == 'A' ? 'B' : 'A';
	for (size_t r = 0; r < COUNT(routes); r++)
		for (size_t i = 0; i < COUNT(tokens); i++)
			for (size_t p = 0; p < PATHS; p++) {
				assert_int_equal(ask_path(&paths[p], routes[r], tokens[i]),
						 RD_STEP_REPLY);
				assert_reply(paths[p].refused_status, paths[p].refused);
			}
}

static void t17_an_access_token_in_the_refresh_tokens_place_asks_nothing(void **state)
{
	const struct rd_access access = session_access();

	(void)state;
	for (size_t r = 0; r < COUNT(routes); r++) {
		const char *body = op_text("{\"refresh_token\":\"%s\"}", session_jws(&access));

		assert_int_equal(ask_json(routes[r], body, ""), RD_STEP_REPLY);
		assert_reply(401, INVALID);
	}
}

static void an_access_token_must_be_good_and_name_a_session(void **state)
{
	struct rd_access bad[6];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		bad[i] = session_access();
	bad[0].exp_s = NOW;
	bad[1].iss = RD_SPAN("https://other.example");
	bad[2].aud = RD_SPAN("other");
	bad[3].sid = (struct rd_span){0};
	bad[4].sid = RD_SPAN("short");
	bad[5].sid = RD_SPAN(SESSION_SID "m");
	for (size_t r = 0; r < COUNT(routes); r++)
		for (size_t i = 0; i < COUNT(bad); i++) {
			const char *pair =
			    op_text("HTTP_AUTHORIZATION=Bearer %s", session_jws(&bad[i]));

			assert_int_equal(ask_json(routes[r], "", pair), RD_STEP_REPLY);
			assert_reply(401, INVALID);
			assert_heard("");
		}
}

static void without_a_credential_it_is_missing(void **state)
{
	static const char *const bodies[] = {"", "{}", "{\"refresh_token\":\"\"}"};

	(void)state;
	for (size_t r = 0; r < COUNT(routes); r++)
		for (size_t i = 0; i < COUNT(bodies); i++) {
			assert_int_equal(ask_json(routes[r], bodies[i], ""), RD_STEP_REPLY);
			assert_reply(401, "{\"error\":\"missing_token\"}");
		}
}

// API clients send their access token with everything, and it may have expired.
static void an_access_token_beside_a_refresh_token_is_left_aside(void **state)
{
	char body[200];

	(void)state;
	snprintf(body, sizeof body, "{\"refresh_token\":\"%s\"}", op_token(4).text);
	assert_int_equal(ask_json("logout", body, session_bearer()), RD_STEP_ASK);
	assert_revokes(sid(), "", "web", RD_REASON_LOGOUT);
	assert_int_equal(ask_json("logout", body, "HTTP_AUTHORIZATION=Bearer x"), RD_STEP_ASK);
	assert_revokes(sid(), "", "web", RD_REASON_LOGOUT);
}

static void h_two_refresh_tokens_are_a_bad_request(void **state)
{
	char body[200], pair[200];

	(void)state;
	snprintf(body, sizeof body, "{\"refresh_token\":\"%s\"}", op_token(4).text);
	snprintf(pair, sizeof pair, "HTTP_AUTHORIZATION=Bearer %s", op_token(5).text);
	for (size_t r = 0; r < COUNT(routes); r++) {
		assert_int_equal(ask_json(routes[r], body, pair), RD_STEP_REPLY);
		assert_reply(400, "{\"error\":\"invalid_request\"}");
		assert_int_equal(OP_ASK("", "REQUEST_METHOD=POST",
					op_text("REFRESHD_ROUTE=%s", routes[r]),
					"REFRESHD_DIALECT=flask", pair, pair),
				 RD_STEP_REPLY);
		assert_reply(400, "{\"error\":\"invalid_request\"}");
	}
}

static void a_confidential_clients_logout_needs_its_secret(void **state)
{
	const char *form =
	    op_text("refresh_token=%s&client_id=shop", op_token_by(7, 4, "shop").text);
	const char *type = "CONTENT_TYPE=application/x-www-form-urlencoded";

	(void)state;
	assert_int_equal(OP_ASK(form, "REQUEST_METHOD=POST", "REFRESHD_ROUTE=logout",
				"REFRESHD_DIALECT=oauth2", type),
			 RD_STEP_REPLY);
	assert_reply(401, "{\"error\":\"invalid_client\"}");
	assert_int_equal(OP_ASK(op_text("%s&client_secret=" OP_SECRET, form), "REQUEST_METHOD=POST",
				"REFRESHD_ROUTE=logout", "REFRESHD_DIALECT=oauth2", type),
			 RD_STEP_ASK);
	assert_revokes(sid(), "", "shop", RD_REASON_LOGOUT);
}

static void s6_not_known_to_be_written_is_503(void **state)
{
	const struct rd_answer bad[] = {op_away, {.count = 0}, {.integer = 1}, {.count = 1}};

	(void)state;
	for (size_t r = 0; r < COUNT(routes); r++)
		for (size_t i = 0; i < COUNT(bad); i++) {
			assert_int_equal(ask_path(flask, routes[r], op_token(4).text), RD_STEP_ASK);
			assert_int_equal(op_answer(bad[i]), RD_STEP_REPLY);
			assert_reply(503, flask->out);
			assert_head("Retry-After: 1\r\n");
			assert_heard("");
		}
	for (int letter = 0; letter < 256; letter++) {
		assert_int_equal(ask_path(flask, "logout", op_token(4).text), RD_STEP_ASK);
		assert_int_equal(op_answer(session_answer((char)letter, 1)), RD_STEP_REPLY);
		assert_int_equal(op.reply.status, !letter || !strchr("DAVW", letter) ? 503
						  : strchr("DA", letter)             ? 204
										     : 401);
	}
	for (size_t len = 0; len < 11; len++) {
		struct rd_answer cut = session_answer('D', 1);

		cut.part[0].len = len;
		assert_int_equal(ask_path(flask, "logout", op_token(4).text), RD_STEP_ASK);
		assert_int_equal(op_answer(cut), RD_STEP_REPLY);
		assert_int_equal(op.reply.status, 503);
	}
}

static void s6_a_durable_service_asks_for_a_replica(void **state)
{
	(void)state;
	op.config.durable = true;
	for (size_t r = 0; r < COUNT(routes); r++) {
		assert_int_equal(ask_path(flask, routes[r], op_token(4).text), RD_STEP_ASK);
		assert_true(op.question.durable);
	}
	op.config.durable = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_refresh_token_of_any_generation_ends_its_session_in_every_dialect),
	    cmocka_unit_test(a_bearer_of_either_kind_will_do_in_every_dialect),
	    cmocka_unit_test(what_ended_before_ends_again_and_nothing_is_told),
	    cmocka_unit_test(who_is_logged_out_cannot_end_all),
	    cmocka_unit_test(a_token_that_is_not_ours_asks_nothing),
	    cmocka_unit_test(t17_an_access_token_in_the_refresh_tokens_place_asks_nothing),
	    cmocka_unit_test(an_access_token_must_be_good_and_name_a_session),
	    cmocka_unit_test(without_a_credential_it_is_missing),
	    cmocka_unit_test(an_access_token_beside_a_refresh_token_is_left_aside),
	    cmocka_unit_test(h_two_refresh_tokens_are_a_bad_request),
	    cmocka_unit_test(a_confidential_clients_logout_needs_its_secret),
	    cmocka_unit_test(s6_not_known_to_be_written_is_503),
	    cmocka_unit_test(s6_a_durable_service_asks_for_a_replica),
	};

	return cmocka_run_group_tests(tests, start_op, stop_op);
}
