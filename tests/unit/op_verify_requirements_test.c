// What a location may demand of a token.
#include "thrice_fixture.h"

#define TOO_OLD(s)  CHALLENGE ", error=\"insufficient_user_authentication\", max_age=" s "\r\n"
#define LACKS(text) CHALLENGE ", error=\"insufficient_scope\", scope=\"" text "\"\r\n"

static void a_hot_token_is_not_parsed(void **state)
{
	const struct rd_access access = good();

	(void)state;
	verify(&access, NULL);
	accepted();
	assert_null(op.call.json);
}

static void all_demanded_scopes_must_be_there(void **state)
{
	static const struct {
		const char *granted, *wanted;
		bool there;
	} rows[] = {
	    {"read write", "read", true},
	    {"read write", "write", true},
	    {"read write", "write read", true},
	    {"read write", "read read", true},
	    {"read write", "", true},
	    {"", "", true},
	    {"orders:read", "orders:rea", false},
	    {"orders:rea", "orders:read", false},
	    {"read write", "Read", false},
	    {"read write", "read admin", false},
	    {"read write", "admin read", false},
	    {"", "read", false},
	    {"readwrite", "read", false},
	    {"read-write", "write", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_access access = good();

		access.scope = rd_span(rows[i].granted);
		verify(&access, op_text("REFRESHD_REQUIRE_SCOPE=%s", rows[i].wanted));
		if (rows[i].there)
			accepted();
		else
			refused_as(403,
				   op_text(CHALLENGE
					   ", error=\"insufficient_scope\", scope=\"%s\"\r\n",
					   rows[i].wanted),
				   "insufficient_scope");
	}
}

static void the_longest_scope_fits_into_the_challenge(void **state)
{
	const struct rd_access access = good();
	char scope[RD_SCOPE_MAX + 2];

	(void)state;
	memset(scope, '~', sizeof scope);
	verify(&access, op_text("REFRESHD_REQUIRE_SCOPE=%.*s", RD_SCOPE_MAX, scope));
	assert_int_equal(op.reply.status, 403);
	verify(&access, op_text("REFRESHD_REQUIRE_SCOPE=%.*s", RD_SCOPE_MAX + 1, scope));
	misrouted();
}

static void a_login_may_be_max_age_old(void **state)
{
	static const struct {
		const char *demand;
		int64_t auth_ago_s;
		const char *head; // NULL: accepted
	} rows[] = {
	    {"300", 0, NULL},
	    {"300", 300, NULL},
	    {"300", 301, TOO_OLD("300")},
	    {"300", NOW, TOO_OLD("300")},
	    {"300", -30, NULL},
	    {"0", 0, NULL},
	    {"0", 1, TOO_OLD("0")},
	    {"000000060", 61, TOO_OLD("60")},
	    {"", NOW, NULL},
	    {"999999999", 999999999, NULL},
	    {"999999999", 1000000000, TOO_OLD("999999999")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_access access = good();

		access.auth_time_s = NOW - rows[i].auth_ago_s;
		verify(&access, op_text("REFRESHD_MAX_AGE=%s", rows[i].demand));
		if (rows[i].head)
			refused(rows[i].head, "insufficient_user_authentication");
		else
			accepted();
	}
}

// The client is told what passes both, and of the scope before it makes the user log in again.
static void demands_add_up(void **state)
{
	static const struct {
		const char *max_age;
		bool fresh;
		int64_t auth_ago_s;
		const char *head;
	} rows[] = {
	    {"60", true, 60, NULL},
	    {"60", true, 61, TOO_OLD("60")},
	    {"60", false, 0, TOO_OLD("60")},
	    {"3000", true, 300, NULL},
	    {"3000", true, 301, TOO_OLD("300")},
	    {"3000", false, 0, TOO_OLD("300")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rd_access access = good();
		char max_age[32];

		snprintf(max_age, sizeof max_age, "REFRESHD_MAX_AGE=%s", rows[i].max_age);
		access.auth_time_s = NOW - rows[i].auth_ago_s;
		access.fresh = rows[i].fresh;
		ASK("REFRESHD_ROUTE=verify", bearer(&access), max_age, "REFRESHD_REQUIRE_FRESH=1");
		if (rows[i].head)
			refused(rows[i].head, "insufficient_user_authentication");
		else
			accepted();
		ASK("REFRESHD_ROUTE=verify", bearer(&access), max_age, "REFRESHD_REQUIRE_FRESH=1",
		    "REFRESHD_REQUIRE_SCOPE=admin");
		refused_as(403, LACKS("admin"), "insufficient_scope");
	}
}

static void what_cannot_be_read_lets_nobody_in(void **state)
{
	static const char *const pairs[][2] = {
	    {"REFRESHD_MAX_AGE=5m"},
	    {"REFRESHD_MAX_AGE=-1"},
	    {"REFRESHD_MAX_AGE= 300"},
	    {"REFRESHD_MAX_AGE=300 "},
	    {"REFRESHD_MAX_AGE=+300"},
	    {"REFRESHD_MAX_AGE=3e2"},
	    {"REFRESHD_MAX_AGE=1000000000"},
	    {"REFRESHD_MAX_AGE=18446744073709551916"},
	    {"REFRESHD_MAX_AGE=300", "REFRESHD_MAX_AGE=3000"},
	    {"REFRESHD_MAX_AGE=300", "REFRESHD_MAX_AGE="},
	    {"REFRESHD_VERIFY=Strict"},
	    {"REFRESHD_VERIFY=strict "},
	    {"REFRESHD_VERIFY=1"},
	    {"REFRESHD_VERIFY=0"},
	    {"REFRESHD_VERIFY=off"},
	    {"REFRESHD_VERIFY=stateless"},
	    {"REFRESHD_VERIFY=strict", "REFRESHD_VERIFY="},
	    {"REFRESHD_REQUIRE_SCOPE= read"},
	    {"REFRESHD_REQUIRE_SCOPE=read "},
	    {"REFRESHD_REQUIRE_SCOPE=read  write"},
	    {"REFRESHD_REQUIRE_SCOPE=re\"ad"},
	    {"REFRESHD_REQUIRE_SCOPE=read\twrite"},
	    {"REFRESHD_REQUIRE_SCOPE=read", "REFRESHD_REQUIRE_SCOPE=write"},
	    {"REFRESHD_AUDIENCE=api", "REFRESHD_AUDIENCE=orders"},
	    {"REFRESHD_ACCESS_COOKIE=access", "REFRESHD_ACCESS_COOKIE=other"},
	    {"REFRESHD_ACCESS_COOKIE=a b"},
	    {"REFRESHD_ACCESS_COOKIE=a=b"},
	    {"REFRESHD_ACCESS_COOKIE=a;b"},
	    {"REFRESHD_ACCESS_COOKIE=\"a\""},
	    {"REFRESHD_ACCESS_COOKIE=\xc3\xa9"},
	};
	const struct rd_access access = good();

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		ASK("REFRESHD_ROUTE=verify", bearer(&access), pairs[i][0], pairs[i][1]);
		misrouted();
		ASK("REFRESHD_ROUTE=verify", pairs[i][0], pairs[i][1]);
		misrouted();
	}
}

// As CGI variables are, when a location includes two files that say the same.
static void the_same_demand_twice_is_one(void **state)
{
	const struct rd_access access = good();

	(void)state;
	ASK("REFRESHD_ROUTE=verify", bearer(&access), "REFRESHD_MAX_AGE=300",
	    "REFRESHD_MAX_AGE=300", "REFRESHD_REQUIRE_SCOPE=read", "REFRESHD_REQUIRE_SCOPE=read");
	accepted();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_hot_token_is_not_parsed),
	    cmocka_unit_test(all_demanded_scopes_must_be_there),
	    cmocka_unit_test(the_longest_scope_fits_into_the_challenge),
	    cmocka_unit_test(a_login_may_be_max_age_old),
	    cmocka_unit_test(demands_add_up),
	    cmocka_unit_test(what_cannot_be_read_lets_nobody_in),
	    cmocka_unit_test(the_same_demand_twice_is_one),
	};

	return cmocka_run_group_tests(tests, start_op, stop_verify);
}
