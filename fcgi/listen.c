#include "fcgi/listen.h"
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "run/tcp_address.h"

// nginx may open all its connections at once; 128 gave 502 under a stall.
#define BACKLOG 4096

static int fail(struct rd_buf *why, const char *address, const char *reason)
{
	rd_put_str(why, address);
	rd_put_str(why, ": ");
	rd_put_str(why, reason);
	return -1;
}

static bool unix_address(const char *address, struct sockaddr_un *un)
{
	*un = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strncmp(address, "unix:/", 6) != 0 || strlen(address + 5) >= sizeof un->sun_path)
		return false;
	memcpy(un->sun_path, address + 5, strlen(address + 5));
	return true;
}

static bool answered(const struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes = fd >= 0 &&
		   (connect(fd, (const struct sockaddr *)un, sizeof *un) == 0 || errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return yes;
}

static int listen_tcp(const char *address, struct rd_buf *why)
{
	struct rd_tcp_address tcp;
	int fd;

	if (!rd_tcp_address(address, &tcp))
		return fail(why, address, "wants tcp:ADDRESS:PORT, an IPv6 address in brackets");
	fd = socket(tcp.addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	// Connections of the last run may still be closing; a socket that listens is in the way all
	// the same.
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == 0 &&
	    bind(fd, (const struct sockaddr *)&tcp.addr, tcp.len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	(void)fail(why, address, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int rd_listen(const char *address, struct rd_buf *why)
{
	struct sockaddr_un un;
	struct stat st;
	mode_t before;
	int fd, bound;

	if (rd_is_tcp(address))
		return listen_tcp(address, why);
	if (!unix_address(address, &un))
		return fail(why, address, "wants unix:/path, at most 107 bytes of path");
	if (lstat(un.sun_path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return fail(why, address, "is there and is no socket");
		if (answered(&un))
			return fail(why, address, "somebody serves there already");
		unlink(un.sun_path);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(why, address, strerror(errno));
	before = umask(0117);
	bound = bind(fd, (const struct sockaddr *)&un, sizeof un);
	umask(before);
	if (bound || listen(fd, BACKLOG)) {
		(void)fail(why, address, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

void rd_unlisten(const char *address)
{
	struct sockaddr_un un;

	if (unix_address(address, &un))
		unlink(un.sun_path);
}
