// The cookie dialect, and the cookie of the express dialect: who may send it, and when it goes.
#include "refresh_fixture.h"
#include "session_fixture.h"

#define JSON    "CONTENT_TYPE=application/json"
#define OURS    "HTTP_SEC_FETCH_SITE=same-origin"
#define CLEARED "=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict\r\n"
#define ATTRS   "; Path=/; Secure; HttpOnly; SameSite=Strict\r\n"

static const struct {
	const char *dialect, *cookie, *refused, *out, *wait;
	int refused_status;
} modes[] = {
    {"cookie", "__Host-refresh_token", "{\"error\":\"invalid_token\"}",
     "{\"error\":\"temporarily_unavailable\"}", "{\"error\":\"too_many_attempts\"}", 401},
    {"express", "refreshToken", "{\"message\":\"Invalid refresh token\"}",
     "{\"message\":\"temporarily_unavailable\"}", "", 403},
};

static enum rd_step ask_mode(size_t mode, const char *route, const char *token, const char *pair)
{
	return OP_ASK("", "REQUEST_METHOD=POST", op_text("REFRESHD_ROUTE=%s", route),
		      op_text("REFRESHD_DIALECT=%s", modes[mode].dialect), JSON,
		      op_text("HTTP_COOKIE=%s=%s", modes[mode].cookie, token), pair);
}

static enum rd_step ask_cookie(const char *route, const char *token, const char *pair)
{
	return ask_mode(0, route, token, pair);
}

static void answered(size_t mode, const char *route, struct rd_answer answer)
{
	assert_int_equal(ask_mode(mode, route, op_token(4).text, OURS), RD_STEP_ASK);
	assert_int_equal(op_answer(answer), RD_STEP_REPLY);
}

static void a_refresh_gives_the_successor_as_cookie_only(void **state)
{
	const struct rd_record record = op_record(5);
	static const char letters[] = "RPL";

	(void)state;
	for (size_t i = 0; i < strlen(letters); i++) {
		answered(0, "refresh", op_turn(letters[i], &record));
		assert_int_equal(op.reply.status, 200);
		assert_head(op_text("Set-Cookie: __Host-refresh_token=%s; Max-Age=1000" ATTRS,
				    op_token(5).text));
		assert_null(memmem(op.body, op.reply.body.len, "rt1_", 4));
		assert_true(*op_member("access_token"));
	}
}

// It might come after its successor and put a spent token into the jar.
static void what_the_browser_sent_is_not_sent_back(void **state)
{
	const struct rd_record record = op_record(4);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		answered(0, "refresh", op_turn("CH"[i], &record));
		assert_int_equal(op.reply.status, 200);
		assert_head("");
		assert_null(memmem(op.body, op.reply.body.len, "rt1_", 4));
		assert_true(*op_member("access_token"));
	}
}

// The browser would forget it when its first age is over, though the session goes on.
static void a_kept_token_goes_out_again_with_its_new_age(void **state)
{
	const struct rd_record record = op_record(4);

	(void)state;
	answered(0, "refresh", op_turn('K', &record));
	assert_head(
	    op_text("Set-Cookie: __Host-refresh_token=%s; Max-Age=1000" ATTRS, op_token(4).text));
}

static void the_age_is_what_is_left_of_the_session(void **state)
{
	struct rd_record record = op_record(5);

	(void)state;
	record.seen_ms -= 400000;
	answered(0, "refresh", op_turn('P', &record));
	assert_non_null(memmem(op.head, op.reply.head.len, "; Max-Age=600;", 14));
	record.expires_ms = OP_REDIS_MS + 5000;
	answered(0, "refresh", op_turn('P', &record));
	assert_non_null(memmem(op.head, op.reply.head.len, "; Max-Age=5;", 12));
}

// keycloak, oauth2-proxy#2503, hydrogen#3916: a cookie once cleared cannot be had back.
static void only_an_end_for_good_clears_the_cookie(void **state)
{
	static const struct {
		char letter;
		bool cleared;
	} rows[] = {{'V', true},  {'E', true},  {'U', true}, {'A', false},
		    {'F', false}, {'W', false}, {'X', false}};
	const struct rd_record record = op_record(5);

	(void)state;
	for (size_t m = 0; m < COUNT(modes); m++)
		for (size_t i = 0; i < COUNT(rows); i++) {
			answered(m, "refresh", op_turn(rows[i].letter, &record));
			if (rows[i].letter == 'X') {
				assert_reply(503, modes[m].out);
				assert_head("Retry-After: 1\r\n");
				continue;
			}
			assert_reply(modes[m].refused_status, modes[m].refused);
			assert_head(rows[i].cleared
					? op_text("Set-Cookie: %s" CLEARED, modes[m].cookie)
					: "");
		}
}

