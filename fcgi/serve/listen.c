#include "fcgi/serve/listen.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "config/tcp_address.h"

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

static bool handed_in(const char *address)
{
	return strncmp(address, "fd:", 3) == 0 && address[3] >= '0' && address[3] <= '9' &&
	       !address[4];
}

bool rd_listen_address(const char *address, struct rd_buf *why)
{
	struct rd_tcp_address tcp;
	struct sockaddr_un un;

	return unix_address(address, &un) || handed_in(address) || rd_tcp_address(address, &tcp) ||
	       fail(why, address,
		    "wants unix:/path (at most 107 bytes of path), tcp:ADDRESS:PORT (IPv6 in "
		    "brackets), or fd:0 to fd:9") == 0;
}

static int option(int fd, int name)
{
	int value = -1;

	return getsockopt(fd, SOL_SOCKET, name, &value, &(socklen_t){sizeof value}) ? -1 : value;
}

bool rd_listens(int fd)
{
	return option(fd, SO_ACCEPTCONN) == 1;
}

// Its name's bytes after the family; *un is all zero behind them.
static size_t name_of(int fd, struct sockaddr_un *un)
{
	socklen_t len = sizeof *un;

	*un = (struct sockaddr_un){0};
	if (getsockname(fd, (struct sockaddr *)un, &len) || len > sizeof *un)
		return 0;
	return len - offsetof(struct sockaddr_un, sun_path);
}

bool rd_listens_at(int fd, const char *address)
{
	struct sockaddr_un un, wanted;

	return unix_address(address, &wanted) && name_of(fd, &un) &&
	       strcmp(un.sun_path, wanted.sun_path) == 0;
}

// NULL, or what is wrong with it.
static const char *unfit(int fd)
{
	struct sockaddr_un un;
	struct stat st;

	if (!rd_listens(fd))
		return "is no listening socket";
	if (option(fd, SO_DOMAIN) != AF_UNIX || option(fd, SO_TYPE) != SOCK_STREAM)
		return "is no unix stream socket";
	if (!name_of(fd, &un) || !*un.sun_path)
		return "has no name in the file system, so everybody may connect";
	if (stat(un.sun_path, &st) == 0 && st.st_mode & S_IWOTH)
		return "is open to everybody: wants mode 0660";
	return NULL;
}

// The lowest three belong to stdio, whoever uses them for what.
static int above_stdio(int fd)
{
	int other, null;

	if (fd > STDERR_FILENO)
		return fd;
	other = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (other < 0 || null < 0 || dup2(null, fd) < 0)
		return -1;
	close(null);
	return other;
}

int rd_listen_on(int fd, struct rd_buf *why)
{
	const char name[] = {'f', 'd', ':', (char)('0' + fd), 0};
	const char *wrong = unfit(fd);

	if (wrong)
		return fail(why, name, wrong);
	fd = above_stdio(fd);
	if (fd < 0 || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) || listen(fd, BACKLOG))
		return fail(why, name, strerror(errno));
	return fd;
}

static int listen_tcp(const char *address, struct rd_buf *why)
{
	struct rd_tcp_address tcp;
	int fd;

	(void)!rd_tcp_address(address, &tcp); // rd_listen has asked
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

	if (handed_in(address))
		return rd_listen_on(address[3] - '0', why);
	if (!rd_listen_address(address, why))
		return -1;
	if (rd_is_tcp(address))
		return listen_tcp(address, why);
	(void)unix_address(address, &un);
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
