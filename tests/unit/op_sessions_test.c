#include <assert.h>
#include "session_fixture.h"

#define INVALID    "{\"error\":\"invalid_token\"}"
#define NOT_FOUND  "{\"error\":\"not_found\"}"
#define OUT        "{\"error\":\"temporarily_unavailable\"}"
#define BEARER     "WWW-Authenticate: Bearer realm=\"refreshd\""
#define OTHER_SID  "zyxwvutsrqponmlkjihgfe"
#define SECOND_SID "aaaaaaaaaaaaaaaaaaaaaa"

static_assert(OP_WORKER_MS / 1000 == NOW);

static char bytes[1 << 20];
static struct rd_buf page;

static enum rd_step ask(const char *pair)
{
	return OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=sessions", pair);
}

static enum rd_step ask_delete(const char *sid, const char *pair)
{
	return OP_ASK("", "REQUEST_METHOD=DELETE", "REFRESHD_ROUTE=session",
		      op_text("REFRESHD_SID=%s", sid), pair);
}

// An answer of sessions.lua, to be filled by add.
static void begin(uint32_t total)
{
	page = RD_BUF(bytes);
	rd_put_lit(&page, "G");
	record_put_int(&page, OP_REDIS_MS, 6);
	record_put_int(&page, total, 4);
}

static void add(const char *sid, const struct rd_record *record)
{
	static char one[RD_RECORD_HEAD + RD_RECORD_VAR_MAX];
	struct rd_buf buf = RD_BUF(one);

	record_put(&buf, record);
	assert_true(rd_buf_ok(&buf));
	rd_put_str(&page, sid);
	record_put_int(&page, buf.len, 2);
	rd_put(&page, buf.ptr, buf.len);
	assert_true(rd_buf_ok(&page));
}

static void list(void)
{
	assert_int_equal(ask(session_bearer()), RD_STEP_ASK);
	assert_int_equal(op_answer((struct rd_answer){.count = 1, .part = {rd_buf_span(&page)}}),
			 RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 200);
}

static void the_store_is_asked_for_the_askers_sessions(void **state)
{
	(void)state;
	assert_int_equal(ask(session_bearer()), RD_STEP_ASK);
	assert_int_equal(op.question.script, RD_SCRIPT_SESSIONS);
	assert_int_equal(op.question.keys, 2);
	assert_session_key(op.question.key[0], "u");
	assert_session_key(op.question.key[1], "f:");
	assert_text(op.question.arg[0], "0");
	assert_text(op.question.arg[1], op_text("%d", RD_SESSIONS_PAGE));
	assert_text(op.question.arg[2], SESSION_SID);
}

static void a_session_says_where_and_when(void **state)
{
	struct rd_record record = op_record(5);

	(void)state;
	begin(1);
	add(SESSION_SID, &record);
	list();
	assert_reply(200, "{\"sessions\":[{\"sid\":\"" SESSION_SID "\",\"created\":1699999007,"
			  "\"last_seen\":1700000007,\"expires\":1700001007,\"ip\":\"192.0.2.1\","
			  "\"user_agent\":\"curl\",\"client_id\":\"web\","
			  "\"scope\":\"read write\",\"current\":true}],\"total\":1}");
	record.expires_ms = OP_REDIS_MS + 500000; // before its idle time is over
	begin(1);
	add(OTHER_SID, &record);
	list();
	assert_non_null(strstr(op_text("%.*s", (int)op.reply.body.len, op.reply.body.ptr),
			       "\"expires\":1700000507,"));
	assert_non_null(strstr(op_text("%.*s", (int)op.reply.body.len, op.reply.body.ptr),
			       "\"current\":false"));
}

// The index is ordered by absolute expiry, which a client's lifetime shifts.
static void the_newest_comes_first(void **state)
{
	struct rd_record record = op_record(5);
	const char *first, *second, *third;

	(void)state;
	begin(3);
	add(OTHER_SID, &record);
	record.created_ms += 2000;
	add(SESSION_SID, &record);
	record.created_ms -= 1000;
	add(SECOND_SID, &record);
	list();
	op.reply.body.ptr[op.reply.body.len] = 0;
	first = strstr(op.reply.body.ptr, SESSION_SID);
	second = strstr(op.reply.body.ptr, SECOND_SID);
	third = strstr(op.reply.body.ptr, OTHER_SID);
	assert_true(first && first < second && second < third);
}

static void what_is_past_its_idle_time_is_not_listed(void **state)
{
	static const struct {
		int64_t seen_ago_ms, expires_in_ms;
		const char *client;
		bool listed;
	} rows[] =
	    {
		{999999, 4000000, "web", true},
		{1000000, 4000000, "web", false},
		{0, 1, "web", true},
		{0, 0, "web", false},
		{5000000, 4000000, "gone", true}, // a client no longer configured has no idle time
		{0, 0, "gone", false},
	    };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_record record = op_record(5);

		record.seen_ms = OP_REDIS_MS - rows[i].seen_ago_ms;
		record.expires_ms = OP_REDIS_MS + rows[i].expires_in_ms;
		record.client = rd_span(rows[i].client);
		begin(1);
		add(OTHER_SID, &record);
		list();
		if (rows[i].listed)
			assert_non_null(memmem(op.body, op.reply.body.len, OTHER_SID, 22));
		else
			assert_reply(200, "{\"sessions\":[],\"total\":0}");
	}
}

