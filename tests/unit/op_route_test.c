#include "op_fixture.h"

#define CREDENTIAL "HTTP_AUTHORIZATION=Bearer x"

static void an_unknown_route_is_404(void **state)
{
	static const char *const routes[] = {
	    "SERVER_NAME=x",           "REFRESHD_ROUTE=",        "REFRESHD_ROUTE=refres",
	    "REFRESHD_ROUTE=refresh ", "REFRESHD_ROUTE=Refresh", "REFRESHD_ROUTE=/refresh",
	    "REFRESHD_ROUTE=refresh2", "REQUEST_URI=/refresh",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(routes); i++) {
		assert_int_equal(OP_ASK("", "REQUEST_METHOD=POST", routes[i]), RD_STEP_REPLY);
		assert_reply(404, "{\"error\":\"not_found\"}");
	}
}

static void rfc9110_another_method_is_405_and_says_which(void **state)
{
	static const struct {
		const char *route, *allow;
	} rows[] = {
	    {"refresh", "POST"},      {"login", "POST"},         {"issue", "POST"},
	    {"whoami", "GET, HEAD"},  {"health", "GET, HEAD"},   {"ready", "GET, HEAD"},
	    {"version", "GET, HEAD"}, {"metadata", "GET, HEAD"}, {"jwks", "GET, HEAD"},
	    {"revoke", "POST"},       {"introspect", "POST"},
	};
	static const char *const methods[] = {"GET",     "HEAD",  "POST",      "PUT", "DELETE",
					      "OPTIONS", "PATCH", "FOO",       "get", "GE",
					      "GET,",    "POSTX", "GET, HEAD", "",    ", "};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t m = 0; m < COUNT(methods); m++) {
			const bool get = !strcmp(methods[m], "GET") || !strcmp(methods[m], "HEAD");
			const bool post = !strcmp(methods[m], "POST");
			const bool fine = *rows[i].allow == 'G' ? get : post;

			(void)OP_ASK("", op_text("REQUEST_METHOD=%s", methods[m]),
				     op_text("REFRESHD_ROUTE=%s", rows[i].route));
			assert_int_equal(op.reply.status == 405, !fine);
			if (fine)
				continue;
			assert_reply(405, "{\"error\":\"method_not_allowed\"}");
			assert_head(op_text("Allow: %s\r\n", rows[i].allow));
		}
}

#define LOGIN                                                                    \
	OP_ASK("{\"name\":\"anna\",\"password\":\"pw\"}", "REQUEST_METHOD=POST", \
	       "REFRESHD_ROUTE=login", "CONTENT_TYPE=application/json")

static void a_password_is_hashed_only_where_that_belongs(void **state)
{
	(void)state;
	op.hashing = RD_HASHING_ELSEWHERE;
	assert_int_equal(LOGIN, RD_STEP_REPLY);
	assert_reply(500, "{\"error\":\"server_error\"}");
	assert_heard("request.misrouted  \n");
	op.hashing = RD_HASHING_FULL;
	assert_int_equal(LOGIN, RD_STEP_REPLY);
	assert_reply(503, "{\"error\":\"temporarily_unavailable\"}");
	assert_head("Retry-After: 1\r\n");
	assert_heard("");
	op.hashing = RD_HASHING_HERE;
	assert_int_equal(LOGIN, RD_STEP_ASK);
}

static void who_hashes_no_password_is_served_everywhere(void **state)
{
	const struct op_token token = op_token(3);

	(void)state;
	for (op.hashing = RD_HASHING_ELSEWHERE; op.hashing != RD_HASHING_HERE; op.hashing--)
		assert_int_equal(OP_ASK("", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=refresh",
					"REFRESHD_DIALECT=flask",
					op_text("HTTP_AUTHORIZATION=Bearer %s", token.text)),
				 RD_STEP_ASK);
}

static void without_a_method_nothing_is_done(void **state)
{
	(void)state;
	assert_int_equal(OP_ASK("", "REFRESHD_ROUTE=refresh", CREDENTIAL), RD_STEP_REPLY);
	assert_int_equal(op.reply.status, 405);
}

