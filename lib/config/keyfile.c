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

#define LOCK_TRIES 1000 // edits that come between opening the file and locking it

// Wipes itself.
struct text {
	char bytes[RD_KEYFILE_MAX];
};

static void wipe_text(struct text *text)
{
	rd_wipe(text, sizeof *text);
}

static bool refuse_file(struct rd_buf *why, const char *path, const char *reason)
{
	rd_put_str(why, path);
	rd_put_lit(why, ": ");
	rd_put_str(why, reason);
	return false;
}

// systemd lets the service's user read a credential by an ACL, which shows as the group's right to
// read.
static bool is_credential(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	const size_t len = folder ? strlen(folder) : 0;

	return len && strncmp(path, folder, len) == 0 && path[len] == '/' && !strstr(path, "/../");
}

// Returns what makes a file unfit for secrets, or NULL.
static const char *find_unfit(const char *path, const struct stat *st,
			      struct rd_socket_groups sockets)
{
	const bool credential = is_credential(path);
	const mode_t others = credential || st->st_uid == 0 ? 037 : 077;

	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (st->st_mode & others && st->st_uid == 0 && geteuid() != 0)
		return "others than root and its group have access; chmod 440 it (in a volume of "
		       "Kubernetes: defaultMode: 0440)";
	if (st->st_mode & others)
		return "others than its owner have access; chmod 600 it";
	if (st->st_uid != 0 && geteuid() != 0 && st->st_uid != geteuid())
		return "belongs to another user";
	if (st->st_mode & S_IRGRP && !credential && rd_socket_groups_have(sockets, st->st_gid))
		return "its group is that of the FastCGI sockets, so nginx could read it; chmod "
		       "600 it, or give it a group that nginx is not in";
	return NULL;
}

// Opens a file that is fit for secrets. -1 with why.
static int open_secret(const char *path, struct rd_socket_groups sockets, struct rd_buf *why)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *reason;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		reason = strerror(errno);
	else
		reason = find_unfit(path, &st, sockets);
	if (!reason)
		return fd;
	(void)refuse_file(why, path, reason);
	if (fd >= 0)
		close(fd);
	return -1;
}

// Returns the bytes read into text, fewer than max. -1 with why.
static ssize_t read_all(int fd, const char *path, char *text, size_t max, struct rd_buf *why)
{
	const char *reason;
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, text + len, max - len);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0 && len < max);
	if (n == 0)
		return (ssize_t)len;
	reason = n < 0 ? strerror(errno) : "too long";
	rd_wipe(text, max);
	(void)refuse_file(why, path, reason);
	return -1;
}

static ssize_t read_secret(const char *path, struct rd_socket_groups sockets, char *text,
			   size_t max, struct rd_buf *why)
{
	const int fd = open_secret(path, sockets, why);
	ssize_t len;

	if (fd < 0)
		return -1;
	len = read_all(fd, path, text, max, why);
	close(fd);
	return len;
}

static bool parse_keys(const char *path, struct rd_span text, struct rd_keys *keys,
		       struct rd_buf *why)
{
	char reason[256];
	struct rd_buf inner = RD_BUF(reason);

	if (rd_keys_parse(text, keys, &inner))
		return true;
	(void)refuse_file(why, path, "");
	rd_put_span(why, rd_buf_span(&inner));
	return false;
}

bool rd_keyfile_load(const char *path, struct rd_socket_groups sockets, struct rd_keys *keys,
		     struct rd_buf *why)
{
	RD_WIPE(wipe_text) struct text text;
	const ssize_t len = read_secret(path, sockets, text.bytes, sizeof text.bytes, why);

	return len >= 0 && parse_keys(path, (struct rd_span){text.bytes, (size_t)len}, keys, why);
}

bool rd_secret_load(const char *path, struct rd_socket_groups sockets, char *out, size_t max,
		    struct rd_buf *why)
{
	ssize_t len = read_secret(path, sockets, out, max, why);

	if (len < 0)
		return false;
	out[len] = 0;
	out[strcspn(out, "\r\n")] = 0;
	return *out || refuse_file(why, path, "is empty");
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

// A new file's name survives a power cut only when its folder is synced too. False with errno.
static bool sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[RD_KEYFILE_PATH_MAX] = ".";
	int fd;
	bool ok;

