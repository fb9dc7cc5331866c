// The connection to Redis against a Redis whose every byte the test says.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "observe/log.h"
#include "store/redis/connection.h"
#include "unit.h"

#define TIMEOUT_MS 200
#define RUN_ID     "1111111111111111111111111111111111111111"
#define OTHER_ID   "2222222222222222222222222222222222222222"
#define SHA        "$40\r\n0123456789012345678901234567890123456789\r\n"
#define NOSCRIPT   "-NOSCRIPT No matching script. Please use EVAL.\r\n"

static struct {
	char folder[32];
	int epoll, listener, peer; // peer: Redis' end of the connection; -1: none
	struct rd_redis *redis;
	char heard[65536]; // what Redis was sent since the last look
} fake = {.peer = -1};

// A question on its way, and what came back.
struct asked {
	struct rd_pending pending;
	int done;
	bool away;
	char text[64];
	int64_t integer;
	int turn; // its place among all answers
};
static int turns;

void rd_log(enum rd_log_level level, const char *event, const char *format, ...)
{
	(void)level, (void)event, (void)format;
}

void rd_log_audit(const struct rd_audit *audit)
{
	(void)audit;
}

void rd_log_worker(unsigned number, struct rd_counts *counts)
{
	(void)number, (void)counts;
}

static void on_done(struct rd_pending *pending, const struct rd_answer *answer)
{
	struct asked *asked = (struct asked *)(void *)pending; // its first member

	asked->done++;
	asked->turn = ++turns;
	asked->away = answer->away;
	asked->integer = answer->integer;
	snprintf(asked->text, sizeof asked->text, "%.*s", (int)answer->part[0].len,
		 answer->part[0].len ? answer->part[0].ptr : "");
}

// One wake-up of a worker.
static void wake(void)
{
	struct epoll_event event;
	int wait_ms = rd_redis_tick(fake.redis, rd_mono_ms());

	if (epoll_wait(fake.epoll, &event, 1, wait_ms < 0 || wait_ms > 5 ? 5 : wait_ms) == 1)
		rd_redis_events(fake.redis, event.events, rd_mono_ms());
	rd_redis_tick(fake.redis, rd_mono_ms());
}

static void say(const char *text)
{
	assert_int_equal(write(fake.peer, text, strlen(text)), strlen(text));
	for (int i = 0; i < 3; i++)
		wake();
}

static const char *hear(void)
{
	ssize_t n = recv(fake.peer, fake.heard, sizeof fake.heard - 1, MSG_DONTWAIT);

	fake.heard[n > 0 ? n : 0] = 0;
	return fake.heard;
}

// The words of a command, in order, as it is sent.
static bool heard(const char *text, const char *first, const char *second)
{
	const char *at = strstr(text, first);

	return at && (!second || strstr(at, second));
}

static void accept_it(void)
{
	struct pollfd poll_fd = {.fd = fake.listener, .events = POLLIN};

	for (int i = 0; i < 200 && poll(&poll_fd, 1, 0) == 0; i++)
		wake();
	fake.peer = accept4(fake.listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fake.peer >= 0);
	for (int i = 0; i < 3; i++)
		wake();
}

// Answers the handshake as a server of these ids would.
static void shake_hands(const char *run_id, const char *replication_id, const char *uptime)
{
	char info[200];
	int len = snprintf(info, sizeof info, "# Server\r\nrun_id:%s\r\n%s\r\n", run_id, uptime);

	accept_it();
	assert_true(heard(hear(), "INFO", "INFO"));
	dprintf(fake.peer, "$%d\r\n%s\r\n", len, info);
	len = snprintf(info, sizeof info, "role:master\r\nmaster_replid:%s\r\n", replication_id);
	dprintf(fake.peer, "$%d\r\n%s\r\n", len, info);
	for (int i = 0; i < RD_SCRIPT_COUNT; i++)
		assert_true(write(fake.peer, SHA, strlen(SHA)) == (ssize_t)strlen(SHA));
	for (int i = 0; i < 200 && !rd_redis_up(fake.redis); i++)
		wake();
	assert_true(rd_redis_up(fake.redis));
}

static void hang_up(void)
{
	close(fake.peer);
	fake.peer = -1;
	for (int i = 0; i < 3; i++)
		wake();
}

