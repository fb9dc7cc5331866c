// The worker processes: started, followed after a back-off, recycled, watched, inherited, ended.
#include "workers_fixture.h"

static void every_number_has_a_process_of_its_role_and_a_place_of_its_own(void **state)
{
	(void)state;
	assert_false(rd_workers_serving(it.workers));
	assert_true(rd_workers_gone(it.workers));
	all_serve();
	assert_false(rd_workers_gone(it.workers));
	for (unsigned n = 1; n <= NUMBERS; n++) {
		assert_int_equal(it.seen[n].starts, 1);
		assert_int_equal(it.seen[n].role, n == 3 ? RD_ROLE_LOGIN : RD_ROLE_GENERAL);
		assert_true(it.seen[n].place < rd_workers_places(&it.config));
		assert_true(lives(pid_of(n)));
	}
	assert_true(it.seen[1].place != it.seen[2].place && it.seen[2].place != it.seen[3].place);
}

static void a_process_that_dies_early_is_followed_after_a_longer_and_longer_back_off(void **state)
{
	static const int back_off_ms[] = {50, 100, 200, 400, 800, 1600, 2000, 2000};

	(void)state;
	it.seen[1].behaviour = DIES;
	rd_workers_tick(it.workers);
	for (size_t i = 0; i < COUNT(back_off_ms); i++) {
		UNTIL(it.seen[1].starts == (int)i + 1 && !lives(pid_of(1)));
		assert_int_equal(rd_workers_tick(it.workers), back_off_ms[i]);
		it.now_ms += back_off_ms[i] - 1;
		assert_int_equal(rd_workers_tick(it.workers), 1);
		assert_int_equal(it.seen[1].starts, i + 1);
		it.now_ms++;
		it.seen[1].pid = 0;
		// Heartbeats of the others, who wait for a signal.
		for (unsigned place = 0; place < rd_workers_places(&it.config); place++)
			rd_scoreboard_heartbeat(it.setup.scoreboard, place, it.now_ms);
		rd_workers_tick(it.workers);
	}
	assert_non_null(strstr(it.heard, "worker.died "));
	assert_int_equal(it.seen[2].starts, 1);
}

static void a_process_that_lived_for_a_second_is_followed_at_once(void **state)
{
	(void)state;
	all_serve();
	it.now_ms += 1000;
	kill(pid_of(1), SIGKILL);
	UNTIL(!rd_workers_serving(it.workers));
	rd_workers_tick(it.workers);
	UNTIL(rd_workers_serving(it.workers));
	assert_int_equal(it.seen[1].starts, 2);
	assert_string_equal(it.heard, "worker.died ");
}

static void a_process_goes_only_when_its_successor_serves(void **state)
{
	pid_t old;

	(void)state;
	all_serve();
	old = pid_of(1);
	it.seen[1].behaviour = NEVER_SERVES;
	rd_scoreboard_ask_recycling(it.setup.scoreboard, it.seen[1].place);
	rd_workers_tick(it.workers);
	UNTIL(it.seen[1].starts == 2);
	rd_workers_tick(it.workers);
	assert_int_equal(it.seen[1].retired, 0);
	assert_true(lives(old) && rd_workers_serving(it.workers));
	rd_scoreboard_set_serving(it.setup.scoreboard, it.seen[1].place, it.now_ms);
	rd_workers_tick(it.workers);
	UNTIL(!lives(old));
	assert_int_equal(it.seen[1].retired, 1);
	assert_true(rd_workers_serving(it.workers));
	rd_workers_tick(it.workers);
	assert_int_equal(it.seen[1].starts, 2);
	assert_string_equal(it.heard, "worker.recycled ");
}