static void agents_that_are_no_utf8_make_valid_json(void **state)
{
	static const struct {
		const char *agent, *json;
	} rows[] = {
	    {"\xff", "\xef\xbf\xbd"},
	    {"a\xe2\x82", "a\xef\xbf\xbd"}, // cut inside the euro sign
	    {"\xe2\x82\xac", "\xe2\x82\xac"},
	    {"\xed\xa0\x80 \xc0\xaf", "\xef\xbf\xbd \xef\xbf\xbd"},
	    {"\"\\/\x01\x7f", "\\\"\\\\/\\u0001\\u007f"},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_record record = op_record(5);
		const char *wanted = op_text("\"user_agent\":\"%s\",", rows[i].json);

		record.agent = rd_span(rows[i].agent);
		begin(1);
		add(OTHER_SID, &record);
		list();
		assert_non_null(memmem(op.body, op.reply.body.len, wanted, strlen(wanted)));
	}
	for (int c = 1; c < 256; c++) { // every byte, alone and as the last of 128
		struct rd_record record = op_record(5);
		char agent[RD_AGENT_MAX];

		memset(agent, 'a', sizeof agent);
		agent[0] = agent[sizeof agent - 1] = (char)c;
		record.agent = (struct rd_span){agent, sizeof agent};
		begin(1);
		add(OTHER_SID, &record);
		list(); // checks that it is JSON
	}
}

// The longest sessions: each is whole or not there.
static void a_page_that_does_not_fit_says_so(void **state)
{
	char agent[RD_AGENT_MAX], scope[RD_SCOPE_MAX], client[RD_CLIENT_MAX];
	struct rd_record record = op_record(5);
	struct json_object *json, *sessions;
	bool more = false;
	size_t listed;

	(void)state;
	memset(agent, 1, sizeof agent); // each byte takes six
	memset(scope, 's', sizeof scope);
	memset(client, 'c', sizeof client);
	record.agent = (struct rd_span){agent, sizeof agent};
	record.scope = (struct rd_span){scope, sizeof scope};
	record.client = (struct rd_span){client, sizeof client};
	begin(RD_SESSIONS_PAGE);
	for (size_t i = 0; i < RD_SESSIONS_PAGE; i++)
		add(op_text("%022zu", i), &record);
	list();
	json = rd_json_parse(rd_buf_span(&op.reply.body));
	assert_int_equal(rd_json_bool(json, "more", &more), 1);
	assert_true(more && json_object_object_get_ex(json, "sessions", &sessions));
	listed = json_object_array_length(sessions);
	assert_in_range(listed, 35, RD_SESSIONS_PAGE - 1);
	assert_true(RD_REPLY_BODY_MAX - op.reply.body.len < op.reply.body.len / listed + 60);
	rd_json_free(json);
}

static void a_hundred_usual_sessions_fit(void **state)
{
	char agent[RD_AGENT_MAX];
	struct rd_record record = op_record(5);

	(void)state;
	memset(agent, 'a', sizeof agent);
	record.agent = (struct rd_span){agent, sizeof agent};
	begin(RD_SESSIONS_PAGE);
	for (size_t i = 0; i < RD_SESSIONS_PAGE; i++)
		add(op_text("%022zu", i), &record);
	list();
	assert_null(memmem(op.body, op.reply.body.len, "\"more\"", 6));
	begin(RD_SESSIONS_PAGE + 1); // and who has another page's worth is told
	for (size_t i = 0; i < RD_SESSIONS_PAGE; i++)
		add(op_text("%022zu", i), &record);
	list();
	assert_non_null(memmem(op.body, op.reply.body.len, "\"total\":101,\"more\":true}", 23));
}

static void an_answer_cut_anywhere_is_503_or_shorter(void **state)
{
	const struct rd_record record = op_record(5);

	(void)state;
	begin(2);
	add(SESSION_SID, &record);
	add(OTHER_SID, &record);
	for (size_t len = 0; len < page.len; len++) {
		assert_int_equal(ask(session_bearer()), RD_STEP_ASK);
		assert_int_equal(
		    op_answer((struct rd_answer){.count = 1, .part = {{page.ptr, len}}}),
		    RD_STEP_REPLY);
		assert_int_equal(op.reply.status, len < 11 ? 503 : 200);
	}
}

