#include "op_fixture.h"
#include "base/b64.h"
#include "token/password.h"

#define PASSWORD    "correct horse"
#define UNSUPPORTED "{\"message\":\"unsupported_media_type\"}"
#define INVALID     "{\"message\":\"invalid_request\"}"
#define REFUSED     "{\"message\":\"invalid_credentials\"}"
#define OUT         "{\"message\":\"temporarily_unavailable\"}"

static enum rd_step ask(const char *body, const char *type)
{
	return OP_ASK(body, "REQUEST_METHOD=POST", "REFRESHD_ROUTE=login",
		      "REFRESHD_DIALECT=express-token", "REMOTE_ADDR=192.0.2.7",
		      "HTTP_USER_AGENT=curl/8", type);
}

static enum rd_step login(const char *name, const char *password)
{
	return ask(op_text("{\"name\":\"%s\",\"password\":\"%s\"}", name, password),
		   "CONTENT_TYPE=application/json");
}

// An answer of login.lua.
static struct rd_answer account(const char *name, bool disabled)
{
	static char hash[RD_PASSWORD_HASH_MAX];

	if (!hash[0])
		assert_true(rd_password_hash(hash, RD_SPAN(PASSWORD), &(struct rd_argon2){1, 8}));
	return (struct rd_answer){
	    .count = 4, .part = {rd_span(name), rd_span(hash), rd_span(disabled ? "1" : NULL)}};
}

// An answer of issue.lua to the question that stands, with the record it would write.
static struct rd_answer issued(void)
{
	struct rd_record record = {.kid = 7,
				   .seen_ms = OP_REDIS_MS,
				   .expires_ms = OP_REDIS_MS + 5000000,
				   .created_ms = OP_REDIS_MS,
				   .auth_time_ms = OP_REDIS_MS,
				   .user = RD_SPAN("anna"),
				   .client = RD_SPAN("web")};

	assert_int_equal(op.question.script, RD_SCRIPT_ISSUE);
	assert_int_equal(op.question.arg[4].len, RD_SEED_LEN);
	memcpy(record.seed, op.question.arg[4].ptr, RD_SEED_LEN);
	return op_turn('I', &record);
}

static void a_body_that_is_no_login_asks_nothing(void **state)
{
	static const char *const bodies[] = {
	    "",
	    "{}",
	    "[]",
	    "{\"name\":\"anna\"}",
	    "{\"password\":\"p\"}",
	    "{\"name\":\"anna\",\"password\":\"\"}",
	    "{\"name\":\"anna\",\"password\":null}",
	    "{\"name\":\"anna\",\"password\":1}",
	    "{\"name\":\"\",\"password\":\"p\"}",
	    "{\"name\":1,\"password\":\"p\"}",
	    "{\"username\":true,\"password\":\"p\"}",
	    "{\"name\":null,\"password\":\"p\"}",
	    "{\"name\":\"anna\",\"username\":\"anna\",\"password\":\"p\"}",
	    "{\"name\":\"anna\",\"username\":1,\"password\":\"p\"}",
	    "{\"name\":\"anna\",\"name\":\"anna\",\"password\":\"p\"}",
	    "{\"name\":\"an\\nna\",\"password\":\"p\"}",
	    "{\"name\":\"an\\u0000na\",\"password\":\"p\"}",
	    "{\"name\":\"an\\u007fna\",\"password\":\"p\"}",
	    "{\"name\":\"\\u001b[2J\",\"password\":\"p\"}",
	    "{\"Name\":\"anna\",\"password\":\"p\"}",
	    "name=anna&password=p",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		assert_int_equal(ask(bodies[i], "CONTENT_TYPE=application/json"), RD_STEP_REPLY);
		assert_reply(400, INVALID);
		assert_heard("");
	}
	assert_int_equal(ask("{\"name\":\"anna\",\"password\":\"p\"}", "CONTENT_TYPE=text/plain"),
			 RD_STEP_REPLY);
	assert_reply(415, UNSUPPORTED);
}

static void names_and_passwords_have_a_longest(void **state)
{
	char name[258], password[RD_PASSWORD_MAX + 2];

	(void)state;
	memset(name, 'n', sizeof name);
	memset(password, 'p', sizeof password);
	name[255] = 0;
	password[RD_PASSWORD_MAX] = 0;
	assert_int_equal(login(name, password), RD_STEP_ASK);
	name[255] = 'n', name[256] = 0;
	assert_int_equal(login(name, "p"), RD_STEP_REPLY);
	assert_reply(400, INVALID);
	password[RD_PASSWORD_MAX] = 'p', password[RD_PASSWORD_MAX + 1] = 0;
	assert_int_equal(login("anna", password), RD_STEP_REPLY);
	assert_reply(400, INVALID);
}

