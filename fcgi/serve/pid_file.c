#include "fcgi/serve/pid_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LEN_MAX 255 // of the option
#define PID_LEN_MAX  16

static bool put_pid(int fd)
{
	return dprintf(fd, "%d\n", (int)getpid()) > 0 && fchmod(fd, 0644) == 0;
}

// False with errno.
static bool write_aside(const char *path, const char *aside, int fd)
{
	const bool written = put_pid(fd) && rename(aside, path) == 0;
	const int error = errno;

	close(fd);
	if (!written)
		unlink(aside);
	errno = error;
	return written;
}

bool rd_pid_file_write(const char *path, struct rd_buf *why)
{
	char aside[PATH_LEN_MAX + sizeof ".XXXXXX"];
	int fd;

	if (!*path)
		return true;
	snprintf(aside, sizeof aside, "%s.XXXXXX", path);
	fd = mkostemp(aside, O_CLOEXEC);
	if (fd >= 0 && write_aside(path, aside, fd))
		return true;
	rd_put_lit(why, "pid_file: ");
	rd_put_str(why, path);
	rd_put_lit(why, ": ");
	rd_put_str(why, strerror(errno));
	return false;
}

void rd_pid_file_remove(const char *path)
{
	char text[PID_LEN_MAX] = {0};
	const int fd = *path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;

	if (fd < 0)
		return;
	if (read(fd, text, sizeof text - 1) > 0 && strtol(text, NULL, 10) == getpid())
		unlink(path);
	close(fd);
}
