// Connections of a worker that has been told to end.
#include "conn_fixture.h"

// As begin_drain of worker.c: at once, or a second later for retiring workers.
static void drain_from_now(int64_t idle_for_ms)
{
	it.loop.drain_by_ms = it.loop.now_ms + 10000;
	it.loop.idle_by_ms = it.loop.now_ms + idle_for_ms;
}

static void draining_closes_what_is_idle(void **state)
{
	int peer = connect_conn();

	(void)state;
	drain_from_now(0);
	wake();
	assert_string_equal(heard_on(peer), "closed");
	close(peer);
}

static void draining_answers_what_an_idle_connection_was_sent_just_now(void **state)
{
	const struct rd_record record = op_record(1);
	int whole = connect_conn(), half = connect_conn(), asks = connect_conn();

	(void)state;
	send_request(whole, HEALTH, "");
	send_bytes(half, RD_SPAN("\1\1\0\1"));
	send_refresh(asks, op_token(0).text);
	drain_from_now(0);
	assert_int_equal(rd_conn_tick(&it.loop), 1000); // before any event
	assert_string_equal(heard_on(whole), "200 closed");
	assert_string_equal(heard_on(half), "");
	store_answers(op_turn('R', &record));
	assert_string_equal(heard_on(asks), "200 closed");
	wake_after(1000);
	assert_string_equal(heard_on(half), "closed");
	close(whole);
	close(half);
	close(asks);
}

static void retiring_answers_who_asks_within_the_pause(void **state)
{
	int asks = connect_conn(), idle = connect_conn();

	(void)state;
	drain_from_now(1000);
	wake_after(999);
	send_request(asks, HEALTH, "");
	wake();
	assert_string_equal(heard_on(asks), "200 closed");
	assert_string_equal(heard_on(idle), "");
	wake_after(1);
	assert_string_equal(heard_on(idle), "closed");
	close(asks);
	close(idle);
}

static void draining_gives_half_a_request_a_second(void **state)
{
	static struct request r;
	struct rd_span whole = build(&r, HEALTH, 100, RD_SPAN(""));
	const struct rd_span half = {whole.ptr, 20}, rest = {whole.ptr + 20, whole.len - 20};
	int late = connect_conn(), in_time = connect_conn();

	(void)state;
	send_bytes(late, half);
	send_bytes(in_time, half);
	wake();
	drain_from_now(0);
	wake_after(999);
	send_bytes(in_time, rest);
	wake();
	assert_string_equal(heard_on(in_time), "200 closed");
	wake_after(1);
	assert_string_equal(heard_on(late), "closed");
	close(late);
	close(in_time);
}

static void draining_answers_what_is_with_the_store(void **state)
{
	const struct rd_record record = op_record(1);
	int peer = connect_conn();

	(void)state;
	send_refresh(peer, op_token(0).text);
	wake();
	drain_from_now(0);
	wake();
	assert_string_equal(heard_on(peer), "");
	store_answers(op_turn('R', &record));
	assert_string_equal(heard_on(peer), "200 closed");
	close(peer);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start_conn, stop_conn)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(draining_closes_what_is_idle),
	    CASE(draining_answers_what_an_idle_connection_was_sent_just_now),
	    CASE(retiring_answers_who_asks_within_the_pause),
	    CASE(draining_gives_half_a_request_a_second),
	    CASE(draining_answers_what_is_with_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