static void name_or_username_asks_for_the_users_account(void **state)
{
	static const char *const bodies[] = {
	    "{\"name\":\"anna\",\"password\":\"p\"}",
	    "{\"username\":\"anna\",\"password\":\"p\"}",
	    "{\"name\":null,\"username\":\"anna\",\"password\":\"p\",\"more\":[1]}",
	};
	uint8_t slot[RD_SLOT_LEN];
	char text[RD_B64_LEN(RD_SLOT_LEN) + 1];

	(void)state;
	rd_slot_of(slot, ring(), RD_SPAN("anna"));
	rd_b64_encode(text, slot, sizeof slot);
	for (size_t i = 0; i < COUNT(bodies); i++) {
		assert_int_equal(ask(bodies[i], "CONTENT_TYPE=application/json"), RD_STEP_ASK);
		assert_int_equal(op.question.script, RD_SCRIPT_LOGIN);
		assert_int_equal(op.question.keys, 2);
		assert_text(op.question.key[0], op_text("rd:{%s}:a", text));
		assert_text(op.question.key[1], op_text("rd:{%s}:b", text));
		assert_int_equal(op.question.args, 2);
		assert_text(op.question.arg[0], "5");
		assert_text(op.question.arg[1], "60000");
	}
}

static void a_right_password_starts_a_family_and_gives_fresh_tokens(void **state)
{
	struct json_object *doc;
	struct rd_access access;
	struct rd_token token;

	(void)state;
	assert_int_equal(login("anna", PASSWORD), RD_STEP_ASK);
	assert_int_equal(op_answer(account("anna", false)), RD_STEP_ASK);
	assert_int_equal(op.question.keys, 4); // the failed ones are forgotten
	assert_int_equal(op.question.args, 9);
	assert_text(op.question.arg[6], "100");
	assert_text(op.question.arg[0], "1000000");
	assert_text(op.question.arg[1], "5000000");
	assert_text(op.question.arg[2], "0");
	assert_text(op.question.arg[3], "7");
	assert_true(rd_span_is(op.question.arg[5], RD_SPAN("\4anna\3web\x09"
							   "192.0.2.7\0\0\0\0\0\6curl/8")));
	assert_int_equal(op_answer(issued()), RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 200);
	assert_heard("login.ok ok anna\n");
	assert_int_equal(rd_token_parse(rd_span(op_member("refreshToken")), &token), RD_OK);
	assert_int_equal(token.generation, 0);
	assert_true(rd_token_authentic(&token, ring(), RD_SPAN("web")));
	access = op_access(op_member("accessToken"), &doc);
	assert_text(access.sub, "anna");
	assert_true(access.fresh);
	assert_int_equal(access.auth_time_s, OP_REDIS_MS / 1000);
	rd_json_free(doc);
}

static void two_logins_are_two_families(void **state)
{
	struct rd_span key[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		static char text[2][100];

		assert_int_equal(login("anna", PASSWORD), RD_STEP_ASK);
		assert_int_equal(op_answer(account("anna", false)), RD_STEP_ASK);
		key[i] = (struct rd_span){text[i], op.question.key[0].len};
		memcpy(text[i], op.question.key[0].ptr, key[i].len);
	}
	assert_false(rd_span_is(key[0], key[1]));
}