static void what_is_no_end_of_the_session_clears_nothing(void **state)
{
	struct op_token forged = op_token(4);
	struct rd_record other = op_record(5);

	(void)state;
	forged.text[50] = forged.text[50] == 'A' ? 'B' : 'A';
	other.seed[0] ^= 1;
	for (size_t m = 0; m < COUNT(modes); m++) {
		static const char *const routes[] = {"refresh", "logout", "logout_all"};

		for (size_t r = 0; r < COUNT(routes); r++) {
			const char *const tokens[] = {forged.text, "rt1_x", "x"};

			for (size_t i = 0; i < COUNT(tokens); i++) {
				assert_int_equal(ask_mode(m, routes[r], tokens[i], OURS),
						 RD_STEP_REPLY);
				assert_reply(modes[m].refused_status, modes[m].refused);
				assert_head("");
			}
			assert_int_equal(ask_mode(m, routes[r], op_token(4).text,
						  "HTTP_SEC_FETCH_SITE=cross-site"),
					 RD_STEP_REPLY);
			assert_int_equal(op.reply.status, 403);
			assert_head("");
			assert_heard("csrf.refused cross_site \n");
			answered(m, routes[r], op_away);
			assert_reply(503, modes[m].out);
			assert_head("Retry-After: 1\r\n");
		}
		answered(m, "refresh", op_turn('R', &other)); // another lineage
		assert_reply(modes[m].refused_status, modes[m].refused);
		assert_head("");
	}
}

// The same token, but the client still has it: nothing to take from a browser.
static void a_token_that_came_otherwise_clears_nothing(void **state)
{
	const struct rd_record record = op_record(5);
	const struct path *express = &paths[3];

	(void)state;
	assert_int_equal(ask(express, op_token(4).text), RD_STEP_ASK);
	assert_int_equal(op_answer(op_turn('V', &record)), RD_STEP_REPLY);
	assert_reply(403, express->refused);
	assert_head("");
}

static void logout_clears_the_cookie_whatever_redis_knew(void **state)
{
	static const char letters[] = "DA";

	(void)state;
	for (size_t m = 0; m < COUNT(modes); m++)
		for (size_t i = 0; i < strlen(letters); i++) {
			answered(m, "logout", session_answer(letters[i], 0));
			assert_reply(204, "");
			assert_head(op_text("Set-Cookie: %s" CLEARED, modes[m].cookie));
		}
}

static void logout_all_clears_it_when_done_but_not_when_refused(void **state)
{
	(void)state;
	for (size_t m = 0; m < COUNT(modes); m++) {
		answered(m, "logout_all", session_answer('D', 3));
		assert_reply(204, "");
		assert_head(op_text("Set-Cookie: %s" CLEARED, modes[m].cookie));
		answered(m, "logout_all", session_answer('V', 0)); // or Redis lacks it for now
		assert_reply(modes[m].refused_status, modes[m].refused);
		assert_head("");
	}
}

static void an_access_token_logs_out_without_a_cookie(void **state)
{
	struct rd_access access = session_access();

	(void)state;
	assert_int_equal(OP_ASK("", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=logout",
				"REFRESHD_DIALECT=cookie", JSON, session_bearer()),
			 RD_STEP_ASK);
	assert_revokes(SESSION_SID, "", "", RD_REASON_LOGOUT);
	assert_int_equal(op_answer(session_answer('D', 1)), RD_STEP_REPLY);
	assert_empty_reply();
	access.exp_s = NOW; // an expired access token says nothing about the session
	assert_int_equal(OP_ASK("", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=logout",
				"REFRESHD_DIALECT=cookie", JSON,
				op_text("HTTP_AUTHORIZATION=Bearer %s", session_jws(&access))),
			 RD_STEP_REPLY);
	assert_reply(401, modes[0].refused);
	assert_head("");
}

// cookie_csrf = token

