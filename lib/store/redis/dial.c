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

// What the resolver is given, and owns.
struct lookup {
	int answer_fd;
	char host[sizeof((struct rd_redis_address *)0)->host];
};

static void add_addresses(struct rd_dial_found *found, const struct addrinfo *list)
{
	for (; list && found->count < RD_DIAL_ADDRESSES; list = list->ai_next)
		if (getnameinfo(list->ai_addr, list->ai_addrlen, found->address[found->count],
				sizeof found->address[0], NULL, 0, NI_NUMERICHOST) == 0)
			found->count++;
}

// IPv6 only if there is no IPv4 address, as hiredis does: where only IPv4 is in use, some name
// servers never answer questions about IPv6.
static void *look_up(void *own)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct lookup *lookup = own;
	struct rd_dial_found found = {0};

	for (size_t i = 0; i < 2 && !found.count; i++) {
		const struct addrinfo hints = {.ai_family = families[i],
					       .ai_socktype = SOCK_STREAM};
		struct addrinfo *list = NULL;

		found.error = getaddrinfo(lookup->host, NULL, &hints, &list);
		if (found.error)
			continue;
		add_addresses(&found, list);
		freeaddrinfo(list);
	}
	(void)send(lookup->answer_fd, &found, sizeof found, MSG_NOSIGNAL);
	close(lookup->answer_fd);
	free(lookup);
	return NULL;
}

// The thread blocks all signals, which are for the others.
static bool start_thread(struct lookup *lookup)
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
	started = pthread_create(&thread, &detached, look_up, lookup) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return started;
}

static bool start_process(struct rd_dial *d, struct lookup *lookup)
{
	d->pid = fork();
	if (d->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		look_up(lookup);
		_exit(0);
	}
	if (d->pid < 0) {
		d->pid = 0;
		return false;
	}
	close(lookup->answer_fd);
	free(lookup);
	return true;
}

static bool start_resolver(struct rd_dial *d, struct lookup *lookup)
{
	// Edge-triggered: one event is enough, whatever we are doing by then.
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.ptr = d->tag};

	if (d->epoll_fd < 0)
		return start_process(d, lookup);
	return epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, d->answer_fd, &ev) == 0 &&
	       start_thread(lookup);
}

static void end_resolver(struct rd_dial *d)
{
	close(d->answer_fd);
	d->answer_fd = -1;
	if (!d->pid)
		return;
	kill(d->pid, SIGKILL);
	waitpid(d->pid, NULL, 0);
	d->pid = 0;
}

static bool request_lookup(struct rd_dial *d)
{
	struct lookup *lookup = malloc(sizeof *lookup);
	int fd[2];

	if (!lookup || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0) {
		free(lookup);
		return false;
	}
	d->answer_fd = fd[0];
	lookup->answer_fd = fd[1];
	snprintf(lookup->host, sizeof lookup->host, "%s", d->to->host);
	if (start_resolver(d, lookup))
		return true;
	end_resolver(d);
	close(fd[1]);
	free(lookup);
	return false;
}

// Returns whether there is an address to try; if not, and why is empty, there may be one later.
static bool has_address(struct rd_dial *d, char why[static RD_DIAL_WHY_MAX])
{
	ssize_t n;

	if (d->next < d->found.count)
		return true;
	if (d->answer_fd < 0 && !request_lookup(d)) {
		snprintf(why, RD_DIAL_WHY_MAX, "no means to look up a name");
		return false;
	}
	rd_dial_forget(d);
	n = recv(d->answer_fd, &d->found, sizeof d->found, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	end_resolver(d);
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

static redisContext *without_error(redisContext *ctx, char why[static RD_DIAL_WHY_MAX])
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
		return without_error(redisConnectUnixNonBlock(d->to->unix_path), why);
	if (is_name(address)) {
		if (!has_address(d, why))
			return NULL;
		address = d->found.address[d->next++];
	}
	return without_error(redisConnectNonBlock(address, d->to->port), why);
}

void rd_dial_forget(struct rd_dial *d)
{
	d->next = d->found.count = 0;
}

void rd_dial_init(struct rd_dial *d, const struct rd_redis_address *to, int epoll_fd, void *tag)
{
	*d = (struct rd_dial){.to = to, .epoll_fd = epoll_fd, .tag = tag, .answer_fd = -1};
}

static redisContext *wait_for_name(struct rd_dial *d, struct timeval limit,
				   char why[static RD_DIAL_WHY_MAX])
{
	const int limit_ms = (int)(limit.tv_sec * 1000 + limit.tv_usec / 1000);
	redisContext *ctx = NULL;

	if (!has_address(d, why) && !why[0]) {
		(void)poll(&(struct pollfd){.fd = d->answer_fd, .events = POLLIN}, 1, limit_ms);
		if (!has_address(d, why) && !why[0]) {
			snprintf(why, RD_DIAL_WHY_MAX, "no address in time");
			end_resolver(d);
		}
	}
	while (!ctx && d->next < d->found.count) {
		const char *address = d->found.address[d->next++];

		ctx = without_error(redisConnectWithTimeout(address, d->to->port, limit), why);
	}
	return ctx;
}

redisContext *rd_dial_wait(const struct rd_redis_address *to, struct timeval limit,
			   char why[static RD_DIAL_WHY_MAX])
{
	struct rd_dial d;

	why[0] = 0;
	if (to->unix_path[0])
		return without_error(redisConnectUnixWithTimeout(to->unix_path, limit), why);
	if (!is_name(to->host))
		return without_error(redisConnectWithTimeout(to->host, to->port, limit), why);
	rd_dial_init(&d, to, -1, NULL);
	return wait_for_name(&d, limit, why);
}