static void the_next_successor_waits_until_the_last_process_has_ended(void **state)
{
	(void)state;
	it.seen[1].behaviour = IGNORES;
	all_serve();
	rd_scoreboard_ask_recycling(it.setup.scoreboard, it.seen[1].place);
	rd_workers_tick(it.workers);
	UNTIL(it.seen[1].starts == 2 &&
	      rd_scoreboard_serving(it.setup.scoreboard, it.seen[1].place));
	rd_workers_tick(it.workers); // the first is told to go, and does not
	UNTIL(it.seen[1].retired == 1);
	rd_scoreboard_ask_recycling(it.setup.scoreboard, it.seen[1].place);
	rd_workers_tick(it.workers);
	assert_int_equal(it.seen[1].starts, 2);
}

static void a_successor_that_dies_leaves_the_current_one_serving(void **state)
{
	pid_t old;

	(void)state;
	all_serve();
	old = pid_of(1);
	it.seen[1].behaviour = DIES;
	rd_scoreboard_ask_recycling(it.setup.scoreboard, it.seen[1].place);
	rd_workers_tick(it.workers);
	UNTIL(it.seen[1].starts == 2 && !lives(pid_of(1)));
	assert_true(lives(old) && rd_workers_serving(it.workers));
	assert_int_equal(it.seen[1].retired, 0);
	assert_int_equal(rd_workers_tick(it.workers), 50); // then another one
}

static void a_successor_takes_the_place_of_one_that_died(void **state)
{
	pid_t old;

	(void)state;
	all_serve();
	old = pid_of(1);
	it.seen[1].behaviour = NEVER_SERVES;
	rd_scoreboard_ask_recycling(it.setup.scoreboard, it.seen[1].place);
	rd_workers_tick(it.workers);
	UNTIL(it.seen[1].starts == 2);
	kill(old, SIGKILL);
	UNTIL(!lives(old));
	assert_false(rd_workers_serving(it.workers));
	rd_scoreboard_set_serving(it.setup.scoreboard, it.seen[1].place, it.now_ms);
	assert_true(rd_workers_serving(it.workers));
	it.now_ms += 5000;
	rd_workers_tick(it.workers);
	assert_int_equal(it.seen[1].starts, 2);
}

static void a_process_without_heartbeats_is_killed_once_and_followed(void **state)
{
	pid_t old;

	(void)state;
	it.seen[1].behaviour = IGNORES;
	all_serve();
	old = pid_of(1);
	it.now_ms += WATCHDOG_S * 1000 - 1;
	for (unsigned n = 2; n <= NUMBERS; n++)
		rd_scoreboard_heartbeat(it.setup.scoreboard, it.seen[n].place, it.now_ms);
	assert_int_equal(rd_workers_tick(it.workers), 1);
	assert_string_equal(it.heard, "");
	it.now_ms++;
	rd_workers_tick(it.workers);
	rd_workers_tick(it.workers);
	assert_string_equal(it.heard, "worker.stuck ");
	UNTIL(!lives(old));
	it.seen[1].behaviour = SERVES;
	rd_workers_tick(it.workers);
	UNTIL(it.seen[1].starts == 2 && rd_workers_serving(it.workers));
}

static void a_set_up_may_take_longer_than_a_wake_up(void **state)
{
	(void)state;
	it.seen[1].behaviour = NEVER_SERVES;
	rd_workers_tick(it.workers);
	UNTIL(it.seen[1].starts == 1 && it.seen[2].starts == 1 && it.seen[3].starts == 1);
	it.now_ms += SET_UP_MS + WATCHDOG_S * 1000 - 1;
	for (unsigned n = 2; n <= NUMBERS; n++)
		rd_scoreboard_busy_until(it.setup.scoreboard, it.seen[n].place, it.now_ms);
	assert_int_equal(rd_workers_tick(it.workers), 1);
	it.now_ms++;
	rd_workers_tick(it.workers);
	assert_string_equal(it.heard, "worker.stuck ");
}

