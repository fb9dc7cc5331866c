#include "config/keyfile.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/secret.h"
#include "token/keytext.h"

#define HOLD_TRIES 1000 // edits that come between opening the file and locking it

static bool fail(struct rd_buf *why, const char *path, const char *reason)
{
	rd_put_str(why, path);
	rd_put_str(why, ": ");
	rd_put_str(why, reason);
	return false;
}

// systemd gives the service's user a credential by an ACL, which shows as the group's right to
// read.
static bool is_credential(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	const size_t len = folder ? strlen(folder) : 0;

	return len && strncmp(path, folder, len) == 0 && path[len] == '/' && !strstr(path, "/../");
}

static const char *refuse(const char *path, const struct stat *st)
{
	const mode_t others = is_credential(path) ? 037 : 077;

	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (st->st_mode & others)
		return "others than its owner have access; chmod 600 it";
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "belongs to another user";
	return NULL;
}

// Opens a file that is fit for secrets. -1 with why.
static int open_secret(const char *path, struct rd_buf *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	const char *reason = fd < 0 || fstat(fd, &st) ? strerror(errno) : refuse(path, &st);

	if (!reason)
		return fd;
	(void)fail(why, path, reason);
	if (fd >= 0)
		close(fd);
	return -1;
}

// Returns the bytes read into text, -1 with why.
static ssize_t read_all(int fd, const char *path, char *text, size_t max, struct rd_buf *why)
{
	const char *reason = NULL;
	ssize_t len, n = 1;

	for (len = 0; n > 0 && (size_t)len<max; len += n> 0 ? n : 0)
		n = read(fd, text + len, max - (size_t)len);
	if (n < 0)
		reason = strerror(errno);
	else if ((size_t)len == max)
		reason = "too long";
	if (!reason)
		return len;
	rd_wipe(text, max);
	(void)fail(why, path, reason);
	return -1;
}

static ssize_t read_secret(const char *path, char *text, size_t max, struct rd_buf *why)
{
	int fd = open_secret(path, why);
	ssize_t len = fd < 0 ? -1 : read_all(fd, path, text, max, why);

	if (fd >= 0)
		close(fd);
	return len;
}

static bool parse(const char *path, struct rd_span text, struct rd_keys *keys, struct rd_buf *why)
{
	char reason[256];
	struct rd_buf inner = RD_BUF(reason);

	if (rd_keys_parse(text, keys, &inner))
		return true;
	(void)fail(why, path, "");
	rd_put(why, inner.ptr, inner.len);
	return false;
}

bool rd_keyfile_load(const char *path, struct rd_keys *keys, struct rd_buf *why)
{
	char text[RD_KEYFILE_MAX];
	ssize_t len = read_secret(path, text, sizeof text, why);
	bool ok = len >= 0 && parse(path, (struct rd_span){text, (size_t)len}, keys, why);

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
	char folder[RD_KEYFILE_PATH_MAX] = ".";
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
	char text[4096], aside[RD_KEYFILE_PATH_MAX];
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

// Whether path still names what fd has open.
static bool same_file(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
	       held.st_ino == named.st_ino;
}

// The lock is on the file, which nobody but its owner can open. An edit puts another file in its
// place: who waited for the old one begins anew.
static int hold(const char *path, struct rd_buf *why)
{
	for (int i = 0; i < HOLD_TRIES; i++) {
		int fd = open_secret(path, why);

		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX)) {
			(void)fail(why, path, strerror(errno));
			close(fd);
			return -1;
		}
		if (same_file(fd, path))
			return fd;
		close(fd);
	}
	(void)fail(why, path, "is replaced all the time");
	return -1;
}

bool rd_keyfile_open(const char *path, struct rd_keyfile *file, struct rd_buf *why)
{
	ssize_t len = -1;

	memset(file, 0, sizeof *file);
	file->fd = -1;
	file->out = RD_BUF(file->written);
	static_assert(RD_KEYFILE_PATH_MAX >= PATH_MAX);
	if (realpath(path, file->path))
		file->fd = hold(file->path, why);
	else
		(void)fail(why, path, strerror(errno));
	if (file->fd >= 0)
		len = read_all(file->fd, file->path, file->read, sizeof file->read, why);
	if (len >= 0) {
		file->text = (struct rd_span){file->read, (size_t)len};
		if (parse(file->path, file->text, &file->keys, why))
			return true;
	}
	rd_keyfile_close(file);
	return false;
}

// Writes text aside and renames it to the file. False with errno.
static bool put_in_place(const struct rd_keyfile *file, struct rd_span text)
{
	char aside[RD_KEYFILE_PATH_MAX + 8];
	struct stat st;
	bool ok;
	int fd, saved;

	if (fstat(file->fd, &st))
		return false;
	snprintf(aside, sizeof aside, "%s.XXXXXX", file->path);
	fd = mkstemp(aside);
	if (fd < 0)
		return false;
	ok = fchown(fd, st.st_uid, st.st_gid) == 0 && fchmod(fd, st.st_mode & 0777) == 0 &&
	     write_all(fd, text.ptr, text.len) && rename(aside, file->path) == 0;
	saved = errno;
	if (!ok)
		unlink(aside);
	close(fd);
	errno = saved;
	return ok;
}

bool rd_keyfile_replace(struct rd_keyfile *file, struct rd_buf *why)
{
	if (!rd_buf_ok(&file->out))
		return fail(why, file->path, "too long");
	if (!parse(file->path, rd_buf_span(&file->out), &file->keys, why))
		return false;
	if (!put_in_place(file, rd_buf_span(&file->out)))
		return fail(why, file->path, strerror(errno));
	if (!sync_folder(file->path))
		return fail(why, file->path, "is changed, but its folder cannot be synced");
	return true;
}

void rd_keyfile_close(struct rd_keyfile *file)
{
	if (file->fd >= 0)
		close(file->fd);
	rd_wipe(file, sizeof *file);
	file->fd = -1;
}