static int start(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct rd_redis_config config = {.timeout_ms = TIMEOUT_MS};

	(void)state;
	strcpy(fake.folder, "/tmp/rd-unit-XXXXXX");
	assert_non_null(mkdtemp(fake.folder));
	snprintf(address.sun_path, sizeof address.sun_path, "%s/redis.sock", fake.folder);
	strcpy(config.address.unix_path, address.sun_path);
	fake.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fake.listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fake.listener, 4), 0);
	fake.epoll = epoll_create1(EPOLL_CLOEXEC);
	fake.redis = rd_redis_new(&config, fake.epoll, &fake);
	return 0;
}

// A worker never gives its connection up, so the library has no function for it.
static int stop(void **state)
{
	char path[64];

	(void)state;
	if (fake.peer >= 0)
		hang_up();
	close(fake.listener);
	for (int i = 0; i < 3; i++)
		wake();
	snprintf(path, sizeof path, "%s/redis.sock", fake.folder);
	unlink(path);
	rmdir(fake.folder);
	close(fake.epoll);
	free(fake.redis);
	return 0;
}

static void ask(struct asked *asked, bool durable)
{
	static const uint8_t slot[8];

	*asked = (struct asked){.pending.done = on_done};
	rd_ask_revoke(&asked->pending.question, &(struct rd_revocation){.prefix = RD_SPAN("rd:"),
									.slot = slot,
									.reason = RD_REASON_LOGOUT,
									.durable = durable});
	rd_redis_submit(fake.redis, &asked->pending);
	wake();
}

static void is_answered(const struct asked *asked, const char *text)
{
	assert_int_equal(asked->done, 1);
	assert_false(asked->away);
	assert_string_equal(asked->text, text);
}

static void is_away(const struct asked *asked)
{
	assert_int_equal(asked->done, 1);
	assert_true(asked->away);
}

static void s6_a_durable_answer_waits_for_a_replica_on_the_same_connection(void **state)
{
	struct asked asked;

	(void)state;
	shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
	ask(&asked, true);
	// Three quarters of the time that a question has: "too few" comes before it is over.
	assert_true(heard(hear(), "EVALSHA", "$4\r\nWAIT\r\n$1\r\n1\r\n$3\r\n150\r\n"));
	say("$3\r\none\r\n");
	assert_int_equal(asked.done, 0);
	say(":2\r\n");
	is_answered(&asked, "one");
	assert_true(rd_redis_up(fake.redis));
}

static void a_question_that_is_not_durable_waits_for_nobody(void **state)
{
	struct asked asked;

	(void)state;
	shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
	ask(&asked, false);
	assert_false(heard(hear(), "WAIT", NULL));
	say("$3\r\none\r\n");
	is_answered(&asked, "one");
}

static void s6_no_replica_is_no_answer(void **state)
{
	static const char *const waits[] = {
	    ":0\r\n",      "-NOPERM this user has no permissions\r\n",
	    "$1\r\n1\r\n", "$-1\r\n",
	    "*0\r\n",      "+OK\r\n"};

	(void)state;
	shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
	for (size_t i = 0; i < COUNT(waits); i++) {
		struct asked asked;

		ask(&asked, true);
		say("$3\r\none\r\n");
		say(waits[i]);
		is_away(&asked);
		assert_true(rd_redis_up(fake.redis)); // the connection is sound
	}
}

static void a_durable_question_whose_script_redis_forgot_is_asked_again_with_its_wait(void **state)
{
	struct asked asked;

	(void)state;
	shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
	ask(&asked, true);
	assert_true(heard(hear(), "EVALSHA", "WAIT"));
	say(NOSCRIPT);
	say(":1\r\n"); // that a replica has everything says nothing about what did not run
	assert_int_equal(asked.done, 0);
	assert_true(heard(hear(), "$4\r\nEVAL\r\n", "WAIT"));
	say("$3\r\none\r\n");
	assert_int_equal(asked.done, 0);
	say(":0\r\n");
	is_away(&asked);
}

static void answers_come_back_in_order_whatever_waits(void **state)
{
	struct asked asked[4];

	(void)state;
	shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
	for (size_t i = 0; i < COUNT(asked); i++)
		ask(&asked[i], i % 2 == 0);
	say("$1\r\na\r\n:1\r\n$1\r\nb\r\n$1\r\nc\r\n:0\r\n$1\r\nd\r\n");
	is_answered(&asked[0], "a");
	is_answered(&asked[1], "b");
	is_away(&asked[2]);
	is_answered(&asked[3], "d");
	for (size_t i = 1; i < COUNT(asked); i++)
		assert_int_equal(asked[i].turn, asked[i - 1].turn + 1);
}

