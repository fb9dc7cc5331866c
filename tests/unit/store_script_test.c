// The contract of the scripts (store.h): the keys that they declare, and the letters that they
// answer with.
#include "question_fixture.h"
#include "store/redis/script.h"

static void ask_rotate(void)
{
	static const struct rd_token token = {.version = 1};

	rd_ask_rotate(&question,
		      &(struct rd_rotation){.prefix = PREFIX, .token = &token, .sid = SID});
}

static void ask_issue(struct rd_span hash)
{
	static const struct rd_token token = {.version = 1};
	static const uint8_t seed[RD_SEED_LEN];

	rd_ask_issue(
	    &question,
	    &(struct rd_issue){
		.prefix = PREFIX, .token = &token, .sid = SID, .seed = seed, .hash = hash});
}

static void ask_issue_without_login(void)
{
	ask_issue((struct rd_span){0});
}

static void ask_issue_with_login(void)
{
	ask_issue(RD_SPAN("$old"));
}

static void ask_revoke_one(void)
{
	rd_ask_revoke(&question,
		      &(struct rd_revocation){.prefix = PREFIX, .slot = slot, .sid = SID});
}

static void ask_revoke_all(void)
{
	rd_ask_revoke(&question, &(struct rd_revocation){.prefix = PREFIX, .slot = slot});
}

static void ask_session(void)
{
	rd_ask_session(&question, PREFIX, slot, SID);
}

static void ask_sessions(void)
{
	rd_ask_sessions(&question, PREFIX, slot, 0, SID);
}

static void ask_sweep(void)
{
	rd_ask_sweep(&question, &(struct rd_sweep){.prefix = PREFIX, .slot = slot});
}

static void ask_users(void)
{
	rd_ask_users(&question, PREFIX, RD_SPAN("0"));
}

static void ask_login(void)
{
	rd_ask_login(&question, &(struct rd_login){.prefix = PREFIX, .slot = slot});
}

static void ask_account(void)
{
	rd_ask_account(&question, PREFIX, slot, "add",
		       &(struct rd_account){.name = RD_SPAN("anna")});
}

static void ask_accounts(void)
{
	rd_ask_accounts(&question, PREFIX, RD_SPAN("0"));
}

// Every ask function, in every way that makes a difference for its keys.
static const struct {
	enum rd_script script;
	void (*ask)(void);
} asks[] = {
    {RD_SCRIPT_ROTATE, ask_rotate},
    {RD_SCRIPT_ISSUE, ask_issue_without_login},
    {RD_SCRIPT_ISSUE, ask_issue_with_login},
    {RD_SCRIPT_REVOKE, ask_revoke_one},
    {RD_SCRIPT_REVOKE, ask_revoke_all},
    {RD_SCRIPT_SESSION, ask_session},
    {RD_SCRIPT_SESSIONS, ask_sessions},
    {RD_SCRIPT_SWEEP, ask_sweep},
    {RD_SCRIPT_USERS, ask_users},
    {RD_SCRIPT_LOGIN, ask_login},
    {RD_SCRIPT_ACCOUNT, ask_account},
    {RD_SCRIPT_ACCOUNTS, ask_accounts},
};

// What Redis Cluster hashes of a key: what stands between its first { and the next }.
static struct rd_span hash_tag(struct rd_span key)
{
	(void)rd_span_cut(&key, '{');
	assert_true(memchr(key.ptr, '}', key.len) != NULL);
	return rd_span_cut(&key, '}');
}

static void every_question_has_the_keys_of_its_row_and_one_hash_tag(void **state)
{
	size_t least[RD_SCRIPT_COUNT], most[RD_SCRIPT_COUNT] = {0};

	(void)state;
	memset(least, 0xff, sizeof least);
	for (size_t i = 0; i < COUNT(asks); i++) {
		const enum rd_script script = asks[i].script;

		asks[i].ask();
		assert_int_equal(question.script, script);
		assert_true(rd_question_sound(&question));
		for (size_t k = 0; k < question.keys; k++)
			assert_true(
			    rd_span_is(hash_tag(question.key[k]), hash_tag(question.key[0])));
		if (question.keys < least[script])
			least[script] = question.keys;
		if (question.keys > most[script])
			most[script] = question.keys;
	}
	for (size_t i = 0; i < RD_SCRIPT_COUNT; i++) {
		assert_int_equal(least[i], rd_script_rows[i].keys_least);
		assert_int_equal(most[i], rd_script_rows[i].keys_most);
	}
}

static void a_question_with_other_keys_is_not_sound(void **state)
{
	(void)state;
	ask_rotate();
	question.keys--;
	assert_false(rd_question_sound(&question));
	ask_session();
	question.key[question.keys++] = question.key[0];
	assert_false(rd_question_sound(&question));
	ask_rotate();
	question.key[1] = RD_SPAN("rd:{ABCDEFGHIJJ}:u");
	assert_false(rd_question_sound(&question));
}