static const char *csrf_of(char family)
{
	static char text[RD_CSRF_TEXT_LEN + 1];
	uint8_t bytes[RD_FAMILY_LEN];

	memset(bytes, family, sizeof bytes);
	rd_csrf_of(text, ring(), bytes);
	return text;
}

static int start_token_mode(void **state)
{
	(void)state;
	op.config.csrf_token = true;
	return 0;
}

static int stop_token_mode(void **state)
{
	(void)state;
	op.config.csrf_token = false;
	return 0;
}

static void the_csrf_token_goes_and_comes_with_the_session(void **state)
{
	const struct rd_record record = op_record(5);

	(void)state;
	answered(0, "refresh", op_turn('R', &record));
	assert_head(op_text("Set-Cookie: __Host-refresh_token=%s; Max-Age=1000" ATTRS
			    "Set-Cookie: __Host-csrf_token=%s; Max-Age=1000; Path=/; Secure; "
			    "SameSite=Strict\r\n",
			    op_token(5).text, csrf_of('f')));
	answered(0, "refresh", op_turn('V', &record));
	assert_head("Set-Cookie: __Host-refresh_token" CLEARED
		    "Set-Cookie: __Host-csrf_token=; Max-Age=0; Path=/; Secure; "
		    "SameSite=Strict\r\n");
	answered(1, "refresh", op_turn('R', &record)); // express has none
	assert_null(memmem(op.head, op.reply.head.len, "csrf", 4));
}

static void without_an_origin_the_sessions_own_csrf_token_is_needed(void **state)
{
	static const char *const routes[] = {"refresh", "logout", "logout_all"};
	char good[80], others[80], flipped[80], longer[90], shorter[80];

	(void)state;
	snprintf(good, sizeof good, "HTTP_X_CSRF_TOKEN=%s", csrf_of('f'));
	snprintf(others, sizeof others, "HTTP_X_CSRF_TOKEN=%s", csrf_of('g'));
	snprintf(longer, sizeof longer, "%sA", good);
	snprintf(shorter, sizeof shorter, "%.*s", (int)strlen(good) - 1, good);
	memcpy(flipped, good, sizeof good);
	flipped[30] = flipped[30] == 'A' ? 'B' : 'A';
	for (size_t r = 0; r < COUNT(routes); r++) {
		const char *const bad[] = {others, flipped, longer, shorter, "HTTP_X_CSRF_TOKEN="};

		assert_int_equal(ask_cookie(routes[r], op_token(4).text, good), RD_STEP_ASK);
		assert_int_equal(ask_cookie(routes[r], op_token(4).text, OURS), RD_STEP_ASK);
		for (size_t i = 0; i < COUNT(bad); i++) {
			assert_int_equal(ask_cookie(routes[r], op_token(4).text, bad[i]),
					 RD_STEP_REPLY);
			assert_reply(403, "{\"error\":\"cross_site_request\"}");
			assert_head("");
			assert_heard("csrf.refused cross_site \n");
		}
		assert_int_equal(ask_mode(1, routes[r], op_token(4).text, ""), RD_STEP_ASK);
		assert_int_equal(
		    OP_ASK("", "REQUEST_METHOD=POST", op_text("REFRESHD_ROUTE=%s", routes[r]),
			   "REFRESHD_DIALECT=cookie", JSON,
			   op_text("HTTP_COOKIE=__Host-refresh_token=%s", op_token(4).text), good,
			   good),
		    RD_STEP_REPLY);
		assert_reply(400, "{\"error\":\"invalid_request\"}");
	}
}

static void a_csrf_token_does_not_excuse_a_foreign_page(void **state)
{
	char both[80];

	(void)state;
	snprintf(both, sizeof both, "HTTP_X_CSRF_TOKEN=%s", csrf_of('f'));
	assert_int_equal(OP_ASK("", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=refresh",
				"REFRESHD_DIALECT=cookie", JSON,
				op_text("HTTP_COOKIE=__Host-refresh_token=%s", op_token(4).text),
				both, "HTTP_ORIGIN=https://evil.example"),
			 RD_STEP_REPLY);
	assert_reply(403, "{\"error\":\"cross_site_request\"}");
}

