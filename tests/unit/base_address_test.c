// Addresses of sockets as options write them, and the host and port of a URL.
#include "base/address.h"
#include <arpa/inet.h>
#include "unit.h"

static void what_a_tcp_address_is(void **state)
{
	static const struct {
		const char *text;
		bool local;
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
					  "udp:127.0.0.1:1",
					  "127.0.0.1:9000",
					  ""};
	struct rd_address out;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		if (!rd_address_read(rd_span(good[i].text), &out))
			fail_msg("refused: %s", good[i].text);
		assert_true(rd_address_is_tcp(rd_span(good[i].text)));
		assert_int_equal(out.local, good[i].local);
		assert_true(out.len == sizeof(struct sockaddr_in) ||
			    out.len == sizeof(struct sockaddr_in6));
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		if (rd_address_read(rd_span(bad[i]), &out) || out.len)
			fail_msg("taken: %s", bad[i]);
}

static void it_is_ready_to_connect_to(void **state)
{
	struct rd_address out;

	(void)state;
	assert_true(rd_address_read(RD_SPAN("tcp:127.0.0.1:9000"), &out));
	assert_int_equal(out.any.sa_family, AF_INET);
	assert_int_equal(out.in.sin_port, htons(9000));
	assert_int_equal(out.in.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	assert_true(rd_address_read(RD_SPAN("tcp:[::1]:65535"), &out));
	assert_int_equal(out.any.sa_family, AF_INET6);
	assert_int_equal(out.in6.sin6_port, htons(65535));
	assert_memory_equal(&out.in6.sin6_addr, &in6addr_loopback, sizeof in6addr_loopback);
}

static void a_path_has_1_to_107_bytes(void **state)
{
	char text[5 + 108] = "unix:";
	struct rd_address out;

	(void)state;
	memset(text + 5, 'p', sizeof text - 5);
	for (size_t len = 0; len <= 108; len++)
		assert_int_equal(rd_address_read((struct rd_span){text, 5 + len}, &out),
				 len >= 1 && len <= 107);
	assert_true(rd_address_read((struct rd_span){text, 5 + 107}, &out));
	assert_int_equal(out.any.sa_family, AF_UNIX);
	assert_int_equal(strlen(out.un.sun_path), 107);
	assert_int_equal(out.len, sizeof out.un);
	assert_true(out.local);
	assert_false(rd_address_is_tcp((struct rd_span){text, sizeof text}));
}

static void a_host_ends_where_a_list_or_a_path_goes_on(void **state)
{
	static const struct {
		const char *text, *name;
		bool ipv6;
		int port;
		const char *rest;
	} rows[] = {
	    {"h", "h", false, 0, ""},
	    {"h:1", "h", false, 1, ""},
	    {"h:65535/db", "h", false, 65535, "/db"},
	    {"h/db", "h", false, 0, "/db"},
	    {"h1:26379,h2:26380/name", "h1", false, 26379, ",h2:26380/name"},
	    {"h1,h2", "h1", false, 0, ",h2"},
	    {"[::1]", "::1", true, 0, ""},
	    {"[::1]:6379/1", "::1", true, 6379, "/1"},
	    {"[2001:db8::1],[::2]", "2001:db8::1", true, 0, ",[::2]"},
	    {"h:1x", "h", false, 1, "x"},
	    {"[::1]x", "::1", true, 0, "x"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_span rest = rd_span(rows[i].text);
		struct rd_host host;

		if (!rd_host_take(&rest, &host))
			fail_msg("refused: %s", rows[i].text);
		assert_text(host.name, rows[i].name);
		assert_int_equal(host.ipv6, rows[i].ipv6);
		assert_int_equal(host.port, rows[i].port);
		assert_text(rest, rows[i].rest);
	}
}

static void anything_else_is_no_host(void **state)
{
	static const char *const texts[] = {
	    "",
	    ":1",
	    "/1",
	    ",h",
	    "[",
	    "[]",
	    "[]:1",
	    "[::1",
	    "[h]:1",
	    "[127.0.0.1]",
	    "[::1%lo]",
	    "h:",
	    "h:0",
	    "h:65536",
	    "h:-1",
	    "h:/1",
	    "h:000001",
	    "[::1]:",
	    "[1111:2222:3333:4444:5555:6666:7777:8888:9999]",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct rd_span rest = rd_span(texts[i]);
		struct rd_host host;

		if (rd_host_take(&rest, &host))
			fail_msg("taken: %s", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_tcp_address_is),
	    cmocka_unit_test(it_is_ready_to_connect_to),
	    cmocka_unit_test(a_path_has_1_to_107_bytes),
	    cmocka_unit_test(a_host_ends_where_a_list_or_a_path_goes_on),
	    cmocka_unit_test(anything_else_is_no_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
