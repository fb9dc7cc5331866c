#include "config/tcp_address.h"
#include <netinet/in.h>
#include "config_fixture.h"

static void what_an_address_is(void **state)
{
	static const struct {
		const char *text;
		bool loopback;
	} good[] = {{"tcp:127.0.0.1:9000", true},  {"tcp:127.1.2.3:1", true},
		    {"tcp:[::1]:65535", true},     {"tcp:0.0.0.0:9000", false},
		    {"tcp:[::]:9000", false},      {"tcp:192.0.2.1:9000", false},
		    {"tcp:[2001:db8::1]:1", false}};
	static const char *const bad[] = {"tcp:",
					  "tcp:9000",
					  "tcp::9000",
					  "tcp:[]:9000",
					  "tcp:[:9000",
					  "tcp:]:9000",
					  "tcp:127.0.0.1",
					  "tcp:127.0.0.1:",
					  "tcp:127.0.0.1:0",
					  "tcp:127.0.0.1:65536",
					  "tcp:127.0.0.1:+1",
					  "tcp:127.0.0.1:1x",
					  "tcp:127.0.0.1:0000001",
					  "tcp:localhost:9000",
					  "tcp:::1:9000",
					  "tcp:[127.0.0.1]:9000",
					  "tcp:127.0.0.1.5.6.7.8:9000",
					  "tcp:*:9000",
					  "tcp:1270.0.0.1:99",
					  "unix:/x:1"};
	struct rd_tcp_address out;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		if (!rd_tcp_address(good[i].text, &out))
			fail_msg("refused: %s", good[i].text);
		assert_int_equal(out.loopback, good[i].loopback);
		assert_true(out.len == sizeof(struct sockaddr_in) ||
			    out.len == sizeof(struct sockaddr_in6));
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		if (rd_tcp_address(bad[i], &out))
			fail_msg("taken: %s", bad[i]);
}

static void who_is_reached_from_elsewhere_says_so_twice(void **state)
{
	(void)state;
	assert_true(load_text("listen = tcp:127.0.0.1:9000\nlogin_listen = tcp:[::1]:9001\n"));
	assert_false(read_.config.tcp_open);
	assert_false(load_text("listen = tcp:0.0.0.0:9000\n"));
	assert_non_null(strstr(read_.why, "listen_insecure_tcp = on"));
	assert_false(load_text("login_listen = tcp:[::]:9000\n"));
	assert_non_null(strstr(read_.why, ":1: login_listen: other"));
	assert_true(load_text("listen = tcp:0.0.0.0:9000\nlisten_insecure_tcp = on\n"));
	assert_true(load_text("listen_insecure_tcp = on\n")); // harmless alone
	assert_false(load_text("listen = tcp:localhost:9000\nlisten_insecure_tcp = on\n"));
	assert_false(load_text("listen_insecure_tcp = yes\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_an_address_is),
	    cmocka_unit_test(who_is_reached_from_elsewhere_says_so_twice),
	};

	return cmocka_run_group_tests(tests, start_config, stop_config);
}