static void heartbeats_missed_while_the_master_did_not_run_do_not_count(void **state)
{
	(void)state;
	all_serve();
	it.now_ms += 10 * WATCHDOG_S * 1000;
	rd_workers_reset_watchdog(it.workers);
	assert_int_equal(rd_workers_tick(it.workers), WATCHDOG_S * 1000);
	it.now_ms += WATCHDOG_S * 1000;
	rd_workers_tick(it.workers);
	assert_string_equal(it.heard, "worker.stuck worker.stuck worker.stuck ");
}

// Processes that another master has left; they do what workers do with signals.
static void inherit(enum behaviour behaviour)
{
	pid_t *pids = calloc(2, sizeof *pids);

	assert_non_null(pids);
	it.seen[0].behaviour = (int)behaviour;
	for (int i = 0; i < 2; i++) {
		const struct rd_worker_setup old = {.number = 0};

		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			rd_worker_run(&old);
	}
	rd_workers_inherit(it.workers, pids, 2);
	UNTIL(it.seen[0].starts == 2);
}

static void inherited_workers_serve_until_ours_do(void **state)
{
	(void)state;
	inherit(NEVER_SERVES);
	it.seen[2].behaviour = NEVER_SERVES;
	assert_false(rd_workers_gone(it.workers));
	rd_workers_tick(it.workers);
	UNTIL(it.seen[2].starts == 1 && it.seen[1].starts == 1 && it.seen[3].starts == 1);
	rd_workers_tick(it.workers);
	assert_int_equal(it.seen[0].retired, 0);
	UNTIL(rd_scoreboard_serving(it.setup.scoreboard, it.seen[1].place) &&
	      rd_scoreboard_serving(it.setup.scoreboard, it.seen[3].place));
	rd_scoreboard_set_serving(it.setup.scoreboard, it.seen[2].place, it.now_ms);
	rd_workers_tick(it.workers);
	UNTIL(it.seen[0].retired == 2 && !lives(it.seen[0].pid));
	assert_string_equal(it.heard, "");
}

static void inherited_workers_that_do_not_end_are_killed(void **state)
{
	(void)state;
	inherit(IGNORES);
	all_serve();
	rd_workers_tick(it.workers);
	UNTIL(it.seen[0].retired == 2);
	it.now_ms += DRAIN_MS + SET_UP_MS;
	for (unsigned n = 1; n <= NUMBERS; n++)
		rd_scoreboard_heartbeat(it.setup.scoreboard, it.seen[n].place, it.now_ms);
	rd_workers_tick(it.workers);
	assert_string_equal(it.heard, "worker.stuck ");
	UNTIL(!lives(it.seen[0].pid));
	assert_true(rd_workers_serving(it.workers));
}

static void after_stop_nobody_is_followed(void **state)
{
	(void)state;
	all_serve();
	rd_workers_stop(it.workers);
	rd_workers_signal(it.workers, SIGTERM);
	UNTIL(rd_workers_gone(it.workers));
	rd_workers_tick(it.workers);
	assert_true(rd_workers_gone(it.workers));
	assert_int_equal(it.seen[1].terminated + it.seen[2].terminated + it.seen[3].terminated, 3);
	assert_string_equal(it.heard, "");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start_workers, stop_workers)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(every_number_has_a_process_of_its_role_and_a_place_of_its_own),
	    CASE(a_process_that_dies_early_is_followed_after_a_longer_and_longer_back_off),
	    CASE(a_process_that_lived_for_a_second_is_followed_at_once),
	    CASE(a_process_goes_only_when_its_successor_serves),
	    CASE(the_next_successor_waits_until_the_last_process_has_ended),
	    CASE(a_successor_that_dies_leaves_the_current_one_serving),
	    CASE(a_successor_takes_the_place_of_one_that_died),
	    CASE(a_process_without_heartbeats_is_killed_once_and_followed),
	    CASE(a_set_up_may_take_longer_than_a_wake_up),
	    CASE(heartbeats_missed_while_the_master_did_not_run_do_not_count),
	    CASE(inherited_workers_serve_until_ours_do),
	    CASE(inherited_workers_that_do_not_end_are_killed),
	    CASE(after_stop_nobody_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
