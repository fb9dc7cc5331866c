#include "run/keyfile.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/secret.h"
#include "token/keytext.h"

static bool fail(struct rd_buf *why, const char *path, const char *reason)
{
	rd_put_str(why, path);
	rd_put_str(why, ": ");
	rd_put_str(why, reason);
	return false;
}

static const char *refuse(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (st->st_mode & 077)
		return "others than its owner have access; chmod 600 it";
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "belongs to another user";
	return NULL;
}

// Gives the bytes read into text, -1 with why.
static ssize_t read_secret(const char *path, char *text, size_t max, struct rd_buf *why)
{
	struct stat st;
	const char *reason = NULL;
	ssize_t len = -1, n = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st))
		reason = strerror(errno);
	else
		reason = refuse(&st);
	for (len = 0; !reason && n > 0 && (size_t)len<max; len += n> 0 ? n : 0)
		n = read(fd, text + len, max - (size_t)len);
	if (!reason && n < 0)
		reason = strerror(errno);
	if (!reason && (size_t)len == max)
		reason = "too long";
	if (fd >= 0)
		close(fd);
	if (!reason)
		return len;
	rd_wipe(text, max);
	(void)fail(why, path, reason);
	return -1;
}

bool rd_keyfile_load(const char *path, struct rd_keys *keys, struct rd_buf *why)
{
	char text[RD_KEYFILE_MAX];
	char reason[256];
	struct rd_buf inner = RD_BUF(reason);
	ssize_t len = read_secret(path, text, sizeof text, why);
	bool ok = len >= 0;

	if (ok && !rd_keys_parse((struct rd_span){text, (size_t)len}, keys, &inner)) {
		(void)fail(why, path, "");
		rd_put(why, inner.ptr, inner.len);
		ok = false;
	}
	rd_wipe(text, sizeof text);
	return ok;
}

bool rd_secret_load(const char *path, char *out, size_t max, struct rd_buf *why)
{
	ssize_t len = read_secret(path, out, max, why);

	if (len < 0)
		return false;
	out[len] = 0;
	out[strcspn(out, "\r\n")] = 0;
	return *out || fail(why, path, "is empty");
}

static bool write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

// The name of a new file lasts through a power cut only when its folder is synced too.
static bool sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096] = ".";
	int fd;
	bool ok;

	if (slash && (size_t)(slash - path) + 2 > sizeof folder)
		return false;
	if (slash) {
		memcpy(folder, path, (size_t)(slash - path) + 1);
		folder[slash - path + 1] = 0;
	}
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

int rd_keyfile_create(const char *path, struct rd_buf *why)
{
	char text[4096], aside[4096];
	struct rd_buf buf = RD_BUF(text);
	int fd, result = -1;

	if (access(path, F_OK) == 0)
		return 0;
	if ((size_t)snprintf(aside, sizeof aside, "%s.XXXXXX", path) >= sizeof aside)
		return (int)fail(why, path, "name too long") - 1;
	fd = mkstemp(aside); // mode 0600
	if (fd < 0)
		return (int)fail(why, path, strerror(errno)) - 1;
	rd_keys_generate(&buf, rd_wall_ms() / 1000);
	if (write_all(fd, buf.ptr, buf.len) && link(aside, path) == 0 && sync_folder(path))
		result = 1;
	else if (errno == EEXIST)
		result = 0;
	else
		(void)fail(why, path, strerror(errno));
	unlink(aside);
	close(fd);
	rd_wipe(text, sizeof text);
	return result;
}
