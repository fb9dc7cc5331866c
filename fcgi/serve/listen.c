#include "fcgi/serve/listen.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/address.h"

// nginx may open all its connections at once; 128 gave 502 under a stall.
#define BACKLOG 4096

// Writes "address: reason". Returns -1, for who returns a descriptor.
static int refuse_socket(struct rd_buf *why, const char *address, const char *reason)
{
	rd_put_str(why, address);
	rd_put_str(why, ": ");
	rd_put_str(why, reason);
	return -1;
}

// A path must be absolute: who starts the service and who reads its configuration may be in
// different folders.
static bool read_address(const char *address, struct rd_address *out)
{
	return rd_address_read(rd_span(address), out) &&
	       (out->any.sa_family != AF_UNIX || out->un.sun_path[0] == '/');
}

// Whether somebody listens at that path.
static bool is_taken(const struct rd_address *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool taken = fd >= 0 && (connect(fd, &at->any, at->len) == 0 || errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return taken;
}

static bool is_handed_in(const char *address)
{
	return strncmp(address, "fd:", 3) == 0 && address[3] >= '0' && address[3] <= '9' &&
	       !address[4];
}

bool rd_listen_address(const char *address, struct rd_buf *why)
{
	struct rd_address at;

	if (read_address(address, &at) || is_handed_in(address))
		return true;
	(void)refuse_socket(why, address,
			    "must be unix:/path (at most 107 bytes of path), tcp:ADDRESS:PORT "
			    "(IPv6 in brackets), or fd:0 to fd:9");
	return false;
}

// Returns the value of a socket option of level SOL_SOCKET, -1 when there is none.
static int socket_option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof value;

	if (getsockopt(fd, SOL_SOCKET, name, &value, &len) != 0)
		return -1;
	return value;
}

bool rd_socket_mode(const char *mode, mode_t *out, struct rd_buf *why)
{
	char *end;
	const unsigned long bits = strtoul(mode, &end, 8);

	*out = 0;
	if (*mode < '0' || *mode > '7' || *end || bits > 0777) {
		(void)refuse_socket(why, mode, "must be octal, 0000 to 0775, such as 0660");
		return false;
	}
	if (bits & S_IWOTH) {
		(void)refuse_socket(why, mode,
				    "would let every user of this machine act as anybody; name a "
				    "group in socket_group instead");
		return false;
	}
	*out = (mode_t)bits;
	return true;
}

bool rd_listens(int fd)
{
	return socket_option(fd, SO_ACCEPTCONN) == 1;
}

// Reads the path that a unix socket is bound to, NUL-terminated. False when it has none.
static bool path_of(int fd, struct sockaddr_un *un)
{
	socklen_t len = sizeof *un; // counts the NUL

	*un = (struct sockaddr_un){0};
	return getsockname(fd, (struct sockaddr *)un, &len) == 0 && len <= sizeof *un &&
	       un->sun_family == AF_UNIX && un->sun_path[0] != 0;
}

static bool is_bound_to(int fd, const struct rd_address *wanted)
{
	struct rd_address bound = {.len = sizeof bound.in6};

	if (getsockname(fd, &bound.any, &bound.len) != 0 ||
	    bound.any.sa_family != wanted->any.sa_family)
		return false;
	if (wanted->any.sa_family == AF_INET)
		return bound.in.sin_port == wanted->in.sin_port &&
		       bound.in.sin_addr.s_addr == wanted->in.sin_addr.s_addr;
	return bound.in6.sin6_port == wanted->in6.sin6_port &&
	       memcmp(&bound.in6.sin6_addr, &wanted->in6.sin6_addr, sizeof(struct in6_addr)) == 0;
}

bool rd_listens_at(int fd, const char *address)
{
	struct rd_address wanted;
	struct sockaddr_un un;

	if (!read_address(address, &wanted))
		return false;
	if (wanted.any.sa_family != AF_UNIX)
		return is_bound_to(fd, &wanted);
	return path_of(fd, &un) && strcmp(un.sun_path, wanted.un.sun_path) == 0;
}

