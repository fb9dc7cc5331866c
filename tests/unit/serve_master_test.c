// The master: which signal does what, and what is refused when.
#include "master_fixture.h"

static void it_is_ready_when_all_workers_serve_and_says_so_once(void **state)
{
	(void)state;
	is_ready();
	it.wish->serving = false;
	told_nothing_more();
	it.wish->serving = true;
	told_nothing_more();
}

static void a_signal_to_end_is_passed_on_once_and_waited_for(void **state)
{
	static const int signals[] = {SIGTERM, SIGQUIT, SIGINT};

	for (size_t i = 0; i < COUNT(signals); i++) {
		if (i)
			assert_int_equal(start_master(state), 0);
		is_ready();
		kill(it.pid, signals[i]);
		told("close stop workers:TERM ");
		told_nothing_more();
		it.wish->gone = true;
		told("service.stop ");
		ends_with(0);
		if (i + 1 < COUNT(signals))
			stop_master(state);
	}
}

static void a_second_one_kills(void **state)
{
	(void)state;
	is_ready();
	kill(it.pid, SIGTERM);
	told("close stop workers:TERM ");
	kill(it.pid, SIGTERM);
	told("stop workers:KILL ");
	it.wish->gone = true;
	told("service.stop ");
	ends_with(1);
}

static void SIGHUP_reloads_and_tells_the_workers(void **state)
{
	(void)state;
	is_ready();
	kill(it.pid, SIGHUP);
	told("reload workers:HUP key.reloaded ");
	it.wish->reload_fails = true;
	kill(it.pid, SIGHUP);
	told("reload reload.refused ");
	told_nothing_more();
}

static void SIGUSR1_reopens_the_log_here_first(void **state)
{
	(void)state;
	is_ready();
	kill(it.pid, SIGUSR1);
	told("reopen workers:USR1 ");
}

static void when_ending_only_the_log_is_reopened(void **state)
{
	(void)state;
	is_ready();
	kill(it.pid, SIGTERM);
	told("close stop workers:TERM ");
	kill(it.pid, SIGHUP);
	kill(it.pid, SIGUSR2);
	told_nothing_more();
	kill(it.pid, SIGUSR1);
	told("reopen workers:USR1 ");
}

static void SIGUSR2_upgrades_when_a_trial_run_went_well(void **state)
{
	(void)state;
	is_ready();
	kill(it.pid, SIGUSR2);
	told("try ");
	told_nothing_more();
	it.wish->trial_status = 0;
	told("upgrade.begin exec:1 ");
	ends_with(77);
}

static void an_upgrade_is_refused_while_one_runs(void **state)
{
	(void)state;
	is_ready();
	kill(it.pid, SIGUSR2);
	told("try ");
	kill(it.pid, SIGUSR2);
	told("upgrade.refused ");
	told_nothing_more();
}

static void an_upgrade_is_refused_before_all_workers_serve(void **state)
{
	(void)state;
	told("inherit:3 service.start ");
	kill(it.pid, SIGUSR2);
	told("upgrade.refused ");
}

static void an_upgrade_whose_trial_run_fails_changes_nothing(void **state)
{
	(void)state;
	is_ready();
	kill(it.pid, SIGUSR2);
	told("try ");
	it.wish->trial_status = 78;
	told("upgrade.refused ");
	kill(it.pid, SIGHUP);
	told("reload workers:HUP key.reloaded ");
	it.wish->try_fails = true;
	kill(it.pid, SIGUSR2);
	told("try upgrade.refused ");
}

static void an_upgrade_that_cannot_be_executed_may_be_tried_again(void **state)
{
	(void)state;
	is_ready();
	it.wish->exec_fails = true;
	it.wish->trial_status = 0;
	for (int i = 0; i < 2; i++) {
		kill(it.pid, SIGUSR2);
		told("try upgrade.begin exec:1 upgrade.refused ");
	}
}

static void a_trial_run_that_ends_while_the_service_does_upgrades_nothing(void **state)
{
	(void)state;
	is_ready();
	kill(it.pid, SIGUSR2);
	told("try ");
	kill(it.pid, SIGTERM);
	told("close stop workers:TERM ");
	it.wish->trial_status = 0;
	told("upgrade.refused ");
	it.wish->gone = true;
	told("service.stop ");
	ends_with(0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start_master, stop_master)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(it_is_ready_when_all_workers_serve_and_says_so_once),
	    CASE(a_signal_to_end_is_passed_on_once_and_waited_for),
	    CASE(a_second_one_kills),
	    CASE(SIGHUP_reloads_and_tells_the_workers),
	    CASE(SIGUSR1_reopens_the_log_here_first),
	    CASE(when_ending_only_the_log_is_reopened),
	    CASE(SIGUSR2_upgrades_when_a_trial_run_went_well),
	    CASE(an_upgrade_is_refused_while_one_runs),
	    CASE(an_upgrade_is_refused_before_all_workers_serve),
	    CASE(an_upgrade_whose_trial_run_fails_changes_nothing),
	    CASE(an_upgrade_that_cannot_be_executed_may_be_tried_again),
	    CASE(a_trial_run_that_ends_while_the_service_does_upgrades_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
