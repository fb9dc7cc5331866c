// A Redis whose every byte the test says, and a connection to it.
#pragma once
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

static inline void on_done(struct rd_pending *pending, const struct rd_answer *answer)
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
static inline void wake(void)
{
	struct epoll_event event;
	int wait_ms = rd_redis_tick(fake.redis, rd_mono_ms());

	if (epoll_wait(fake.epoll, &event, 1, wait_ms < 0 || wait_ms > 5 ? 5 : wait_ms) == 1)
		rd_redis_events(fake.redis, event.events, rd_mono_ms());
	rd_redis_tick(fake.redis, rd_mono_ms());
}

static inline void say(const char *text)
{
	assert_int_equal(write(fake.peer, text, strlen(text)), strlen(text));
	for (int i = 0; i < 3; i++)
		wake();
}

static inline const char *hear(void)
{
	ssize_t n = recv(fake.peer, fake.heard, sizeof fake.heard - 1, MSG_DONTWAIT);

	fake.heard[n > 0 ? n : 0] = 0;
	return fake.heard;
}

// The words of a command, in order, as it is sent.
static inline bool heard(const char *text, const char *first, const char *second)
{
	const char *at = strstr(text, first);

	return at && (!second || strstr(at, second));
}

static inline void accept_it(void)
{
	struct pollfd poll_fd = {.fd = fake.listener, .events = POLLIN};

	for (int i = 0; i < 200 && poll(&poll_fd, 1, 0) == 0; i++)
		wake();
	fake.peer = accept4(fake.listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fake.peer >= 0);
	for (int i = 0; i < 3; i++)
		wake();
}

static inline void say_info(const char *format, const char *first, const char *second)
{
	char info[200];
	const int len = snprintf(info, sizeof info, format, first, second);

	dprintf(fake.peer, "$%d\r\n%s\r\n", len, info);
}

// Answers the handshake as a primary of these ids would.
static inline void shake_hands(const char *run_id, const char *replication_id, const char *uptime)
{
	accept_it();
	assert_true(heard(hear(), "INFO", "INFO"));
	say_info("# Replication\r\n%s\r\nmaster_replid:%s\r\n", "role:master", replication_id);
	say_info("# Server\r\nrun_id:%s\r\n%s\r\n", run_id, uptime);
	for (int i = 0; i < RD_SCRIPT_COUNT; i++)
		assert_true(write(fake.peer, SHA, strlen(SHA)) == (ssize_t)strlen(SHA));
	for (int i = 0; i < 200 && !rd_redis_up(fake.redis); i++)
		wake();
	assert_true(rd_redis_up(fake.redis));
}

static inline void hang_up(void)
{
	close(fake.peer);
	fake.peer = -1;
	for (int i = 0; i < 3; i++)
		wake();
}

static inline int start(void **state)
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
static inline int stop(void **state)
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

static inline void ask(struct asked *asked, bool durable)
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

static inline void is_answered(const struct asked *asked, const char *text)
{
	assert_int_equal(asked->done, 1);
	assert_false(asked->away);
	assert_string_equal(asked->text, text);
}

static inline void is_away(const struct asked *asked)
{
	assert_int_equal(asked->done, 1);
	assert_true(asked->away);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
