// The way to Redis' address. Also under the thread sanitizer: a name's look-up has a thread.
#include "store/redis/dial.h"
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "unit.h"

static struct {
	int listener, epoll_fd, tag;
	struct rd_redis_address address;
} it;

static int start(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;

	(void)state;
	it.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	it.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (bind(it.listener, (struct sockaddr *)&at, len) != 0 || listen(it.listener, 128) != 0 ||
	    getsockname(it.listener, (struct sockaddr *)&at, &len) != 0)
		return -1;
	it.address.port = ntohs(at.sin_port);
	return 0;
}

// valgrind takes what a thread holds at the end for lost.
static bool alone(void)
{
	struct stat st;

	return stat("/proc/self/task", &st) != 0 || st.st_nlink == 3; // ".", ".." and one thread
}

static int end(void **state)
{
	(void)state;
	for (int i = 0; i < 30000 && !alone(); i++)
		usleep(1000);
	return close(it.listener) | close(it.epoll_fd);
}

static struct rd_dial *dial_to(const char *host)
{
	static struct rd_dial dial;

	snprintf(it.address.host, sizeof it.address.host, "%s", host);
	rd_dial_init(&dial, &it.address, it.epoll_fd, &it.tag);
	return &dial;
}

// Dials as redis.c does: again whenever epoll says so.
static void connects(struct rd_dial *dial)
{
	char why[RD_DIAL_WHY_MAX];
	redisContext *ctx;
	struct epoll_event ev;
	int fd;

	while (!(ctx = rd_dial(dial, why)) && !why[0]) {
		assert_int_equal(epoll_wait(it.epoll_fd, &ev, 1, 30000), 1);
		assert_ptr_equal(ev.data.ptr, &it.tag);
	}
	assert_string_equal(why, "");
	fd = accept(it.listener, NULL, NULL);
	assert_true(fd >= 0);
	close(fd);
	redisFree(ctx);
}

static void an_address_asks_nobody(void **state)
{
	char why[RD_DIAL_WHY_MAX];
	struct rd_dial *dial = dial_to("127.0.0.1");
	redisContext *ctx = rd_dial(dial, why);

	(void)state;
	assert_non_null(ctx);
	redisFree(ctx);
	close(accept(it.listener, NULL, NULL));
}

static void a_name_is_looked_up_for_each_connection(void **state)
{
	struct rd_dial *dial = dial_to("localhost");

	(void)state;
	for (int i = 0; i < 20; i++) {
		connects(dial);
		rd_dial_forget(dial);
	}
}

static void who_is_not_waited_for_any_more_harms_nobody(void **state)
{
	char why[RD_DIAL_WHY_MAX];

	(void)state;
	for (int i = 0; i < 50; i++) {
		struct rd_dial *dial = dial_to("localhost");
		redisContext *ctx = rd_dial(dial, why);

		if (ctx) { // it was that quick
			redisFree(ctx);
			close(accept(it.listener, NULL, NULL));
		}
		if (dial->answer_fd >= 0)
			close(dial->answer_fd);
	}
}

static void who_may_wait_gets_a_connection(void **state)
{
	char why[RD_DIAL_WHY_MAX];
	redisContext *ctx;

	(void)state;
	snprintf(it.address.host, sizeof it.address.host, "localhost");
	ctx = rd_dial_wait(&it.address, (struct timeval){30, 0}, why);
	assert_non_null(ctx);
	redisFree(ctx);
	close(accept(it.listener, NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_asks_nobody),
	    cmocka_unit_test(a_name_is_looked_up_for_each_connection),
	    cmocka_unit_test(who_is_not_waited_for_any_more_harms_nobody),
	    cmocka_unit_test(who_may_wait_gets_a_connection),
	};

	return cmocka_run_group_tests(tests, start, end);
}
