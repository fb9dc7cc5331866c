#include "fcgi/admin/fastcgi_client.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/address.h"
#include "base/clock.h"
#include "fcgi/serve/record.h"

#define REQUEST_ID 1 // the only one of its connection

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
	// And the connection is not kept.
	static const char responder[8] = {0, RD_FASTCGI_ROLE_RESPONDER};
	const struct rd_span begin = {responder, sizeof responder}, end = {0};
	char text[512];
	struct rd_buf params = RD_BUF(text);

	put_param(&params, "REQUEST_METHOD", "GET");
	put_param(&params, "REFRESHD_ROUTE", route);
	put_param(&params, "REMOTE_ADDR", "127.0.0.1");
	rd_fastcgi_record_put(out, RD_FASTCGI_BEGIN, REQUEST_ID, begin);
	rd_fastcgi_record_put(out, RD_FASTCGI_PARAMS, REQUEST_ID, rd_buf_span(&params));
	rd_fastcgi_record_put(out, RD_FASTCGI_PARAMS, REQUEST_ID, end);
	rd_fastcgi_record_put(out, RD_FASTCGI_STDIN, REQUEST_ID, end);
}

// Moves the stdout of all records up to END to the front of bytes. Returns its length, -1 when
// they are no answer, or not all of one.
static ssize_t join_stdout(char *bytes, size_t len)
{
	struct rd_span rest = {bytes, len};
	struct rd_fastcgi_record r;
	size_t kept = 0;

	while (rd_fastcgi_record_read(rest, &r) && r.version == RD_FASTCGI_VERSION) {
		if (r.type == RD_FASTCGI_END)
			return r.content.len < RD_FASTCGI_END_BODY ? -1 : (ssize_t)kept;
		if (r.type == RD_FASTCGI_STDOUT) {
			memmove(bytes + kept, r.content.ptr, r.content.len);
			kept += r.content.len;
		}
		(void)rd_span_take(&rest, r.size);
	}
	return -1;
}

bool rd_fastcgi_read(char *bytes, size_t len, struct rd_fastcgi_reply *reply)
{
	const struct rd_span status = RD_SPAN("Status: "), gap = RD_SPAN("\r\n\r\n");
	const ssize_t kept = join_stdout(bytes, len);
	struct rd_span rest = {bytes, kept < 0 ? 0 : (size_t)kept};
	const char *end_of_head = memmem(rest.ptr, rest.len, gap.ptr, gap.len);
	uint64_t code;

	if (!end_of_head || !rd_span_begins(rest, status))
		return false;
	(void)rd_span_take(&rest, status.len);
	if (!rd_span_take_number(&rest, 999, &code))
		return false;
	reply->status = (int)code;
	(void)rd_span_take(&rest, (size_t)(end_of_head - rest.ptr) + gap.len);
	reply->body = rest;
	return true;
}

// Writes "address: reason" and closes fd. Returns -1, for who returns a descriptor.
static int give_up(int fd, struct rd_buf *why, const char *address, const char *reason)
{
	rd_put_str(why, address);
	rd_put_str(why, ": ");
	rd_put_str(why, reason);
	if (fd >= 0)
		close(fd);
	return -1;
}

// What an administrator can do about a connection that was refused; "" where that is not known.
static const char *remedy(const struct rd_address *to, int error)
{
	if (to->any.sa_family == AF_UNIX && error == EACCES)
		return ": only root and the owner and group of the socket may connect";
	if (error == ENOENT || error == ECONNREFUSED)
		return ": nobody listens there";
	return "";
}

// Writes what connect said, and closes fd. Returns -1.
static int refuse_connect(int fd, struct rd_buf *why, const char *address,
			  const struct rd_address *to, int error)
{
	(void)give_up(fd, why, address, strerror(error));
	rd_put_str(why, remedy(to, error));
	return -1;
}

// Waits for a connect that is under way (TCP). Returns 0 or an error number.
static int finish_connect(int fd, int64_t until_ms)
{
	struct pollfd out = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t len = sizeof error;

	if (poll(&out, 1, rd_ms_until(until_ms, rd_mono_ms())) != 1)
		return ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		return errno;
	return error;
}

// A listener whose queue is full says EAGAIN at once, where a blocking socket would wait for ever.
// Returns the connection, -1 with why.
static int dial(const char *address, int64_t until_ms, struct rd_buf *why)
{
	struct rd_address to;
	int fd, error;

	if (!rd_address_read(rd_span(address), &to))
		return give_up(-1, why, address, "must be unix:/path or tcp:ADDRESS:PORT");
	fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return give_up(fd, why, address, strerror(errno));
	while (connect(fd, &to.any, to.len)) {
		if (errno == EINPROGRESS) {
			error = finish_connect(fd, until_ms);
			return error ? refuse_connect(fd, why, address, &to, error) : fd;
		}
		if (errno != EAGAIN && errno != EINTR)
			return refuse_connect(fd, why, address, &to, errno);
		if (rd_mono_ms() >= until_ms)
			return give_up(fd, why, address, "too many are waiting there");
		poll(NULL, 0, 10);
	}
	return fd;
}

// Reads until the other side closes. False when that takes too long, or is more than text has room
// for.
static bool read_all(int fd, int64_t until_ms, struct rd_buf *text)
{
	for (;;) {
		struct pollfd in = {.fd = fd, .events = POLLIN};
		const int left_ms = rd_ms_until(until_ms, rd_mono_ms());
		ssize_t n;

		if (left_ms == 0 || poll(&in, 1, left_ms) == 0 || text->len == text->max)
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
		give_up(fd, why, address, "no answer in time");
		return RD_FASTCGI_AWAY;
	}
	if (rd_fastcgi_read(text->ptr, text->len, reply)) {
		close(fd);
		return RD_FASTCGI_OK;
	}
	give_up(fd, why, address, text->len ? "what answers there is not refreshd" : "no answer");
	return text->len ? RD_FASTCGI_ODD : RD_FASTCGI_AWAY;
}
