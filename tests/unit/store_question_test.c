#include "question_fixture.h"
#include "store/redis/connection.h"
#include "token/password.h"

static struct rd_token token_of(uint32_t generation)
{
	struct rd_token token = {.version = 1, .kid = 7, .generation = generation};

	memcpy(token.slot, slot, RD_SLOT_LEN);
	memset(token.family, 0xff, RD_FAMILY_LEN);
	return token;
}

// The sid stands in them. The family does not: Redis never learns it.
static const char *const session_keys[] = {"rd:{ABCDEFGHIJI}:f:" SID, "rd:{ABCDEFGHIJI}:u",
					   "rd:{ABCDEFGHIJI}:b", "rd:{ABCDEFGHIJI}:a", NULL};

static void rotate_asks_with_these_keys_and_arguments(void **state)
{
	static const struct {
		struct rd_rotation rotation;
		uint32_t generation;
		struct rd_span args[10];
	} rows[] = {
	    {{.client = RD_SPAN("web"),
	      .grace_ms = 10000,
	      .idle_ms = 2592000000,
	      .kid = 7,
	      .rotate = true,
	      .scope = RD_SPAN("read write"),
	      .late_ms = 120000,
	      .fingerprint = {0xff, 0, '\n', 1, 0},
	      .adopt = 4},
	     3,
	     {RD_SPAN("3"), RD_SPAN("web"), RD_SPAN("10000"), RD_SPAN("2592000000"), RD_SPAN("7"),
	      RD_SPAN("1"), RD_SPAN("read write"), RD_SPAN("120000"), RD_SPAN("\xff\0\n\1\0"),
	      RD_SPAN("4")}},
	    {{.client = RD_SPAN("a"), .grace_ms = 0, .idle_ms = 1000, .kid = 255, .rotate = false},
	     UINT32_MAX,
	     {RD_SPAN("4294967295"), RD_SPAN("a"), RD_SPAN("0"), RD_SPAN("1000"), RD_SPAN("255"),
	      RD_SPAN("0"), RD_SPAN(""), RD_SPAN("0"), RD_SPAN("\0\0\0\0\0"), RD_SPAN("0")}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct rd_token token = token_of(rows[i].generation);
		struct rd_rotation rotation = rows[i].rotation;

		rotation.prefix = PREFIX;
		rotation.token = &token;
		rotation.sid = SID;
		rd_ask_rotate(&question, &rotation);
		check(RD_SCRIPT_ROTATE, session_keys, 2, rows[i].args, COUNT(rows[i].args));
	}
}

static void issue_asks_with_these_keys_and_arguments(void **state)
{
	static const struct rd_span args[] = {RD_SPAN("1000"),
					      RD_SPAN("315360000000"),
					      RD_SPAN("0"),
					      RD_SPAN("7"),
					      RD_SPAN("\0\1\2seed\37701234567"),
					      RD_SPAN("\4anna\3web\0\0\1a\0\0\0\0"),
					      RD_SPAN("100"),
					      RD_SPAN("$old"),
					      RD_SPAN("")};
	const struct rd_token token = token_of(0);

	(void)state;
	for (size_t login = 0; login <= 2; login += 2) {
		rd_ask_issue(&question, &(struct rd_issue){.prefix = PREFIX,
							   .token = &token,
							   .sid = SID,
							   .seed = (const uint8_t *)args[4].ptr,
							   .idle_ms = 1000,
							   .absolute_ms = 315360000000,
							   .about = {.user = RD_SPAN("anna"),
								     .client = RD_SPAN("web"),
								     .scope = RD_SPAN("a")},
							   .sessions_max = 100,
							   .hash = login ? args[7] : args[8]});
		check(RD_SCRIPT_ISSUE, session_keys, 2 + login, args, 7 + login);
	}
}

static void the_largest_question_fits(void **state)
{
	static char text[RD_CLAIMS_MAX];
	static const uint8_t seed[RD_SEED_LEN];
	const struct rd_token token = token_of(0);

	(void)state;
	memset(text, 'x', sizeof text);
	rd_ask_issue(&question, &(struct rd_issue){.prefix = {text, 32},
						   .token = &token,
						   .sid = SID,
						   .seed = seed,
						   .idle_ms = INT64_MAX,
						   .absolute_ms = INT64_MAX,
						   .auth_time_ms = INT64_MAX,
						   .about = {.user = {text, RD_USER_MAX},
							     .client = {text, RD_CLIENT_MAX},
							     .ip = {text, RD_IP_MAX},
							     .scope = {text, RD_SCOPE_MAX},
							     .claims = {text, sizeof text},
							     .agent = {text, sizeof text}},
						   .sessions_max = UINT32_MAX,
						   .hash = {text, RD_PASSWORD_HASH_MAX - 1},
						   .new_hash = {text, RD_PASSWORD_HASH_MAX - 1}});
	assert_int_equal(question.arg[5].len, RD_RECORD_VAR_MAX);
	assert_true(question.text_len <= sizeof question.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rotate_asks_with_these_keys_and_arguments),
	    cmocka_unit_test(issue_asks_with_these_keys_and_arguments),
	    cmocka_unit_test(the_largest_question_fits),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