static void errors_before_the_operation_are_in_the_dialect_too(void **state)
{
	(void)state;
	assert_int_equal(
	    OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=refresh", "REFRESHD_DIALECT=express"),
	    RD_STEP_REPLY);
	assert_reply(405, "{\"message\":\"method_not_allowed\"}");
	assert_int_equal(
	    OP_ASK("", "REQUEST_METHOD=GET", "REFRESHD_ROUTE=x", "REFRESHD_DIALECT=jwt-extended"),
	    RD_STEP_REPLY);
	assert_reply(404, "{\"msg\":\"not_found\"}");
}

static void a_location_that_names_what_is_not_there_is_500(void **state)
{
	static const char *const pairs[] = {"REFRESHD_DIALECT=x", "REFRESHD_DIALECT=Flask",
					    "REFRESHD_CLIENT=nobody", "REFRESHD_CLIENT=web "};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		assert_int_equal(OP_ASK("", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=refresh",
					pairs[i], CREDENTIAL),
				 RD_STEP_REPLY);
		assert_reply(500, "{\"error\":\"server_error\"}");
		assert_heard("request.misrouted  \n");
	}
}

// With body_max 4096.
static void h_the_body_is_as_long_as_its_length_says(void **state)
{
	static const struct {
		size_t len;
		const char *content_length;
		int status; // 415: it was looked at
	} rows[] = {
	    {0, "CONTENT_LENGTH=", 415},
	    {0, "CONTENT_LENGTH=0", 415},
	    {0, "CONTENT_LENGTH=00", 415},
	    {5, "CONTENT_LENGTH=5", 415},
	    {5, "CONTENT_LENGTH=005", 415},
	    {4096, "CONTENT_LENGTH=4096", 415},
	    {5, "CONTENT_LENGTH=", 400},
	    {5, "CONTENT_LENGTH=0", 400},
	    {5, "CONTENT_LENGTH=4", 400},
	    {5, "CONTENT_LENGTH=6", 400},
	    {0, "CONTENT_LENGTH=5", 400},
	    {5, "CONTENT_LENGTH=4096", 400},
	    {5, "CONTENT_LENGTH=-5", 400},
	    {5, "CONTENT_LENGTH=+5", 400},
	    {5, "CONTENT_LENGTH= 5", 400},
	    {5, "CONTENT_LENGTH=5 ", 400},
	    {5, "CONTENT_LENGTH=5,5", 400},
	    {5, "CONTENT_LENGTH=0x5", 400},
	    {5, "CONTENT_LENGTH=5.0", 400},
	    {5, "CONTENT_LENGTH=x", 400},
	    {4097, "CONTENT_LENGTH=4097", 413},
	    {4097, "CONTENT_LENGTH=5", 413},
	    {4097, "CONTENT_LENGTH=x", 413},
	    {5, "CONTENT_LENGTH=4097", 413},
	    {5, "CONTENT_LENGTH=9223372036854775807", 413},
	    {5, "CONTENT_LENGTH=9223372036854775808", 413},
	    {5, "CONTENT_LENGTH=18446744073709551621", 413}, // 2^64 + 5
	    {5, "CONTENT_LENGTH=99999999999999999999999999999999999", 413},
	};
	static char body[4098];

	(void)state;
	memset(body, 'b', sizeof body);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *const pairs[] = {"REQUEST_METHOD=POST", "REFRESHD_ROUTE=login",
					     rows[i].content_length, NULL};

		assert_int_equal(op_ask_for((struct rd_span){body, rows[i].len}, pairs),
				 RD_STEP_REPLY);
		if (op.reply.status != rows[i].status)
			fail_msg("%zu bytes, %s: %d", rows[i].len, rows[i].content_length,
				 op.reply.status);
	}
}

static void h_a_parameter_with_two_values_is_400(void **state)
{
	static const char *const pairs[] = {"REQUEST_METHOD=GET", "REFRESHD_ROUTE=login",
					    "REFRESHD_DIALECT=flask", "REFRESHD_CLIENT=keep",
					    "CONTENT_LENGTH=1"};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		assert_int_equal(OP_ASK("", "REQUEST_METHOD=POST", "REFRESHD_ROUTE=refresh",
					"REFRESHD_DIALECT=express", "REFRESHD_CLIENT=web",
					"CONTENT_LENGTH=0", pairs[i]),
				 RD_STEP_REPLY);
		assert_reply(400, "{\"message\":\"invalid_request\"}");
	}
}

