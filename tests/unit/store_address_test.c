// The option redis: where Redis is, and who logs in there.
#include "store/redis/address.h"
#include "unit.h"

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
		struct rd_redis_login login;
		char reason[100];
		struct rd_buf why = RD_BUF(reason);

		assert_true(rd_redis_address(rd_span(rows[i].text), &address, &login, &why));
		assert_string_equal(address.unix_path, rows[i].unix_path);
		assert_string_equal(address.host, rows[i].host);
		assert_int_equal(address.port, rows[i].port);
		assert_int_equal(address.db, rows[i].db);
		assert_string_equal(login.user, "");
		assert_string_equal(login.password, "");
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
	    "redis://@h",
	    "redis://u@h",
	    "redis://u:@h",
	    "redis://:@h",
	    "redis://u:p@",
	    "redis://u:p@:1",
	    "redis://u:p@h/x",
	    "redis://u:***@h",
	    "unix:",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct rd_redis_address address;
		struct rd_redis_login login;
		char reason[100];
		struct rd_buf why = RD_BUF(reason);

		if (rd_redis_address(rd_span(texts[i]), &address, &login, &why))
			fail_msg("%s", texts[i]);
		assert_true(why.len > 0 && rd_buf_ok(&why));
	}
}

static void a_path_or_host_that_does_not_fit_is_refused(void **state)
{
	(void)state;
	for (size_t len = 1; len < 400; len++) {
		struct rd_redis_address address;
		struct rd_redis_login login;
		char text[500], reason[100];
		struct rd_buf why = RD_BUF(reason);

		memset(text, 'h', sizeof text);
		memcpy(text, "unix:", 5);
		assert_int_equal(
		    rd_redis_address((struct rd_span){text, 5 + len}, &address, &login, &why),
		    len <= 107);
		memcpy(text, "redis://", 8);
		assert_int_equal(
		    rd_redis_address((struct rd_span){text, 8 + len}, &address, &login, &why),
		    len <= 255);
	}
}

static void a_login_in_the_url_is_decoded(void **state)
{
	static const struct {
		const char *text, *user, *password, *host;
	} rows[] = {
	    {"redis://u:p@h:1/2", "u", "p", "h"},
	    {"redis://:p@h", "", "p", "h"},
	    {"redis://u:p:q@[::1]:6379", "u", "p:q", "::1"},
	    {"redis://u:p@q@h", "u", "p@q", "h"},
	    {"redis://a%40b:%2f%3A%25%20%C3%A9@h", "a@b", "/:% \xc3\xa9", "h"},
	    {"redis://u:#?;@h", "u", "#?;", "h"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_redis_address address;
		struct rd_redis_login login;
		char reason[200];
		struct rd_buf why = RD_BUF(reason);

		if (!rd_redis_address(rd_span(rows[i].text), &address, &login, &why))
			fail_msg("refused: %s", rows[i].text);
		assert_string_equal(login.user, rows[i].user);
		assert_string_equal(login.password, rows[i].password);
		assert_string_equal(address.host, rows[i].host);
	}
}

// The reason says what to do, and never what may be a password.
static void what_is_wrong_is_said_without_the_password(void **state)
{
	static const struct {
		const char *text, *reason;
	} rows[] = {
	    {"redis://u:sec%ret@h", "the password: % must be followed by two hexadecimal digits, "
				    "and itself be written %25"},
	    {"redis://u:secret%@h", "the password: % must be followed by two hexadecimal digits, "
				    "and itself be written %25"},
	    {"redis://u:secret%00@h", "the password: % must be followed by two hexadecimal "
				      "digits, and itself be written %25"},
	    {"redis://secret:secret%4@h", "the password: % must be followed by two hexadecimal "
					  "digits, and itself be written %25"},
	    {"redis://u:sec/ret@h", "a / in the user or password must be written %2F"},
	    {"redis://secret@h", "the password is missing: must be redis://user:password@host or "
				 "redis://:password@host"},
	    {"redis://u:secret@h:x", "must be redis://host:port/db"},
	    {"redis://h1:1,h2:2", "must be one address, not a list"},
	    {"rediss://u:secret@h", "TLS to Redis is not supported yet: use redis:// over a "
				    "private network, or a tunnel such as stunnel"},
	    {"sentinel://h:1/m", "Redis Sentinel is not supported yet: name the primary, by an "
				 "address that follows it"},
	    {"redis+sentinel://h", "Redis Sentinel is not supported yet: name the primary, by an "
				   "address that follows it"},
	    {"cluster://h", "Redis Cluster is not supported yet: name one Redis that has all keys"},
	    {"valkey://h", "must be written redis://, for Valkey too"},
	    {"http://h", "must be unix:/path or redis://host:port/db"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		static const struct rd_redis_login nobody;
		struct rd_redis_address address;
		struct rd_redis_login login;
		char reason[200];
		struct rd_buf why = RD_BUF(reason);

		if (rd_redis_address(rd_span(rows[i].text), &address, &login, &why))
			fail_msg("taken: %s", rows[i].text);
		assert_text(rd_buf_span(&why), rows[i].reason);
		assert_memory_equal(&login, &nobody, sizeof login);
	}
}

static void a_user_has_64_bytes_and_a_password_511(void **state)
{
	(void)state;
	for (int user = 63; user <= 66; user++)
		for (int password = 510; password <= 513; password++) {
			struct rd_redis_address address;
			struct rd_redis_login login;
			char text[700], reason[100];
			struct rd_buf why = RD_BUF(reason);
			const int len = snprintf(text, sizeof text, "redis://%0*d:%0*d@h", user, 0,
						 password, 0);

			assert_int_equal(rd_redis_address((struct rd_span){text, (size_t)len},
							  &address, &login, &why),
					 user <= 64 && password <= 511);
			assert_true(why.len == 0 || memmem(why.ptr, why.len, "too long", 8));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_is_a_socket_or_a_host),
	    cmocka_unit_test(anything_else_is_no_address),
	    cmocka_unit_test(a_path_or_host_that_does_not_fit_is_refused),
	    cmocka_unit_test(a_login_in_the_url_is_decoded),
	    cmocka_unit_test(what_is_wrong_is_said_without_the_password),
	    cmocka_unit_test(a_user_has_64_bytes_and_a_password_511),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