// Returns why it must not be listened on, or NULL.
static const char *unfit(int fd)
{
	struct sockaddr_un un;
	struct stat st;

	if (!rd_listens(fd))
		return "is not a listening socket";
	if (socket_option(fd, SO_DOMAIN) != AF_UNIX || socket_option(fd, SO_TYPE) != SOCK_STREAM)
		return "is not a unix stream socket";
	if (!path_of(fd, &un))
		return "has no name in the file system, so everybody may connect";
	if (stat(un.sun_path, &st) == 0 && st.st_mode & S_IWOTH)
		return "is open to everybody: must have a mode such as 0660";
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
		return refuse_socket(why, name, wrong);
	fd = above_stdio(fd);
	if (fd < 0 || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) || listen(fd, BACKLOG))
		return refuse_socket(why, name, strerror(errno));
	return fd;
}

// Connections of the last run may still be closing; a socket that listens is in the way all the
// same.
static bool bind_tcp(int fd, const struct rd_address *at)
{
	const int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	       bind(fd, &at->any, at->len) == 0;
}

// Returns what went wrong, or NULL; then errno says why.
static const char *give_access(const char *path, const struct rd_socket_access *access)
{
	if (access->group != (gid_t)-1 && lchown(path, (uid_t)-1, access->group) != 0)
		return errno == EPERM ? "its group cannot be changed to socket_group: the process "
					"must run as root or be in that group"
				      : strerror(errno);
	return chmod(path, access->mode) == 0 ? NULL : strerror(errno);
}

// Returns what went wrong, or NULL.
static const char *bind_path(int fd, const struct rd_address *at,
			     const struct rd_socket_access *access)
{
	const mode_t before = umask(0777); // nobody's, until it is right
	const bool bound = bind(fd, &at->any, at->len) == 0;
	const int error = errno;
	const char *wrong;

	umask(before);
	if (!bound)
		return error == ENOENT
			   ? "its folder does not exist; `refreshd setup` makes /run/refreshd"
			   : strerror(error);
	wrong = give_access(at->un.sun_path, access);
	if (wrong)
		unlink(at->un.sun_path);
	return wrong;
}

// Makes room for a socket at that path. Returns why there is none, or NULL.
static const char *clear_path(const struct rd_address *at)
{
	struct stat st;

	if (lstat(at->un.sun_path, &st) != 0)
		return NULL;
	if (!S_ISSOCK(st.st_mode))
		return "exists and is not a socket";
	if (is_taken(at))
		return "another process listens there already";
	unlink(at->un.sun_path);
	return NULL;
}

// Returns a descriptor that is bound to the address; -1 with why.
static int bind_to(const char *address, const struct rd_address *at,
		   const struct rd_socket_access *access, struct rd_buf *why)
{
	const int fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const char *wrong = NULL;

	if (fd < 0)
		return refuse_socket(why, address, strerror(errno));
	if (at->any.sa_family == AF_UNIX)
		wrong = bind_path(fd, at, access);
	else if (!bind_tcp(fd, at))
		wrong = strerror(errno);
	if (!wrong)
		return fd;
	close(fd);
	return refuse_socket(why, address, wrong);
}

int rd_listen(const char *address, const struct rd_socket_access *access, struct rd_buf *why)
{
	struct rd_address at;
	const char *wrong;
	int fd;

	if (is_handed_in(address))
		return rd_listen_on(address[3] - '0', why);
	if (!rd_listen_address(address, why) || !read_address(address, &at))
		return -1;
	wrong = at.any.sa_family == AF_UNIX ? clear_path(&at) : NULL;
	if (wrong)
		return refuse_socket(why, address, wrong);
	fd = bind_to(address, &at, access, why);
	if (fd < 0 || listen(fd, BACKLOG) == 0)
		return fd;
	(void)refuse_socket(why, address, strerror(errno));
	close(fd);
	return -1;
}

void rd_unlisten(const char *address)
{
	struct rd_address at;

	if (read_address(address, &at) && at.any.sa_family == AF_UNIX)
		unlink(at.un.sun_path);
}