	if (slash) {
		const size_t len =
		    (size_t)(slash - path) + 1; // its slash stays: it may be the root

		assert(len < sizeof folder);
		memcpy(folder, path, len);
		folder[len] = 0;
	}
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

// Too late to fail: the file is there.
static void sync_or_warn(const char *path, struct rd_buf *why)
{
	if (sync_folder(path))
		return;
	(void)refuse_file(why, path, "written, but may not survive a power cut: its folder: ");
	rd_put_str(why, strerror(errno));
}

// Writes text aside and links it to path. 1: made, 0: path is there already, -1: errno.
static int link_new(const char *path, struct rd_span text)
{
	char aside[RD_KEYFILE_PATH_MAX];
	int fd, error;
	bool made;

	if ((size_t)snprintf(aside, sizeof aside, "%s.XXXXXX", path) >= sizeof aside) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkstemp(aside); // mode 0600
	if (fd < 0)
		return -1;
	made = write_all(fd, text.ptr, text.len) && link(aside, path) == 0;
	error = errno;
	unlink(aside);
	close(fd);
	if (made)
		return 1;
	errno = error;
	return error == EEXIST ? 0 : -1;
}

int rd_keyfile_create(const char *path, struct rd_buf *why)
{
	RD_WIPE(wipe_text) struct text text;
	struct rd_buf buf = RD_BUF(text.bytes);
	int made;

	if (access(path, F_OK) == 0)
		return 0;
	rd_keys_generate(&buf, rd_wall_ms() / 1000);
	made = link_new(path, rd_buf_span(&buf));
	if (made < 0)
		(void)refuse_file(why, path, strerror(errno));
	if (made > 0)
		sync_or_warn(path, why);
	return made;
}

// Whether path still names what fd has open.
static bool same_file(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
	       held.st_ino == named.st_ino;
}

// Opens path and locks it. -1 with why. The lock is on the file itself, which only its owner can
// open. An edit puts another file in its place: whoever has waited for the old one starts over.
static int open_locked(const char *path, struct rd_socket_groups sockets, struct rd_buf *why)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		int fd = open_secret(path, sockets, why);

		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX)) {
			(void)refuse_file(why, path, strerror(errno));
			close(fd);
			return -1;
		}
		if (same_file(fd, path))
			return fd;
		close(fd);
	}
	(void)refuse_file(why, path, "is being replaced again and again");
	return -1;
}

bool rd_keyfile_open(const char *path, struct rd_socket_groups sockets, struct rd_keyfile *file,
		     struct rd_buf *why)
{
	ssize_t len = -1;

	memset(file, 0, sizeof *file);
	file->fd = -1;
	file->out = RD_BUF(file->written);
	static_assert(RD_KEYFILE_PATH_MAX >= PATH_MAX);
	if (realpath(path, file->path))
		file->fd = open_locked(file->path, sockets, why);
	else
		(void)refuse_file(why, path, strerror(errno));
	if (file->fd >= 0)
		len = read_all(file->fd, file->path, file->read, sizeof file->read, why);
	if (len >= 0) {
		file->text = (struct rd_span){file->read, (size_t)len};
		if (parse_keys(file->path, file->text, &file->keys, why))
			return true;
	}
	rd_keyfile_close(file);
	return false;
}

// Writes text aside and renames it to the file. False with errno.
static bool rename_new(const struct rd_keyfile *file, struct rd_span text)
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

// Whether an errno of rename_new says that the file cannot be replaced where it is: its folder is
// not ours to write to, or the file itself is a mount.
static bool is_read_only(int error)
{
	return error == EROFS || error == EACCES || error == EPERM || error == EBUSY;
}

bool rd_keyfile_replace(struct rd_keyfile *file, struct rd_buf *why)
{
	if (!rd_buf_ok(&file->out))
		return refuse_file(why, file->path, "too long");
	if (!parse_keys(file->path, rd_buf_span(&file->out), &file->keys, why))
		return false;
	if (!rename_new(file, rd_buf_span(&file->out))) {
		file->read_only = is_read_only(errno);
		return refuse_file(why, file->path, strerror(errno));
	}
	sync_or_warn(file->path, why);
	return true;
}

void rd_keyfile_close(struct rd_keyfile *file)
{
	if (file->fd >= 0)
		close(file->fd);
	rd_wipe(file, sizeof *file);
	file->fd = -1;
}
