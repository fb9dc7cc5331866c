// A worker process: it serves, drains, retires, and survives being out of descriptors.
#include "worker_fixture.h"

static void it_serves_until_SIGTERM_and_closes_what_is_idle(void **state)
{
	int kept, silent, late;
	char byte;

	(void)state;
	run_worker(0);
	close_listener();
	kept = connect_to_worker();
	silent = connect_to_worker();
	for (int i = 0; i < 3; i++) {
		ask(kept);
		assert_true(answers(kept));
	}
	kill(it.pid, SIGINT); // a terminal's Ctrl-C is the master's matter
	ask(kept);
	assert_true(answers(kept));
	kill(it.pid, SIGTERM);
	ends_by_itself();
	assert_int_equal(recv(kept, &byte, 1, 0), 0);
	assert_int_equal(recv(silent, &byte, 1, 0), 0);
	assert_false(try_connect(&late));
	close(kept);
	close(silent);
}

static void draining_answers_who_waits_in_the_queue(void **state)
{
	int fd[3];

	(void)state;
	run_worker(0);
	kill(it.pid, SIGSTOP);
	for (size_t i = 0; i < COUNT(fd); i++) {
		fd[i] = connect_to_worker();
		ask(fd[i]);
	}
	kill(it.pid, SIGTERM);
	kill(it.pid, SIGCONT);
	for (size_t i = 0; i < COUNT(fd); i++) {
		assert_true(answers(fd[i]));
		close(fd[i]);
	}
	ends_by_itself();
}

static void draining_answers_a_request_that_is_half_there_within_a_second(void **state)
{
	int fd;

	(void)state;
	run_worker(0);
	fd = connect_to_worker();
	ask(fd);
	assert_true(answers(fd));
	send_part(fd, 0, 30);
	kill(it.pid, SIGTERM);
	UNTIL(is_draining());
	send_part(fd, 30, REQUEST_LEN);
	assert_true(answers(fd));
	ends_by_itself();
	close(fd);
}

static void draining_ends_by_its_timeout(void **state)
{
	const int64_t begun_ms = rd_mono_ms();
	int fd;

	(void)state;
	it.config.drain_timeout_ms = 100;
	run_worker(0);
	fd = connect_to_worker();
	ask(fd);
	assert_true(answers(fd));
	send_part(fd, 0, 30);
	kill(it.pid, SIGTERM);
	ends_by_itself();
	assert_true(rd_mono_ms() - begun_ms >= 100);
	close(fd);
}

static void retiring_answers_who_asks_and_leaves_new_connections_to_others(void **state)
{
	int kept, new;

	(void)state;
	run_worker(0);
	kept = connect_to_worker();
	ask(kept);
	assert_true(answers(kept));
	kill(it.pid, RD_WORKER_RETIRE);
	UNTIL(is_draining());
	new = connect_to_worker();
	ask(new);
	ask(kept); // it stays open for a second
	assert_true(answers(kept));
	ends_by_itself();
	assert_false(answers_within(new, 0)); // another worker of the same socket would
	close(kept);
	close(new);
}

static void retiring_ends_when_idle_connections_have_had_their_second(void **state)
{
	const int64_t begun_ms = rd_mono_ms();
	int kept;
	char byte;

	(void)state;
	run_worker(0);
	kept = connect_to_worker();
	ask(kept);
	assert_true(answers(kept));
	kill(it.pid, RD_WORKER_RETIRE);
	ends_by_itself();
	assert_true(rd_mono_ms() - begun_ms >= 1000);
	assert_int_equal(recv(kept, &byte, 1, 0), 0);
	close(kept);
}

static void out_of_descriptors_it_waits_and_then_accepts_the_others(void **state)
{
	const int64_t begun_ms = rd_mono_ms();
	int fd[10]; // more than it can take

	(void)state;
	if (getenv("RD_VALGRIND"))
		skip(); // it keeps the limit itself, and closes whatever is past it
	run_worker(4);
	for (int i = 0; i < 10; i++) {
		fd[i] = connect_to_worker();
		ask(fd[i]);
	}
	assert_true(answers(fd[0]));
	UNTIL(it.told->accept_failed > 1); // it tries again
	assert_true(it.told->accept_failed <= (rd_mono_ms() - begun_ms) / 100 + 1);
	assert_false(answers_within(fd[9], 0));
	ask(fd[0]); // whom it has, it serves
	assert_true(answers(fd[0]));
	close(fd[0]);
	for (int i = 1; i < 10; i++) {
		assert_true(answers(fd[i]));
		close(fd[i]);
	}
	kill(it.pid, SIGTERM);
	ends_by_itself();
}

static void after_max_requests_it_asks_to_be_recycled_and_serves_on(void **state)
{
	int fd;

	(void)state;
	it.config.max_requests = 8; // or up to a quarter fewer
	run_worker(0);
	fd = connect_to_worker();
	for (int i = 1; i <= 10; i++) {
		ask(fd);
		assert_true(answers(fd));
		if (i < 6)
			assert_false(rd_scoreboard_wants_recycling(it.setup.scoreboard, 0));
	}
	UNTIL(rd_scoreboard_wants_recycling(it.setup.scoreboard, 0));
	close(fd);
}

static void an_idle_worker_gives_heartbeats(void **state)
{
	int64_t beat_ms;

	(void)state;
	it.config.watchdog_s = 1;
	run_worker(0);
	for (int i = 0; i < 3; i++) {
		beat_ms = rd_scoreboard_heartbeat_ms(it.setup.scoreboard, 0);
		UNTIL(rd_scoreboard_heartbeat_ms(it.setup.scoreboard, 0) > beat_ms);
	}
}

static void SIGUSR1_reopens_the_log_and_SIGHUP_changes_nothing(void **state)
{
	int fd;

	(void)state;
	run_worker(0);
	fd = connect_to_worker();
	kill(it.pid, SIGUSR1);
	UNTIL(it.told->reopened == 1);
	kill(it.pid, SIGHUP);
	ask(fd);
	assert_true(answers(fd));
	assert_int_equal(it.told->reopened, 1);
	close(fd);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start_worker, stop_worker)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(it_serves_until_SIGTERM_and_closes_what_is_idle),
	    CASE(draining_answers_who_waits_in_the_queue),
	    CASE(draining_answers_a_request_that_is_half_there_within_a_second),
	    CASE(draining_ends_by_its_timeout),
	    CASE(retiring_answers_who_asks_and_leaves_new_connections_to_others),
	    CASE(retiring_ends_when_idle_connections_have_had_their_second),
	    CASE(out_of_descriptors_it_waits_and_then_accepts_the_others),
	    CASE(after_max_requests_it_asks_to_be_recycled_and_serves_on),
	    CASE(an_idle_worker_gives_heartbeats),
	    CASE(SIGUSR1_reopens_the_log_and_SIGHUP_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
