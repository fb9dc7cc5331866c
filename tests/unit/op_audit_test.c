// What logs and metrics hear of requests, and the routes that tell how the service is.
#include "refresh_fixture.h"

static struct rd_counts *mine;

static int start_tell(void **state)
{
	struct rd_metrics *fresh = rd_metrics_new(1, 1);

	op.config.client_count = 0;
	if (!fresh || start_op(state))
		return -1;
	op.metrics = fresh;
	op.counts = mine = rd_metrics_counts(fresh, 1);
	op.least = RD_LOG_DEBUG;
	op.draining = false;
	return 0;
}

static void each_success_of_a_refresh_is_counted_by_its_kind(void **state)
{
	static const struct {
		char letter;
		enum rd_turn_kind kind;
		const char *heard;
	} rows[] = {
	    {'R', RD_TURN_ROTATED, "refresh.ok rotated \n"},
	    {'C', RD_TURN_COALESCED, "refresh.coalesced coalesced \n"},
	    {'P', RD_TURN_REPLAYED, "refresh.replay replay \n"},
	    {'L', RD_TURN_LATE, "refresh.late late \n"},
	    {'K', RD_TURN_KEPT, "refresh.ok kept \n"},
	};
	const struct rd_record record = op_record(5);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		refresh(flask, op_token(4).text, op_turn(rows[i].letter, &record));
		assert_int_equal(op.reply.status, 200);
		assert_int_equal(mine->refreshed[rows[i].kind], 1);
		assert_heard(rows[i].heard);
	}
}

static void what_happens_all_the_time_is_not_heard_by_default(void **state)
{
	const struct rd_record record = op_record(5);

	(void)state;
	op.least = RD_LOG_INFO;
	for (const char *letter = "RCPK"; *letter; letter++) {
		refresh(flask, op_token(4).text, op_turn(*letter, &record));
		assert_heard("");
	}
}

static void each_refusal_of_a_refresh_is_counted_by_its_outcome(void **state)
{
	static const struct {
		char letter;
		enum rd_result result;
	} rows[] = {{'A', RD_NO_RECORD},    {'V', RD_REVOKED}, {'E', RD_EXPIRED},
		    {'W', RD_WRONG_CLIENT}, {'U', RD_REUSE},   {'F', RD_FUTURE},
		    {'S', RD_BAD_SCOPE}};
	const struct rd_record record = op_record(3);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		refresh(flask, op_token(4).text,
			op_turn(rows[i].letter, rows[i].letter == 'A' ? NULL : &record));
		assert_int_equal(mine->refused[rows[i].result], 1);
	}
	refresh(flask, op_token(4).text, op_away);
	assert_int_equal(mine->refused[RD_STORE_OUT], 1);
	assert_int_equal(mine->revoked[RD_REASON_REUSE], 1);
}

static void a_forged_token_is_heard_and_counted(void **state)
{
	struct op_token token = op_token(4);

	(void)state;
	token.text[RD_TOKEN_TEXT_LEN - 3] ^= 1;
	assert_int_equal(ask(flask, token.text), RD_STEP_REPLY);
	assert_heard("token.forged forged \n");
	assert_int_equal(mine->refused[RD_FORGED], 1);
}

static void a_request_is_counted_by_route_and_status_when_it_is_done(void **state)
{
	(void)state;
	OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=health");
	assert_int_equal(mine->requests[RD_ROUTE_health][0], 0);
	rd_op_done(&op.call, 300);
	assert_int_equal(mine->requests[RD_ROUTE_health][0], 1);
	assert_int_equal(mine->bucket[RD_ROUTE_health][1], 1);
	assert_int_equal(mine->duration_us[RD_ROUTE_health], 300);
	OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=nothing");
	rd_op_done(&op.call, 10);
	assert_int_equal(mine->bucket[RD_ROUTE_none][0], 1);
	assert_heard("");
}

static void a_line_for_each_request_is_an_option(void **state)
{
	(void)state;
	op.config.each_request = true;
	OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=health");
	rd_op_done(&op.call, 300);
	assert_heard("request ok \n");
	OP_ASK("", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=refresh");
	rd_op_done(&op.call, 300);
	assert_heard("request missing \n");
}

// The name of a login that failed may be a password, typed into the wrong field.
static void the_line_of_a_request_names_nobody(void **state)
{
	(void)state;
	op.config.each_request = true;
	OP_ASK("{\"name\":\"anna\",\"password\":\"pw\"}", "REQUEST_METHOD=POST",
	       "REFRESHD_ROUTE=login", "CONTENT_TYPE=application/json");
	op_answer(op_away);
	rd_op_done(&op.call, 300);
	assert_heard("request store_out \n");
}

static void each_route_of_the_list_is_an_operation(void **state)
{
	(void)state;
	for (int i = 0; i < RD_ROUTE_none; i++) {
		const struct rd_op *found = rd_op_find(rd_span(rd_route_names[i]));

		assert_non_null(found);
		assert_int_equal(rd_op_route(found), i);
	}
	assert_null(rd_op_find(RD_SPAN("none")));
	assert_int_equal(rd_op_route(NULL), RD_ROUTE_none);
}

static void metrics_are_told_as_text(void **state)
{
	const char *const first = "# HELP refreshd_build_info ";

	(void)state;
	rd_count(mine, RD_METRIC_RESTARTS);
	assert_int_equal(OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=metrics"), RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 200);
	assert_string_equal(op.reply.type, "text/plain; version=0.0.4; charset=utf-8");
	assert_memory_equal(op.reply.body.ptr, first, strlen(first));
	assert_non_null(memmem(op.reply.body.ptr, op.reply.body.len,
			       "\nrefreshd_worker_restarts_total 1\n", 34));
}

static void readiness_says_what_is_missing(void **state)
{
	(void)state;
	op.store_up = true;
	OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=ready");
	assert_reply(200, "{\"status\":\"ok\"}");
	op.draining = true;
	OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=ready");
	assert_reply(503, "{\"status\":\"unavailable\",\"reasons\":[\"draining\"]}");
	op.store_up = false;
	OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=ready");
	assert_reply(503, "{\"status\":\"unavailable\",\"reasons\":[\"redis\",\"draining\"]}");
	assert_head("Retry-After: 1\r\n");
	op.draining = false;
	OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=ready");
	assert_reply(503, "{\"status\":\"unavailable\",\"reasons\":[\"redis\"]}");
	op.store_replica = true;
	OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=ready");
	assert_reply(503, "{\"status\":\"unavailable\",\"reasons\":[\"redis\",\"redis_replica\"]}");
	OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=health");
	assert_reply(200, "{\"status\":\"ok\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define FRESH(test) cmocka_unit_test_setup_teardown(test, start_tell, stop_op)
	    FRESH(each_success_of_a_refresh_is_counted_by_its_kind),
	    FRESH(what_happens_all_the_time_is_not_heard_by_default),
	    FRESH(each_refusal_of_a_refresh_is_counted_by_its_outcome),
	    FRESH(a_forged_token_is_heard_and_counted),
	    FRESH(a_request_is_counted_by_route_and_status_when_it_is_done),
	    FRESH(a_line_for_each_request_is_an_option),
	    FRESH(the_line_of_a_request_names_nobody),
	    FRESH(each_route_of_the_list_is_an_operation),
	    FRESH(metrics_are_told_as_text),
	    FRESH(readiness_says_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
