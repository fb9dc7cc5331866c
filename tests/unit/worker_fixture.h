// A worker process of the test's, with a socket that it listens on. Redis is away.
#pragma once
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/address.h"
#include "base/clock.h"
#include "fcgi/serve/listen.h"
#include "fcgi/serve/scoreboard.h"
#include "fcgi/serve/worker.h"
#include "observe/log.h"
#include "unit.h"

#define PATIENCE_MS 20000

// BEGIN to be kept, REFRESHD_ROUTE = health, REQUEST_METHOD = GET, no body.
static const char request[] = "\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0"
			      "\1\4\0\1\0\51\0\0\16\6REFRESHD_ROUTEhealth\16\3REQUEST_METHODGET"
			      "\1\4\0\1\0\0\0\0\1\5\0\1\0\0\0\0";
#define REQUEST_LEN (sizeof request - 1)

struct told {
	_Atomic int accept_failed, reopened;
};

static struct {
	char folder[32], address[64];
	struct rd_config config;
	struct rd_worker_setup setup;
	struct told *told; // shared with the worker
	pid_t pid;
} it;

void rd_log(enum rd_log_level level, const char *event, const char *format, ...)
{
	(void)level, (void)format;
	it.told->accept_failed += strcmp(event, "accept.failed") == 0;
}

void rd_log_audit(const struct rd_audit *audit)
{
	(void)audit;
}

bool rd_log_wants(enum rd_log_level level)
{
	(void)level;
	return true;
}

void rd_log_worker(unsigned number, struct rd_counts *counts)
{
	(void)number, (void)counts;
}

int rd_log_tick(int64_t now_ms)
{
	(void)now_ms;
	return -1;
}

void rd_log_reopen(void)
{
	it.told->reopened++;
}

static inline int start_worker(void **state)
{
	char reason[200];
	struct rd_buf why = RD_BUF(reason);

	strcpy(it.folder, "/tmp/rd-unit-XXXXXX");
	assert_non_null(mkdtemp(it.folder));
	snprintf(it.address, sizeof it.address, "unix:%s/socket", it.folder);
	it.config = (struct rd_config){.workers = 1,
				       .default_client = "web",
				       .body_max = 4096,
				       .read_timeout_ms = 10000,
				       .drain_timeout_ms = 10000,
				       .client_count = 1,
				       .clients = {{.id = "web"}}};
	it.setup = (struct rd_worker_setup){.config = &it.config,
					    .number = 1,
					    .scoreboard = rd_scoreboard_new(1),
					    .published = rd_published_new(),
					    .metrics = rd_metrics_new(1, 1),
					    .redis = {.timeout_ms = 100}};
	snprintf(it.setup.redis.address.unix_path, sizeof it.setup.redis.address.unix_path,
		 "%s/redis", it.folder);
	it.setup.listen_fd[RD_ROLE_GENERAL] =
	    rd_listen(it.address, &(struct rd_socket_access){(gid_t)-1, 0660}, &why);
	it.setup.listen_fd[RD_ROLE_LOGIN] = dup(STDIN_FILENO);
	it.told =
	    mmap(NULL, sizeof *it.told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(it.setup.listen_fd[0] >= 0 && it.told != MAP_FAILED);
	return start_sodium(state);
}

static inline int stop_worker(void **state)
{
	(void)state;
	if (it.pid) {
		kill(it.pid, SIGKILL);
		waitpid(it.pid, NULL, 0);
		it.pid = 0;
	}
	rd_unlisten(it.address);
	for (int i = 0; i < RD_ROLE_COUNT; i++)
		if (it.setup.listen_fd[i] >= 0)
			close(it.setup.listen_fd[i]);
	rd_scoreboard_free(it.setup.scoreboard);
	return rmdir(it.folder);
}

#define UNTIL(condition)                                                    \
	do {                                                                \
		for (int ms_ = 0; ms_ < PATIENCE_MS && !(condition); ms_++) \
			usleep(1000);                                       \
		assert_true(condition);                                     \
	} while (0)

// spare: how many descriptors it may have beside those that a worker always has; 0: any number.
static inline void run_worker(int spare)
{
	static const struct rd_keys none;
	const int always = dup(STDIN_FILENO) + 3; // epoll's, signals', and one on its way to Redis

	close(always - 3);
	rd_publish(it.setup.published, &it.config, &none);
	rd_scoreboard_reset(it.setup.scoreboard, 0, 0);
	it.pid = fork();
	assert_true(it.pid >= 0);
	if (it.pid == 0) {
		if (spare)
			setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)(always + spare),
								  (rlim_t)(always + spare)});
		_exit(rd_worker_run(&it.setup));
	}
	UNTIL(rd_scoreboard_serving(it.setup.scoreboard, 0));
}

// From now on only the worker listens.
static inline void close_listener(void)
{
	close(it.setup.listen_fd[RD_ROLE_GENERAL]);
	it.setup.listen_fd[RD_ROLE_GENERAL] = -1;
}

static inline bool try_connect(int *fd)
{
	struct rd_address to;

	assert_true(rd_address_read(rd_span(it.address), &to));
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(*fd, &to.any, to.len) == 0)
		return true;
	close(*fd);
	return false;
}

static inline int connect_to_worker(void)
{
	int fd = -1;

	assert_true(try_connect(&fd));
	return fd;
}

static inline void send_part(int fd, size_t from, size_t to)
{
	assert_int_equal(send(fd, request + from, to - from, MSG_NOSIGNAL), to - from);
}

static inline void ask(int fd)
{
	send_part(fd, 0, REQUEST_LEN);
}

// Returns whether an answer comes within so long; closed connections have none.
static inline bool answers_within(int fd, int limit_ms)
{
	struct pollfd in = {.fd = fd, .events = POLLIN};
	char bytes[2000];
	ssize_t n;

	if (poll(&in, 1, limit_ms) != 1)
		return false;
	n = recv(fd, bytes, sizeof bytes, 0);
	return n > 0 && memmem(bytes, (size_t)n, "Status: 200", 11);
}

static inline bool answers(int fd)
{
	return answers_within(fd, PATIENCE_MS);
}

static inline bool has_ended(void)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)it.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == it.pid;
}

static inline void ends_by_itself(void)
{
	int status = -1;

	UNTIL(has_ended());
	waitpid(it.pid, &status, 0);
	it.pid = 0;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static inline bool is_draining(void)
{
	return rd_metrics_counts(it.setup.metrics, 1)->state == RD_WORKER_DRAINING;
}
