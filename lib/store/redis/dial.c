#include "store/redis/dial.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

// What whoever looks up owns.
struct errand {
	int answer_fd;
	char host[sizeof((struct rd_redis_address *)0)->host];
};

static void note(struct rd_dial_found *found, const struct addrinfo *list)
{
	for (; list && found->count < RD_DIAL_ADDRESSES; list = list->ai_next)
		if (getnameinfo(list->ai_addr, list->ai_addrlen, found->address[found->count],
				sizeof found->address[0], NULL, 0, NI_NUMERICHOST) == 0)
			found->count++;
}

// IPv6 when there is no IPv4, as hiredis does: where only IPv4 is in use, some name servers never
// answer about IPv6.
static void *look_up(void *own)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct errand *errand = own;
	struct rd_dial_found found = {0};

	for (size_t i = 0; i < 2 && !found.count; i++) {
		const struct addrinfo hints = {.ai_family = families[i],
					       .ai_socktype = SOCK_STREAM};
		struct addrinfo *list = NULL;

		found.error = getaddrinfo(errand->host, NULL, &hints, &list);
		if (found.error)
			continue;
		note(&found, list);
		freeaddrinfo(list);
	}
	(void)send(errand->answer_fd, &found, sizeof found, MSG_NOSIGNAL);
	close(errand->answer_fd);
	free(errand);
	return NULL;
}

// All signals are for the others.
static bool start_thread(struct errand *errand)
{
	pthread_attr_t detached;
	sigset_t all, before;
	pthread_t thread;
	bool started;

	if (pthread_attr_init(&detached) != 0)
		return false;
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&thread, &detached, look_up, errand) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return started;
}

static bool start_process(struct rd_dial *d, struct errand *errand)
{
	d->pid = fork();
	if (d->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		look_up(errand);
		_exit(0);
	}
	if (d->pid < 0) {
		d->pid = 0;
		return false;
	}
	close(errand->answer_fd);
	free(errand);
	return true;
}

static bool start(struct rd_dial *d, struct errand *errand)
{
	// Once is enough, whatever we are doing by then.
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.ptr = d->tag};

	if (d->epoll_fd < 0)
		return start_process(d, errand);
	return epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, d->answer_fd, &ev) == 0 &&
	       start_thread(errand);
}

static void hang_up(struct rd_dial *d)
{
	close(d->answer_fd);
	d->answer_fd = -1;
	if (!d->pid)
		return;
	kill(d->pid, SIGKILL);
	waitpid(d->pid, NULL, 0);
	d->pid = 0;
}

static bool send_somebody(struct rd_dial *d)
{
	struct errand *errand = malloc(sizeof *errand);
	int fd[2];

	if (!errand || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0) {
		free(errand);
		return false;
	}
	d->answer_fd = fd[0];
	errand->answer_fd = fd[1];
	snprintf(errand->host, sizeof errand->host, "%s", d->to->host);
	if (start(d, errand))
		return true;
	hang_up(d);
	close(fd[1]);
	free(errand);
	return false;
}

// Returns whether there is an address to try; if not, and why is empty, there may be one later.
static bool know(struct rd_dial *d, char why[static RD_DIAL_WHY_MAX])
{
	ssize_t n;

	if (d->next < d->found.count)
		return true;
	if (d->answer_fd < 0 && !send_somebody(d)) {
		snprintf(why, RD_DIAL_WHY_MAX, "no means to look up a name");
		return false;
	}
	rd_dial_forget(d);
	n = recv(d->answer_fd, &d->found, sizeof d->found, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	hang_up(d);
	if (n == sizeof d->found && d->found.count)
		return true;
	rd_dial_forget(d);
	snprintf(why, RD_DIAL_WHY_MAX, "%s",
		 gai_strerror(n == sizeof d->found ? d->found.error : EAI_FAIL));
	return false;
}

static bool is_name(const char *host)
{
	struct in6_addr any;

	return inet_pton(AF_INET, host, &any) != 1 && inet_pton(AF_INET6, host, &any) != 1;
}

static redisContext *checked(redisContext *ctx, char why[static RD_DIAL_WHY_MAX])
{
	if (ctx && !ctx->err)
		return ctx;
	snprintf(why, RD_DIAL_WHY_MAX, "%s", ctx ? ctx->errstr : "out of memory");
	if (ctx)
		redisFree(ctx);
	return NULL;
}

redisContext *rd_dial(struct rd_dial *d, char why[static RD_DIAL_WHY_MAX])
{
	const char *address = d->to->host;

	why[0] = 0;
	if (d->to->unix_path[0])
		return checked(redisConnectUnixNonBlock(d->to->unix_path), why);
	if (is_name(address)) {
		if (!know(d, why))
			return NULL;
		address = d->found.address[d->next++];
	}
	return checked(redisConnectNonBlock(address, d->to->port), why);
}

void rd_dial_forget(struct rd_dial *d)
{
	d->next = d->found.count = 0;
}

void rd_dial_init(struct rd_dial *d, const struct rd_redis_address *to, int epoll_fd, void *tag)
{
	*d = (struct rd_dial){.to = to, .epoll_fd = epoll_fd, .tag = tag, .answer_fd = -1};
}

static redisContext *by_name(struct rd_dial *d, struct timeval limit,
			     char why[static RD_DIAL_WHY_MAX])
{
	const int limit_ms = (int)(limit.tv_sec * 1000 + limit.tv_usec / 1000);
	redisContext *ctx = NULL;

	if (!know(d, why) && !why[0]) {
		(void)poll(&(struct pollfd){.fd = d->answer_fd, .events = POLLIN}, 1, limit_ms);
		if (!know(d, why) && !why[0]) {
			snprintf(why, RD_DIAL_WHY_MAX, "no address in time");
			hang_up(d);
		}
	}
	while (!ctx && d->next < d->found.count) {
		const char *address = d->found.address[d->next++];

		ctx = checked(redisConnectWithTimeout(address, d->to->port, limit), why);
	}
	return ctx;
}

redisContext *rd_dial_wait(const struct rd_redis_address *to, struct timeval limit,
			   char why[static RD_DIAL_WHY_MAX])
{
	struct rd_dial d;

	why[0] = 0;
	if (to->unix_path[0])
		return checked(redisConnectUnixWithTimeout(to->unix_path, limit), why);
	if (!is_name(to->host))
		return checked(redisConnectWithTimeout(to->host, to->port, limit), why);
	rd_dial_init(&d, to, -1, NULL);
	return by_name(&d, limit, why);
}
