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

static void an_address_is_a_socket_or_a_host(void **state)
{
	static const struct {
		const char *text, *unix_path, *host;
		int port, db;
	} rows[] = {
	    {"unix:/run/redis.sock", "/run/redis.sock", "", 6379, 0},
	    {"redis://localhost", "", "localhost", 6379, 0},
	    {"redis://localhost/", "", "localhost", 6379, 0},
	    {"redis://127.0.0.1:7000", "", "127.0.0.1", 7000, 0},
	    {"redis://h:1/15", "", "h", 1, 15},
	    {"redis://h:65535/65535", "", "h", 65535, 65535},
	    {"redis://h/3", "", "h", 6379, 3},
	    {"redis://[::1]", "", "::1", 6379, 0},
	    {"redis://[2001:db8::1]:7000/2", "", "2001:db8::1", 7000, 2},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_redis_address address;
		char reason[100];
		struct rd_buf why = RD_BUF(reason);

		assert_true(rd_redis_address(rd_span(rows[i].text), &address, &why));
		assert_string_equal(address.unix_path, rows[i].unix_path);
		assert_string_equal(address.host, rows[i].host);
		assert_int_equal(address.port, rows[i].port);
		assert_int_equal(address.db, rows[i].db);
		assert_int_equal(why.len, 0);
	}
}

static void anything_else_is_no_address(void **state)
{
	static const char *const texts[] = {
	    "",
	    "unix:",
	    "unix",
	    "/run/redis.sock",
	    "UNIX:/run/redis.sock",
	    "redis://",
	    "redis:///",
	    "redis://:6379",
	    "redis:/h",
	    "rediss://h",
	    "localhost:6379",
	    "redis://h:",
	    "redis://h:0",
	    "redis://h:65536",
	    "redis://h:-1",
	    "redis://h:99999999999999999999",
	    "redis://h:6379x",
	    "redis://h:6379/x",
	    "redis://h:6379/1x",
	    "redis://h:6379/-1",
	    "redis://h:6379/65536",
	    "redis://h:6379/1/2",
	    "redis://h:6379:1",
	    "redis://[::1",
	    "redis://[]:6379",
	    "redis://[::1]x",
	    "redis://[h]:6379",
	    "redis://::1:6379",
	    "redis://h1:1,h2:2",
	    "sentinel://h:1/m",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct rd_redis_address address;
		char reason[100];
		struct rd_buf why = RD_BUF(reason);

		if (rd_redis_address(rd_span(texts[i]), &address, &why))
			fail_msg("%s", texts[i]);
		assert_true(why.len > 0 && rd_buf_ok(&why));
	}
}

static void a_path_or_host_that_does_not_fit_is_refused(void **state)
{
	(void)state;
	for (size_t len = 1; len < 400; len++) {
		struct rd_redis_address address;
		char text[500], reason[100];
		struct rd_buf why = RD_BUF(reason);

		memset(text, 'h', sizeof text);
		memcpy(text, "unix:", 5);
		assert_int_equal(rd_redis_address((struct rd_span){text, 5 + len}, &address, &why),
				 len <= 107);
		memcpy(text, "redis://", 8);
		assert_int_equal(rd_redis_address((struct rd_span){text, 8 + len}, &address, &why),
				 len <= 255);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rotate_asks_with_these_keys_and_arguments),
	    cmocka_unit_test(issue_asks_with_these_keys_and_arguments),
	    cmocka_unit_test(the_largest_question_fits),
	    cmocka_unit_test(an_address_is_a_socket_or_a_host),
	    cmocka_unit_test(anything_else_is_no_address),
	    cmocka_unit_test(a_path_or_host_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
