// Which addresses the FastCGI sockets may have.
#include "config_fixture.h"

static void an_address_open_to_other_machines_is_asked_for_twice(void **state)
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
	assert_true(load_text("listen_insecure_tcp = yes\n"));
	assert_false(load_text("listen_insecure_tcp = maybe\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_open_to_other_machines_is_asked_for_twice),
	};

	return cmocka_run_group_tests(tests, start_config, stop_config);
}