static void without_a_good_access_token_nothing_is_asked(void **state)
{
	struct rd_access bad = session_access();
	char refresh[200], old[2000];

	(void)state;
	bad.exp_s = NOW;
	snprintf(refresh, sizeof refresh, "HTTP_AUTHORIZATION=Bearer %s", op_token(4).text);
	snprintf(old, sizeof old, "HTTP_AUTHORIZATION=Bearer %s", session_jws(&bad));
	for (int i = 0; i < 2; i++) {
		const char *const pairs[] = {refresh, old, "HTTP_AUTHORIZATION=Bearer x"};

		for (size_t p = 0; p < COUNT(pairs); p++) {
			assert_int_equal(i ? ask_delete(OTHER_SID, pairs[p]) : ask(pairs[p]),
					 RD_STEP_REPLY);
			assert_reply(401, INVALID);
			assert_head(BEARER ", error=\"invalid_token\"\r\n");
		}
		assert_int_equal(i ? ask_delete(OTHER_SID, "") : ask(""), RD_STEP_REPLY);
		assert_reply(401, "{\"error\":\"missing_token\"}");
		assert_head(BEARER "\r\n");
	}
}

static void who_is_logged_out_gets_401(void **state)
{
	(void)state;
	assert_int_equal(ask(session_bearer()), RD_STEP_ASK);
	assert_int_equal(op_answer(session_answer('V', 0)), RD_STEP_REPLY);
	assert_reply(401, INVALID);
	assert_int_equal(ask_delete(OTHER_SID, session_bearer()), RD_STEP_ASK);
	assert_int_equal(op_answer(session_answer('V', 0)), RD_STEP_REPLY);
	assert_reply(401, INVALID);
	assert_heard("");
}

static void a_session_ends_by_its_sid(void **state)
{
	(void)state;
	assert_int_equal(ask_delete(OTHER_SID, session_bearer()), RD_STEP_ASK);
	assert_revokes(OTHER_SID, SESSION_SID, "", RD_REASON_USER);
	assert_int_equal(op_answer(session_answer('D', 1)), RD_STEP_REPLY);
	assert_empty_reply();
	assert_heard("session.revoked user anna\n");
	assert_int_equal(ask_delete(OTHER_SID, session_bearer()), RD_STEP_ASK);
	assert_int_equal(op_answer(session_answer('D', 0)), RD_STEP_REPLY);
	assert_empty_reply();
	assert_heard("");
}

static void anothers_and_no_session_are_404(void **state)
{
	static const char *const sids[] = {"",
					   "x",
					   OTHER_SID "a",
					   "zyxwvutsrqponmlkjihgf",
					   "zyxwvutsrqponmlkjihg*e",
					   "zyxwvutsrqponmlkjihg\xff"
					   "e",
					   "zyxwvutsrqponmlkjihg=="};

	(void)state;
	assert_int_equal(ask_delete(OTHER_SID, session_bearer()), RD_STEP_ASK);
	assert_int_equal(op_answer(session_answer('A', 0)), RD_STEP_REPLY);
	assert_reply(404, NOT_FOUND);
	assert_head("");
	for (size_t i = 0; i < COUNT(sids); i++) {
		assert_int_equal(ask_delete(sids[i], session_bearer()), RD_STEP_REPLY);
		assert_reply(404, NOT_FOUND);
	}
	assert_int_equal(OP_ASK("", "REQUEST_METHOD=DELETE", "REFRESHD_ROUTE=session",
				"REFRESHD_SID=" OTHER_SID, "REFRESHD_SID=" SESSION_SID,
				session_bearer()),
			 RD_STEP_REPLY);
	assert_reply(400, "{\"error\":\"invalid_request\"}");
}

static void store_away_is_503(void **state)
{
	(void)state;
	assert_int_equal(ask(session_bearer()), RD_STEP_ASK);
	assert_int_equal(op_answer(op_away), RD_STEP_REPLY);
	assert_reply(503, OUT);
	assert_head("Retry-After: 1\r\n");
	assert_int_equal(ask_delete(OTHER_SID, session_bearer()), RD_STEP_ASK);
	assert_int_equal(op_answer(op_away), RD_STEP_REPLY);
	assert_reply(503, OUT);
	assert_heard("");
}

static void other_methods_are_405(void **state)
{
	(void)state;
	assert_int_equal(OP_ASK("", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=sessions"),
			 RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 405);
	assert_head("Allow: GET, HEAD\r\n");
	assert_int_equal(OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=session"), RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 405);
	assert_head("Allow: DELETE\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_store_is_asked_for_the_askers_sessions),
	    cmocka_unit_test(a_session_says_where_and_when),
	    cmocka_unit_test(the_newest_comes_first),
	    cmocka_unit_test(what_is_past_its_idle_time_is_not_listed),
	    cmocka_unit_test(agents_that_are_no_utf8_make_valid_json),
	    cmocka_unit_test(a_page_that_does_not_fit_says_so),
	    cmocka_unit_test(a_hundred_usual_sessions_fit),
	    cmocka_unit_test(an_answer_cut_anywhere_is_503_or_shorter),
	    cmocka_unit_test(without_a_good_access_token_nothing_is_asked),
	    cmocka_unit_test(who_is_logged_out_gets_401),
	    cmocka_unit_test(a_session_ends_by_its_sid),
	    cmocka_unit_test(anothers_and_no_session_are_404),
	    cmocka_unit_test(store_away_is_503),
	    cmocka_unit_test(other_methods_are_405),
	};

	return cmocka_run_group_tests(tests, start_op, stop_op);
}