static void unknown_wrong_and_disabled_are_answered_alike(void **state)
{
	const struct {
		const char *password;
		struct rd_answer answer;
		const char *heard; // a name that is nobody's may be a password
	} rows[] = {
	    {"wrong", account("anna", false), "login.failed bad_login anna\n"},
	    {PASSWORD " ", account("anna", false), "login.failed bad_login anna\n"},
	    {PASSWORD, account("anna", true), "login.failed bad_login \n"},
	    {PASSWORD, account("Anna", false), "login.failed bad_login \n"}, // same slot
	    {PASSWORD, {.count = 4}, "login.failed bad_login \n"},
	    {PASSWORD, {.count = 4, .part = {RD_SPAN("anna")}}, "login.failed bad_login \n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(login("anna", rows[i].password), RD_STEP_ASK);
		assert_int_equal(op_answer(rows[i].answer), RD_STEP_REPLY);
		assert_reply(401, REFUSED);
		assert_head("");
		assert_heard(rows[i].heard);
	}
}

static void a_hash_that_is_none_lets_nobody_in(void **state)
{
	static char longest[2 * RD_PASSWORD_HASH_MAX];
	const char *const hashes[] = {
	    "", "x", PASSWORD, "$argon2id$", "$argon2i$v=19$m=8,t=1,p=1$", longest};

	(void)state;
	memset(longest, 'h', sizeof longest - 1);
	for (size_t i = 0; i < COUNT(hashes); i++) {
		struct rd_answer answer = account("anna", false);

		answer.part[1] = rd_span(hashes[i]);
		assert_int_equal(login("anna", PASSWORD), RD_STEP_ASK);
		assert_int_equal(op_answer(answer), RD_STEP_REPLY);
		assert_reply(401, REFUSED);
	}
}

static void store_away_at_either_question_is_503(void **state)
{
	const struct rd_answer bad[] = {op_away,
					{.integer = 1},
					{.count = 1, .part = {RD_SPAN("anna")}},
					{.count = 3, .part = {RD_SPAN("anna"), RD_SPAN("h")}},
					{.count = 4, .part[3] = RD_SPAN("")},
					{.count = 4, .part[3] = RD_SPAN("-1")},
					op_turn('X', NULL)};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(login("anna", PASSWORD), RD_STEP_ASK);
		assert_int_equal(op_answer(bad[i]), RD_STEP_REPLY);
		assert_reply(503, OUT);
		assert_head("Retry-After: 1\r\n");
		assert_heard("");
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(login("anna", PASSWORD), RD_STEP_ASK);
		assert_int_equal(op_answer(account("anna", false)), RD_STEP_ASK);
		assert_int_equal(op_answer(bad[i]), RD_STEP_REPLY);
		assert_reply(503, OUT);
		assert_heard("");
	}
}

static void an_answer_that_issue_never_gives_is_503(void **state)
{
	(void)state;
	for (int letter = 0; letter < 256; letter++) {
		struct rd_answer answer;

		assert_int_equal(login("anna", PASSWORD), RD_STEP_ASK);
		assert_int_equal(op_answer(account("anna", false)), RD_STEP_ASK);
		answer = issued();
		op.answer[0] = (char)letter;
		assert_int_equal(op_answer(answer), RD_STEP_REPLY);
		assert_int_equal(op.reply.status, letter == 'I' ? 200 : letter == 'B' ? 401 : 503);
	}
}

