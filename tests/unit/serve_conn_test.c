// A connection from nginx, state by state: idle, partial, busy, discarding, closed.
#include "conn_fixture.h"

static const struct rd_answer odd = {.count = 1, .part = {RD_SPAN("?")}};

static void a_kept_connection_answers_one_request_after_the_other(void **state)
{
	int peer = connect_conn();

	(void)state;
	for (int i = 0; i < 5; i++) {
		send_request(peer, HEALTH, "");
		wake();
		assert_string_equal(heard_on(peer), "200 ");
	}
	assert_int_equal(it.loop.requests, 5);
	assert_int_equal(it.loop.conn_count, 1);
	hang_up(peer);
	assert_int_equal(it.loop.conn_count, 0);
}

static void an_idle_connection_has_no_time_limit(void **state)
{
	int peer = connect_conn();

	(void)state;
	send_request(peer, HEALTH, "");
	wake();
	assert_int_equal(rd_conn_tick(&it.loop), -1);
	wake_after(1000000);
	assert_string_equal(heard_on(peer), "200 ");
	hang_up(peer);
}

static void half_a_request_waits_for_its_rest(void **state)
{
	static struct request r;
	struct rd_span whole = build(&r, HEALTH, 10, RD_SPAN(""));
	int peer = connect_conn();

	(void)state;
	for (size_t i = 0; i + 1 < whole.len; i++) {
		send_bytes(peer, (struct rd_span){whole.ptr + i, 1});
		wake_after(1);
		assert_int_equal(it.loop.requests, 0);
	}
	assert_in_range(rd_conn_tick(&it.loop), 1, 5000);
	send_bytes(peer, (struct rd_span){whole.ptr + whole.len - 1, 1});
	wake();
	assert_string_equal(heard_on(peer), "200 ");
	hang_up(peer);
}

static void half_a_request_is_closed_after_the_read_timeout(void **state)
{
	int idle = connect_conn(), half = connect_conn();

	(void)state;
	send_bytes(half, RD_SPAN("\1\1\0\1"));
	wake();
	assert_int_equal(rd_conn_tick(&it.loop), 5000);
	wake_after(4999);
	assert_string_equal(heard_on(half), "");
	wake_after(1);
	assert_string_equal(heard_on(half), "closed");
	assert_string_equal(heard_on(idle), "");
	close(half);
	hang_up(idle);
}

static void half_a_request_is_closed_when_its_rest_will_never_come(void **state)
{
	int peer = connect_conn();

	(void)state;
	send_bytes(peer, RD_SPAN("\1\1\0\1"));
	shutdown(peer, SHUT_WR);
	wake();
	assert_string_equal(heard_on(peer), "closed");
	close(peer);
}

static void a_request_whose_sender_only_ends_its_input_is_answered(void **state)
{
	int peer = connect_conn();

	(void)state;
	send_request(peer, HEALTH, "");
	shutdown(peer, SHUT_WR);
	wake();
	assert_string_equal(heard_on(peer), "200 closed");
	close(peer);
}

static void a_request_whose_sender_has_gone_is_not_begun(void **state)
{
	int peer = connect_conn();

	(void)state;
	send_refresh(peer, op_token(0).text);
	hang_up(peer);
	assert_int_equal(it.loop.requests, 0);
	assert_int_equal(it.loop.conn_count, 0);
}

// There a close cannot be told from the end of what the peer sends.
static void a_request_over_tcp_whose_sender_has_ended_its_side_is_not_begun(void **state)
{
	int peer = connect_conn();

	(void)state;
	it.loop.gone_events |= EPOLLRDHUP;
	send_refresh(peer, op_token(0).text);
	shutdown(peer, SHUT_WR);
	wake();
	assert_int_equal(it.loop.requests, 0);
	assert_string_equal(heard_on(peer), "closed");
	close(peer);
}

static void what_comes_while_the_store_is_asked_waits_for_its_turn(void **state)
{
	const struct rd_record record = op_record(1);
	int peer = connect_conn();

	(void)state;
	send_refresh(peer, op_token(0).text);
	wake();
	send_request(peer, HEALTH, "");
	wake();
	assert_string_equal(heard_on(peer), "");
	store_answers(op_turn('R', &record));
	wake();
	assert_string_equal(heard_on(peer), "200 200 ");
	hang_up(peer);
}

static void a_sender_that_goes_while_the_store_is_asked_leaves_the_answer_to_nobody(void **state)
{
	const struct rd_record record = op_record(1);
	int peer = connect_conn();

	(void)state;
	send_refresh(peer, op_token(0).text);
	wake();
	hang_up(peer);
	assert_int_equal(it.loop.conn_count, 1); // the store still has it
	store_answers(op_turn('R', &record));
	wake();
	assert_int_equal(it.loop.conn_count, 0);
}

static void an_event_of_a_connection_closed_in_this_wake_up_means_nothing(void **state)
{
	int peer = connect_conn();
	struct rd_conn *c = it.loop.conns;

	(void)state;
	send_bytes(peer, RD_SPAN("GET / HTTP/1.1"));
	rd_conn_events(c, EPOLLIN);
	rd_conn_events(c, EPOLLIN | EPOLLHUP);
	assert_int_equal(it.loop.conn_count, 0);
	assert_non_null(it.loop.closed);
	rd_conn_free_closed(&it.loop);
	assert_null(it.loop.closed);
	close(peer);
}