// The highest n for which the script uses KEYS[n].
static unsigned keys_used(const char *text)
{
	unsigned n, highest = 0;

	for (; (text = strstr(text, "KEYS[")); text++)
		if (sscanf(text, "KEYS[%u]", &n) == 1 && n > highest)
			highest = n;
	return highest;
}

static void a_script_uses_the_keys_of_its_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < RD_SCRIPT_COUNT; i++)
		assert_int_equal(keys_used(rd_script_texts[i]), rd_script_rows[i].keys_most);
}

// Two declared keys, or none but the one declared: else a slot that is being moved hides keys.
static void a_script_declares_two_keys_or_touches_only_its_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < RD_SCRIPT_COUNT; i++) {
		const char *text = rd_script_texts[i];

		if (rd_script_rows[i].keys_most == 0)
			assert_non_null(strstr(text, "redis.call('SCAN'"));
		else
			assert_null(strstr(text, "SCAN'"));
		if (rd_script_rows[i].keys_least != 1)
			continue;
		for (; (text = strstr(text, "redis.call('")); text++) {
			const char *key = strchr(text, ',');

			if (strncmp(text, "redis.call('TIME')", 18) == 0)
				continue;
			assert_memory_equal(key, ", KEYS[1]", 9);
			assert_true(key[9] == ',' || key[9] == ')'); // and nothing is added to it
		}
	}
}

static bool accepted_as_turn(enum rd_result (*read)(const struct rd_answer *, struct rd_turn *),
			     struct rd_span text, size_t count)
{
	const struct rd_answer answer = {.count = count, .part = {text, RD_SPAN("")}};
	struct rd_turn turn;

	(void)read(&answer, &turn);
	return turn.kind != RD_TURN_NONE;
}

// Whether the script's reader takes an answer that begins with the letter. -1: its answers have no
// letter.
static int accepted(enum rd_script script, char letter)
{
	const char revoked[] = {letter, 1, 2, 3, 4, 5, 6, 0, 0, 0, 1};
	const char swept[] = {letter, 1, 2, 3, 4, 5, 6, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
	const struct rd_answer revocation = {.count = 1, .part = {{revoked, sizeof revoked}}};
	const struct rd_answer sweep = {.count = 1, .part = {{swept, sizeof swept}}};
	const struct rd_span begun = {revoked, 7};
	struct rd_sessions sessions;
	struct rd_swept counts;
	uint32_t count;

	switch (script) {
	case RD_SCRIPT_ROTATE:
		return accepted_as_turn(rd_read_rotate, begun, 1);
	case RD_SCRIPT_ISSUE:
		return accepted_as_turn(rd_read_issue, begun, 2);
	case RD_SCRIPT_SESSION:
		return accepted_as_turn(rd_read_session, begun, 1);
	case RD_SCRIPT_REVOKE:
		return rd_read_revoke(&revocation, &count) != RD_STORE_OUT;
	case RD_SCRIPT_SESSIONS:
		return rd_read_sessions(&revocation, &sessions) != RD_STORE_OUT;
	case RD_SCRIPT_SWEEP:
		return rd_read_sweep(&sweep, &counts) != RD_STORE_OUT;
	default:
		return -1;
	}
}

// Whether the script can answer with the letter: it stands there as a literal of its own.
static bool answered(enum rd_script script, char letter)
{
	return strstr(rd_script_texts[script], (const char[]){'\'', letter, '\'', 0}) != NULL;
}

static bool is_a_turn(char letter)
{
	bool found = false;

	for (size_t kind = RD_TURN_NONE + 1; kind < RD_TURN_COUNT; kind++)
		found |= rd_turn_rows[kind].letter == letter;
	return found;
}

static void a_reader_accepts_the_letters_of_its_script_and_no_others(void **state)
{
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < RD_SCRIPT_COUNT; i++)
		for (char letter = 'A'; letter <= 'Z'; letter++) {
			const bool can = answered((enum rd_script)i, letter);
			const int takes = accepted((enum rd_script)i, letter);

			if (can && !is_a_turn(letter))
				fail_msg("%s: '%c' is no turn", rd_script_rows[i].file, letter);
			if (can != (takes == 1))
				fail_msg("%s: '%c' is answered: %d, accepted: %d",
					 rd_script_rows[i].file, letter, can, takes);
			found += can;
		}
	assert_true(found > 20);
}

static void every_turn_is_some_scripts_answer(void **state)
{
	(void)state;
	for (size_t kind = RD_TURN_NONE + 1; kind < RD_TURN_COUNT; kind++) {
		bool can = false;

		for (size_t i = 0; i < RD_SCRIPT_COUNT; i++)
			can |= answered((enum rd_script)i, rd_turn_rows[kind].letter);
		assert_true(can);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_question_has_the_keys_of_its_row_and_one_hash_tag),
	    cmocka_unit_test(a_question_with_other_keys_is_not_sound),
	    cmocka_unit_test(a_script_uses_the_keys_of_its_row),
	    cmocka_unit_test(a_script_declares_two_keys_or_touches_only_its_one),
	    cmocka_unit_test(a_reader_accepts_the_letters_of_its_script_and_no_others),
	    cmocka_unit_test(every_turn_is_some_scripts_answer),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
