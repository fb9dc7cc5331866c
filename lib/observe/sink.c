#include "observe/sink.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
	int fd;
	const char *path; // empty: stderr
	bool socket, terminal;
	bool torn; // the last line was written in part: a \n comes before the next
} sink = {.fd = -1, .path = ""};

static void switch_to(int fd)
{
	struct stat about;

	if (sink.fd > STDERR_FILENO)
		close(sink.fd);
	sink.fd = fd;
	sink.socket = fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode);
	sink.terminal = isatty(fd);
}

// O_NONBLOCK on stderr itself would concern all processes that share it, so a pipe or a terminal is
// opened once more. poll alone is not enough: another process may take the room that it has seen.
static void use_stderr(void)
{
	struct stat about;
	int own = -1;

	if (fstat(STDERR_FILENO, &about) == 0 &&
	    (S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode)))
		own = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	switch_to(own > STDERR_FILENO ? own : STDERR_FILENO);
}

// Non-blocking, or opening a FIFO would wait for its reader.
static bool use_file(const char *path, struct rd_buf *why)
{
	int fd =
	    open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);

	if (fd < 0) {
		rd_put_str(why, path);
		rd_put_str(why, ": ");
		rd_put_str(why, strerror(errno));
		return false;
	}
	switch_to(fd);
	return true;
}

bool rd_sink_open(const char *path, struct rd_buf *why)
{
	if (*path && !use_file(path, why))
		return false;
	if (!*path)
		use_stderr();
	sink.path = path;
	return true;
}

bool rd_sink_reopen(struct rd_buf *why)
{
	return !*sink.path || use_file(sink.path, why);
}

static void open_by_default(void)
{
	if (sink.fd < 0)
		switch_to(STDERR_FILENO);
}

bool rd_sink_is_terminal(void)
{
	open_by_default();
	return sink.terminal;
}

static bool write_some(const char *bytes, size_t len)
{
	struct pollfd out = {.fd = sink.fd, .events = POLLOUT};
	ssize_t n;

	if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT))
		return false;
	n = sink.socket ? send(sink.fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL)
			: write(sink.fd, bytes, len);
	if (n > 0)
		sink.torn = (size_t)n < len;
	return n > 0 && !sink.torn;
}

bool rd_sink_write(const char *line, size_t len)
{
	open_by_default();
	if (sink.torn && !write_some("\n", 1))
		return false;
	return write_some(line, len);
}