// 429, and when to come back in whole seconds, never too early. The right password waits too.
static void an_account_that_has_to_wait_is_told_how_long(void **state)
{
	static const struct {
		const char *ms, *head;
	} rows[] = {
	    {"0", "Retry-After: 1\r\n"},      {"1", "Retry-After: 1\r\n"},
	    {"1000", "Retry-After: 1\r\n"},   {"1001", "Retry-After: 2\r\n"},
	    {"60000", "Retry-After: 60\r\n"}, {"86400000", "Retry-After: 86400\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_answer answer = {.count = 4, .part[3] = rd_span(rows[i].ms)};

		for (int known = 0; known < 2; known++) {
			answer.part[0] = rd_span(known ? "anna" : NULL);
			assert_int_equal(login("anna", PASSWORD), RD_STEP_ASK);
			assert_int_equal(op_answer(answer), RD_STEP_REPLY);
			assert_reply(429, "{\"message\":\"too_many_attempts\"}");
			assert_head(rows[i].head);
			// A name that is nobody's may be a password.
			assert_heard(known ? "login.wait wait anna\n" : "login.wait wait \n");
		}
	}
}

static void a_password_says_nothing_about_a_confidential_client(void **state)
{
	(void)state;
	assert_int_equal(OP_ASK("{\"name\":\"anna\",\"password\":\"p\"}", "REQUEST_METHOD=POST",
				"REFRESHD_ROUTE=login", "REFRESHD_DIALECT=express-token",
				"REFRESHD_CLIENT=shop", "CONTENT_TYPE=application/json"),
			 RD_STEP_REPLY);
	assert_reply(401, "{\"message\":\"invalid_client\"}");
	assert_heard("client.refused bad_client \n");
}

// REMOTE_ADDR and User-Agent go into the record as far as they are fit for it.
static void odd_addresses_and_long_agents_are_left_out_or_cut(void **state)
{
	char agent[4000];

	(void)state;
	memset(agent, 'a', sizeof agent - 1);
	agent[sizeof agent - 1] = 0;
	assert_int_equal(OP_ASK("{\"name\":\"anna\",\"password\":\"" PASSWORD "\"}",
				"REQUEST_METHOD=POST", "REFRESHD_ROUTE=login",
				"REFRESHD_DIALECT=json", "CONTENT_TYPE=application/json",
				"REMOTE_ADDR=unix:", op_text("HTTP_USER_AGENT=%s", agent)),
			 RD_STEP_ASK);
	assert_int_equal(op_answer(account("anna", false)), RD_STEP_ASK);
	assert_int_equal(op.question.arg[5].len, 5 + 4 + 1 + 2 + 2 + 2 + RD_AGENT_MAX);
	assert_memory_equal(op.question.arg[5].ptr,
			    "\4anna\3web\0\0\0\0\0\0\x80"
			    "aaa",
			    19);
}

static void a_hash_is_made_again_when_the_cost_has_risen(void **state)
{
	(void)state;
	for (size_t ops = 1; ops <= 2; ops++) {
		const struct rd_argon2 cost = {ops, op.config.argon2_mem_kib};
		const struct rd_answer stored = account("anna", false);
		char hash[RD_PASSWORD_HASH_MAX] = "";

		op.config.argon2_ops = (uint32_t)ops;
		assert_int_equal(login("anna", PASSWORD), RD_STEP_ASK);
		assert_int_equal(op_answer(stored), RD_STEP_ASK);
		assert_true(rd_span_is(op.question.arg[7], stored.part[1]));
		memcpy(hash, op.question.arg[8].ptr, op.question.arg[8].len);
		assert_int_equal(*hash != 0, ops == 2);
		assert_int_equal(rd_password_verify(hash, RD_SPAN(PASSWORD), &cost), ops == 2);
		assert_int_equal(op_answer(issued()), RD_STEP_REPLY);
		assert_int_equal(op.reply.status, 200);
	}
	op.config.argon2_ops = 1;
}

// Its sessions have just been ended: none may begin with what was true before.
static void an_account_that_has_changed_meanwhile_is_a_bad_login(void **state)
{
	const struct rd_answer changed = {.count = 2, .part = {RD_SPAN("B\0\0\0\0\0\1"), {"", 0}}};

	(void)state;
	assert_int_equal(login("anna", PASSWORD), RD_STEP_ASK);
	assert_int_equal(op_answer(account("anna", false)), RD_STEP_ASK);
	assert_int_equal(op_answer(changed), RD_STEP_REPLY);
	assert_reply(401, "{\"message\":\"invalid_credentials\"}");
}

// Hash, new hash, seed and token, whatever the operation was and wherever it stopped.
static void no_secret_stays_in_a_call_that_has_ended(void **state)
{
	static const uint8_t zero[RD_SEED_LEN];

	(void)state;
	op.config.argon2_ops = 2; // so that there is a new hash too
	for (int answers = 1; answers <= 3; answers++) {
		assert_int_equal(login("anna", PASSWORD), RD_STEP_ASK);
		assert_int_equal(op_answer(account("anna", false)), RD_STEP_ASK);
		assert_true(*op.call.login.hash && *op.call.login.new_hash);
		if (answers > 1)
			op_answer(answers == 2 ? op_away : issued());
		rd_call_end(&op.call);
		assert_null(memmem(&op.call, sizeof op.call, "$argon2id", 9));
		assert_memory_equal(op.call.login.family.seed, zero, sizeof zero);
		assert_memory_equal(op.call.issue.family.seed, zero, sizeof zero);
		assert_memory_equal(op.call.token.secret, zero, sizeof zero);
	}
	op.config.argon2_ops = 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_body_that_is_no_login_asks_nothing),
	    cmocka_unit_test(names_and_passwords_have_a_longest),
	    cmocka_unit_test(name_or_username_asks_for_the_users_account),
	    cmocka_unit_test(a_right_password_starts_a_family_and_gives_fresh_tokens),
	    cmocka_unit_test(two_logins_are_two_families),
	    cmocka_unit_test(unknown_wrong_and_disabled_are_answered_alike),
	    cmocka_unit_test(a_hash_that_is_none_lets_nobody_in),
	    cmocka_unit_test(store_away_at_either_question_is_503),
	    cmocka_unit_test(an_answer_that_issue_never_gives_is_503),
	    cmocka_unit_test(an_account_that_has_to_wait_is_told_how_long),
	    cmocka_unit_test(a_hash_is_made_again_when_the_cost_has_risen),
	    cmocka_unit_test(an_account_that_has_changed_meanwhile_is_a_bad_login),
	    cmocka_unit_test(a_password_says_nothing_about_a_confidential_client),
	    cmocka_unit_test(odd_addresses_and_long_agents_are_left_out_or_cut),
	    cmocka_unit_test(no_secret_stays_in_a_call_that_has_ended),
	};

	return cmocka_run_group_tests(tests, start_op, stop_op);
}