static void what_is_no_request_is_closed(void **state)
{
	static const struct rd_span bad[] = {
	    RD_SPAN("GET / HTTP/1.1\r\n\r\n"),
	    RD_SPAN("\1\1\0\1\0\10\0\0\0\2"), // another role
	    RD_SPAN("\1\11\0\0\0\0\0\0"),     // a management record
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		int peer = connect_conn();

		send_bytes(peer, bad[i]);
		wake();
		assert_string_equal(heard_on(peer), "closed");
		close(peer);
	}
	assert_int_equal(it.loop.requests, 0);
}

static void too_large_is_told_and_the_rest_discarded(void **state)
{
	static struct request r;
	static char value[RD_PARAMS_MAX + 1];
	int peer = connect_conn();

	(void)state;
	memset(value, 'x', sizeof value - 1);
	send_bytes(peer, build(&r, PARAMS("HTTP_X", value), 60000, RD_SPAN("")));
	wake();
	assert_string_equal(heard_on(peer), "413 closed");
	assert_int_equal(it.loop.conn_count, 1); // or the answer might be lost
	for (int i = 0; i < 3; i++) {
		send_bytes(peer, rd_buf_span(&r.buf));
		wake();
	}
	shutdown(peer, SHUT_WR);
	wake();
	assert_int_equal(it.loop.conn_count, 0);
	close(peer);
}

static void discarding_ends_with_the_read_timeout(void **state)
{
	static struct request r;
	static char value[RD_PARAMS_MAX + 1];
	int peer = connect_conn();

	(void)state;
	memset(value, 'x', sizeof value - 1);
	send_bytes(peer, build(&r, PARAMS("HTTP_X", value), 60000, RD_SPAN("")));
	wake();
	wake_after(4999);
	assert_int_equal(it.loop.conn_count, 1);
	wake_after(1);
	assert_int_equal(it.loop.conn_count, 0);
	close(peer);
}

static void body_max_of_each_request_is_the_one_in_force_when_it_comes(void **state)
{
	const struct {
		uint32_t body_max;
		const char *status; // 403: read whole, and the token in it is none
	} turns[] = {{4096, "413 "}, {65536, "403 "}, {4096, "413 "}, {60000, "403 "}};
	static char body[60001];
	int peer = connect_conn();

	(void)state;
	memset(body, ' ', 60000);
	memcpy(body, "{\"refresh_token\":\"x\"}", 21);
	for (size_t i = 0; i < COUNT(turns); i++) {
		publish_body_max(turns[i].body_max);
		send_request(peer,
			     PARAMS("REFRESHD_ROUTE", "refresh", "REFRESHD_DIALECT", "express",
				    "REQUEST_METHOD", "POST", "CONTENT_TYPE", "application/json",
				    "CONTENT_LENGTH", "60000"),
			     body);
		wake();
		assert_string_equal(heard_on(peer), turns[i].status);
	}
	hang_up(peer);
}

static void a_login_waits_for_its_turn_to_be_hashed(void **state)
{
	int first = connect_conn(), second = connect_conn(), third = connect_conn();

	(void)state;
	it.setup.role = RD_ROLE_LOGIN;
	send_login(first);
	send_login(second);
	wake();
	assert_int_equal(it.loop.hashing_count, 2);
	send_login(third); // login_queue is 2
	wake();
	assert_string_equal(heard_on(third), "503 ");
	store_answers(odd);
	store_answers(odd);
	assert_string_equal(heard_on(first), "");
	rd_conn_hash(&it.loop);
	rd_conn_hash(&it.loop);
	assert_null(it.loop.hashes.first);
	assert_string_equal(heard_on(first), "503 ");
	assert_string_equal(heard_on(second), "503 ");
	hang_up(first);
	hang_up(second);
	hang_up(third);
}

static void a_login_without_a_store_is_not_queued(void **state)
{
	int peer = connect_conn();

	(void)state;
	it.setup.role = RD_ROLE_LOGIN;
	send_login(peer);
	wake();
	store_answers(op_away);
	assert_null(it.loop.hashes.first);
	assert_string_equal(heard_on(peer), "503 ");
	hang_up(peer);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start_conn, stop_conn)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_kept_connection_answers_one_request_after_the_other),
	    CASE(an_idle_connection_has_no_time_limit),
	    CASE(half_a_request_waits_for_its_rest),
	    CASE(half_a_request_is_closed_after_the_read_timeout),
	    CASE(half_a_request_is_closed_when_its_rest_will_never_come),
	    CASE(a_request_whose_sender_only_ends_its_input_is_answered),
	    CASE(a_request_whose_sender_has_gone_is_not_begun),
	    CASE(a_request_over_tcp_whose_sender_has_ended_its_side_is_not_begun),
	    CASE(what_comes_while_the_store_is_asked_waits_for_its_turn),
	    CASE(a_sender_that_goes_while_the_store_is_asked_leaves_the_answer_to_nobody),
	    CASE(an_event_of_a_connection_closed_in_this_wake_up_means_nothing),
	    CASE(what_is_no_request_is_closed),
	    CASE(too_large_is_told_and_the_rest_discarded),
	    CASE(discarding_ends_with_the_read_timeout),
	    CASE(body_max_of_each_request_is_the_one_in_force_when_it_comes),
	    CASE(a_login_waits_for_its_turn_to_be_hashed),
	    CASE(a_login_without_a_store_is_not_queued),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