static void a_csrf_token_is_no_sid_and_no_other_familys(void **state)
{
	uint8_t family[RD_FAMILY_LEN] = {1};
	char sid[RD_SID_TEXT_LEN + 1], csrf[RD_CSRF_TEXT_LEN + 1], other[RD_CSRF_TEXT_LEN + 1];

	(void)state;
	rd_sid_of(sid, ring(), family);
	rd_csrf_of(csrf, ring(), family);
	assert_int_equal(strlen(csrf), RD_CSRF_TEXT_LEN);
	assert_memory_not_equal(csrf, sid, 10);
	for (size_t bit = 0; bit < 8 * sizeof family; bit++) {
		family[bit / 8] ^= (uint8_t)(1 << bit % 8);
		rd_csrf_of(other, ring(), family);
		assert_string_not_equal(other, csrf);
		family[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

// Login

static enum rd_step login(const char *type, const char *pair)
{
	return OP_ASK("{\"name\":\"anna\",\"password\":\"p\"}", "REQUEST_METHOD=POST",
		      "REFRESHD_ROUTE=login", "REFRESHD_DIALECT=cookie", type, pair);
}

static void a_login_is_asked_for_by_our_own_page_only(void **state)
{
	(void)state;
	assert_int_equal(login(JSON, "HTTP_ORIGIN=https://evil.example"), RD_STEP_REPLY);
	assert_reply(403, "{\"error\":\"cross_site_request\"}");
	assert_heard("csrf.refused cross_site \n");
	assert_int_equal(login("CONTENT_TYPE=text/plain", OURS), RD_STEP_REPLY);
	assert_reply(415, "{\"error\":\"unsupported_media_type\"}");
	assert_int_equal(login(JSON, OURS), RD_STEP_ASK);
	assert_int_equal(login(JSON, ""), RD_STEP_ASK);
}

static void a_login_that_fails_sets_and_clears_nothing(void **state)
{
	struct rd_answer waits = {.count = 4, .part = {[3] = RD_SPAN("1500")}};

	(void)state;
	assert_int_equal(login(JSON, OURS), RD_STEP_ASK);
	assert_int_equal(op_answer((struct rd_answer){.count = 4}), RD_STEP_REPLY);
	assert_reply(401, "{\"error\":\"invalid_credentials\"}");
	assert_head("");
	assert_int_equal(login(JSON, OURS), RD_STEP_ASK);
	assert_int_equal(op_answer(waits), RD_STEP_REPLY);
	assert_reply(429, modes[0].wait);
	assert_head("Retry-After: 2\r\n");
	assert_int_equal(login(JSON, OURS), RD_STEP_ASK);
	assert_int_equal(op_answer(op_away), RD_STEP_REPLY);
	assert_reply(503, modes[0].out);
	assert_head("Retry-After: 1\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_refresh_gives_the_successor_as_cookie_only),
	    cmocka_unit_test(what_the_browser_sent_is_not_sent_back),
	    cmocka_unit_test(a_kept_token_goes_out_again_with_its_new_age),
	    cmocka_unit_test(the_age_is_what_is_left_of_the_session),
	    cmocka_unit_test(only_an_end_for_good_clears_the_cookie),
	    cmocka_unit_test(what_is_no_end_of_the_session_clears_nothing),
	    cmocka_unit_test(a_token_that_came_otherwise_clears_nothing),
	    cmocka_unit_test(logout_clears_the_cookie_whatever_redis_knew),
	    cmocka_unit_test(logout_all_clears_it_when_done_but_not_when_refused),
	    cmocka_unit_test(an_access_token_logs_out_without_a_cookie),
	    cmocka_unit_test_setup_teardown(the_csrf_token_goes_and_comes_with_the_session,
					    start_token_mode, stop_token_mode),
	    cmocka_unit_test_setup_teardown(without_an_origin_the_sessions_own_csrf_token_is_needed,
					    start_token_mode, stop_token_mode),
	    cmocka_unit_test_setup_teardown(a_csrf_token_does_not_excuse_a_foreign_page,
					    start_token_mode, stop_token_mode),
	    cmocka_unit_test(a_csrf_token_is_no_sid_and_no_other_familys),
	    cmocka_unit_test(a_login_is_asked_for_by_our_own_page_only),
	    cmocka_unit_test(a_login_that_fails_sets_and_clears_nothing),
	};

	return cmocka_run_group_tests(tests, start_op, stop_op);
}