// What the script has answered is not told: the write may be nowhere but on this server.
static void s6_a_connection_lost_before_the_replicas_are_counted_is_no_answer(void **state)
{
	struct asked asked[2];

	(void)state;
	shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
	ask(&asked[0], true);
	ask(&asked[1], true);
	say("$3\r\none\r\n");
	hang_up();
	is_away(&asked[0]);
	is_away(&asked[1]);
}

static void s6_a_count_that_does_not_come_in_time_is_no_answer(void **state)
{
	const int64_t begin_ms = rd_mono_ms();
	struct asked asked;

	(void)state;
	shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
	ask(&asked, true);
	say("$3\r\none\r\n");
	while (!asked.done && rd_mono_ms() - begin_ms < 10 * TIMEOUT_MS)
		wake();
	is_away(&asked);
	assert_true(rd_mono_ms() - begin_ms < 5 * TIMEOUT_MS);
	assert_false(rd_redis_up(fake.redis)); // a late reply must reach nobody
}

static void a_server_that_became_a_replica_is_left(void **state)
{
	for (int durable = 0; durable < 2; durable++) {
		struct asked asked[2];

		shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:9");
		ask(&asked[0], durable);
		ask(&asked[1], durable);
		say("-READONLY You can't write against a read only replica.\r\n");
		is_away(&asked[0]);
		is_away(&asked[1]);
		assert_false(rd_redis_up(fake.redis));
		hang_up();
	}
	(void)state;
}

// Whether writes may be lost, as the handshake tells.
static void t12_a_server_that_was_started_lately_may_lack_writes(void **state)
{
	static const struct {
		const char *uptime;
		bool lost;
	} rows[] = {
	    {"uptime_in_seconds:0", true},
	    {"uptime_in_seconds:599", true},
	    {"uptime_in_seconds:601", false},
	    {"uptime_in_seconds:99999999999999999999", false},
	    {"uptime_in_seconds:x", false},
	    {"uptime_in_seconds:", false},
	    {"uptime:1", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		shake_hands(RUN_ID, RUN_ID, rows[i].uptime);
		assert_int_equal(rd_redis_lost(fake.redis, 600000), rows[i].lost);
		assert_false(rd_redis_lost(fake.redis, 0)); // 0: never
		stop(state);
		start(state);
	}
	assert_false(rd_redis_lost(fake.redis, 600000)); // nothing is known yet
}

static void t12_another_server_in_its_place_may_lack_writes(void **state)
{
	static const struct {
		const char *run_id, *replication_id;
		bool lost;
	} rows[] = {
	    {RUN_ID, RUN_ID, false},  {OTHER_ID, RUN_ID, true}, {RUN_ID, OTHER_ID, true},
	    {"short", RUN_ID, false}, {RUN_ID, "", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		shake_hands(RUN_ID, RUN_ID, "uptime_in_seconds:99999");
		assert_false(rd_redis_lost(fake.redis, 600000));
		hang_up();
		shake_hands(rows[i].run_id, rows[i].replication_id, "uptime_in_seconds:99999");
		assert_int_equal(rd_redis_lost(fake.redis, 600000), rows[i].lost);
		usleep(2000);
		assert_false(rd_redis_lost(fake.redis, 1)); // the window ends
		stop(state);
		start(state);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(s6_a_durable_answer_waits_for_a_replica_on_the_same_connection),
	    TEST(a_question_that_is_not_durable_waits_for_nobody),
	    TEST(s6_no_replica_is_no_answer),
	    TEST(a_durable_question_whose_script_redis_forgot_is_asked_again_with_its_wait),
	    TEST(answers_come_back_in_order_whatever_waits),
	    TEST(s6_a_connection_lost_before_the_replicas_are_counted_is_no_answer),
	    TEST(s6_a_count_that_does_not_come_in_time_is_no_answer),
	    TEST(a_server_that_became_a_replica_is_left),
	    TEST(t12_a_server_that_was_started_lately_may_lack_writes),
	    TEST(t12_another_server_in_its_place_may_lack_writes),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
