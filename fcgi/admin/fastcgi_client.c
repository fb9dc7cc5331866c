#include "fcgi/admin/fastcgi_client.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/clock.h"
#include "config/tcp_address.h"

#define HEADER   8
#define END_BODY 8

enum type { BEGIN = 1, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6 };

static void put_record(struct rd_buf *out, enum type type, struct rd_span content)
{
	const uint8_t head[HEADER] = {
	    1, type, 0, 1, (uint8_t)(content.len >> 8), (uint8_t)content.len};

	rd_put(out, head, sizeof head);
	rd_put_span(out, content);
}

// Both shorter than 128 bytes.
static void put_param(struct rd_buf *out, const char *name, const char *value)
{
	const uint8_t lengths[2] = {(uint8_t)strlen(name), (uint8_t)strlen(value)};

	rd_put(out, lengths, sizeof lengths);
	rd_put_str(out, name);
	rd_put_str(out, value);
}

static void put_request(struct rd_buf *out, const char *route)
{
	static const char responder[8] = {0, 1}; // and the connection is not kept
	char text[512];
	struct rd_buf params = RD_BUF(text);

	put_param(&params, "REQUEST_METHOD", "GET");
	put_param(&params, "REFRESHD_ROUTE", route);
	put_param(&params, "REMOTE_ADDR", "127.0.0.1");
	put_record(out, BEGIN, (struct rd_span){responder, sizeof responder});
	put_record(out, PARAMS, rd_buf_span(&params));
	put_record(out, PARAMS, (struct rd_span){0});
	put_record(out, STDIN, (struct rd_span){0});
}

bool rd_fastcgi_read(char *bytes, size_t len, struct rd_fastcgi_reply *reply)
{
	static const char status[] = "Status: ";
	const uint8_t *at = (const uint8_t *)bytes, *const end = at + len;
	size_t kept = 0;
	char *body;

	while (end - at >= HEADER && at[1] != END) {
		const size_t content = (size_t)at[4] << 8 | at[5], all = HEADER + content + at[6];

		if (at[0] != 1 || (size_t)(end - at) < all)
			return false;
		if (at[1] == STDOUT) {
			memmove(bytes + kept, at + HEADER, content);
			kept += content;
		}
		at += all;
	}
	if (end - at < HEADER + END_BODY || at[0] != 1)
		return false; // no END, so something may be missing
	body = memmem(bytes, kept, "\r\n\r\n", 4);
	if (!body || kept < sizeof status || memcmp(bytes, status, sizeof status - 1) != 0)
		return false;
	reply->status = (int)strtol(bytes + sizeof status - 1, NULL, 10);
	body += 4;
	reply->body = (struct rd_span){body, kept - (size_t)(body - bytes)};
	return true;
}

static int fail(int fd, struct rd_buf *why, const char *address, const char *what)
{
	rd_put_str(why, address);
	rd_put_str(why, ": ");
	rd_put_str(why, what);
	if (fd >= 0)
		close(fd);
	return -1;
}

// False for what is neither unix:/path nor tcp:ADDRESS:PORT.
static bool read_address(const char *address, struct rd_tcp_address *out)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	const size_t scheme = strlen("unix:");

	if (rd_is_tcp(address))
		return rd_tcp_address(address, out);
	if (strncmp(address, "unix:", scheme) != 0 ||
	    strlen(address + scheme) >= sizeof name.sun_path)
		return false;
	memcpy(name.sun_path, address + scheme, strlen(address + scheme));
	memcpy(&out->addr, &name, sizeof name);
	out->len = sizeof name;
	return true;
}

// What came of a connect that goes on by itself (TCP): 0 or an error number.
static int outcome(int fd, int64_t until_ms)
{
	struct pollfd out = {.fd = fd, .events = POLLOUT};
	const int64_t left_ms = until_ms - rd_mono_ms();
	int error = ETIMEDOUT;

	if (left_ms > 0 && poll(&out, 1, (int)left_ms) == 1 &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error}))
		error = errno;
	return error;
}

// A listener whose queue is full says EAGAIN at once, where a blocking socket would wait for ever.
static int dial(const char *address, int64_t until_ms, struct rd_buf *why)
{
	struct rd_tcp_address to;
	int fd, error;

	if (!read_address(address, &to))
		return fail(-1, why, address, "neither unix:/path nor tcp:ADDRESS:PORT");
	fd = socket(to.addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(fd, why, address, strerror(errno));
	while (connect(fd, (const struct sockaddr *)&to.addr, to.len)) {
		if (errno == EINPROGRESS) {
			error = outcome(fd, until_ms);
			return error ? fail(fd, why, address, strerror(error)) : fd;
		}
		if (errno != EAGAIN && errno != EINTR)
			return fail(fd, why, address, strerror(errno));
		if (rd_mono_ms() >= until_ms)
			return fail(fd, why, address, "too many are waiting there");
		poll(NULL, 0, 10);
	}
	return fd;
}

// Until the other side closes. False when that takes too long or the room does not suffice.
static bool read_all(int fd, int64_t until_ms, struct rd_buf *text)
{
	for (;;) {
		struct pollfd in = {.fd = fd, .events = POLLIN};
		const int64_t left_ms = until_ms - rd_mono_ms();
		ssize_t n;

		if (left_ms <= 0 || poll(&in, 1, (int)left_ms) == 0 || text->len == text->max)
			return false;
		n = recv(fd, text->ptr + text->len, text->max - text->len, 0);
		if (n > 0)
			text->len += (size_t)n;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return true; // what has come is looked at anyway
	}
}

enum rd_fastcgi rd_fastcgi_get(const char *address, const char *route, int64_t timeout_ms,
			       struct rd_buf *text, struct rd_fastcgi_reply *reply,
			       struct rd_buf *why)
{
	const int64_t until_ms = rd_mono_ms() + timeout_ms;
	char bytes[1024];
	struct rd_buf request = RD_BUF(bytes);
	int fd = dial(address, until_ms, why);

	if (fd < 0)
		return RD_FASTCGI_AWAY;
	put_request(&request, route);
	if (send(fd, request.ptr, request.len, MSG_NOSIGNAL) != (ssize_t)request.len ||
	    !read_all(fd, until_ms, text)) {
		fail(fd, why, address, "no answer in time");
		return RD_FASTCGI_AWAY;
	}
	if (rd_fastcgi_read(text->ptr, text->len, reply)) {
		close(fd);
		return RD_FASTCGI_OK;
	}
	fail(fd, why, address, text->len ? "what answers there is no refreshd" : "no answer");
	return text->len ? RD_FASTCGI_ODD : RD_FASTCGI_AWAY;
}