static void a_request_id_that_is_fine_is_kept(void **state)
{
	static const char *const ids[] = {
	    "a", "0123456789abcdef0123456789abcdef", "A.b_c-9",
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++) {
		(void)OP_ASK("", "REFRESHD_ROUTE=health", "REQUEST_METHOD=GET",
			     op_text("REFRESHD_REQUEST_ID=%s", ids[i]));
		assert_text(op.reply.request_id, ids[i]);
	}
}

static void h_another_request_id_is_replaced(void **state)
{
	static const char *const ids[] = {
	    "",         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefx",
	    "a b",      "a\r\nSet-Cookie: x",
	    "a\n",      "\x7f",
	    "\xc3\xa9", "a\"b",
	    "<a>",      "a:b",
	    "a/b",      "a,b",
	};
	char last[33] = "";

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++) {
		(void)OP_ASK("", "REFRESHD_ROUTE=health", "REQUEST_METHOD=GET",
			     op_text("REFRESHD_REQUEST_ID=%s", ids[i]));
		assert_int_equal(op.reply.request_id.len, 32);
		for (size_t c = 0; c < 32; c++)
			assert_non_null(strchr("0123456789abcdef", op.reply.request_id.ptr[c]));
		assert_memory_not_equal(op.reply.request_id.ptr, last, 32);
		memcpy(last, op.reply.request_id.ptr, 32);
	}
}

// Parameters are spans: what stands behind one in memory is not looked at.
static void h_a_request_id_ends_where_its_span_ends(void **state)
{
	(void)state;
	(void)OP_ASK("", "REFRESHD_ROUTE=health", "REQUEST_METHOD=GET");
	op.call.params.value[RD_PARAM_REQUEST_ID] = (struct rd_span){"ab\r\n", 2};
	op_new_reply();
	(void)rd_op_start(&op.call, &op.question);
	assert_text(op.reply.request_id, "ab");
}

static void health_is_the_processes_and_ready_the_stores(void **state)
{
	static const struct {
		const char *route;
		bool up;
		int status;
		const char *body, *head;
	} rows[] = {
	    {"REFRESHD_ROUTE=health", true, 200, "{\"status\":\"ok\"}", ""},
	    {"REFRESHD_ROUTE=health", false, 200, "{\"status\":\"ok\"}", ""},
	    {"REFRESHD_ROUTE=ready", true, 200, "{\"status\":\"ok\"}", ""},
	    {"REFRESHD_ROUTE=ready", false, 503,
	     "{\"status\":\"unavailable\",\"reasons\":[\"redis\"]}", "Retry-After: 1\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(OP_ASK("", "REQUEST_METHOD=GET", rows[i].route), RD_STEP_REPLY);
		op.call.store_up = rows[i].up;
		op_new_reply();
		assert_int_equal(rd_op_start(&op.call, &op.question), RD_STEP_REPLY);
		assert_reply(rows[i].status, rows[i].body);
		assert_head(rows[i].head);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_unknown_route_is_404),
	    cmocka_unit_test(rfc9110_another_method_is_405_and_says_which),
	    cmocka_unit_test(a_password_is_hashed_only_where_that_belongs),
	    cmocka_unit_test(who_hashes_no_password_is_served_everywhere),
	    cmocka_unit_test(without_a_method_nothing_is_done),
	    cmocka_unit_test(errors_before_the_operation_are_in_the_dialect_too),
	    cmocka_unit_test(a_location_that_names_what_is_not_there_is_500),
	    cmocka_unit_test(h_the_body_is_as_long_as_its_length_says),
	    cmocka_unit_test(h_a_parameter_with_two_values_is_400),
	    cmocka_unit_test(a_request_id_that_is_fine_is_kept),
	    cmocka_unit_test(h_another_request_id_is_replaced),
	    cmocka_unit_test(h_a_request_id_ends_where_its_span_ends),
	    cmocka_unit_test(health_is_the_processes_and_ready_the_stores),
	};

	return cmocka_run_group_tests(tests, start_op, stop_op);
}
