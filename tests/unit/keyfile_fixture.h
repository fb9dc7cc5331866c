// What tests of key files share: a folder of their own with two names in it.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ring_fixture.h"
#include "config/keyfile.h"
#include "unit.h"

static char dir[32], path[64], other[64], reason[600];
static struct rd_keys keys;
static struct rd_socket_groups sockets; // none, but for tests that set some

// In place of libc's. Of a folder it fails with this errno, unless that is 0.
static int folder_sync_error;

int fsync(int fd)
{
	struct stat st;

	if (folder_sync_error && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		errno = folder_sync_error;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

#define UNSYNCED "written, but may not survive a power cut: its folder: Input/output error"

static inline int start(void **state)
{
	snprintf(dir, sizeof dir, "/tmp/refreshd-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/keys", dir);
	snprintf(other, sizeof other, "%s/other", dir);
	return start_sodium(state);
}

static inline int clean(void **state)
{
	(void)state;
	rd_keys_wipe(&keys);
	folder_sync_error = 0;
	sockets.count = 0;
	unlink(path);
	unlink(other);
	rmdir(other);
	return 0;
}

static inline int stop(void **state)
{
	(void)state;
	return rmdir(dir);
}

static inline void write_file(const char *at, const char *text, size_t len, mode_t mode)
{
	int fd = open(at, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static inline bool load(const char *at)
{
	struct rd_buf why = {reason, 0, sizeof reason - 1, false};
	bool ok = rd_keyfile_load(at, sockets, &keys, &why);

	reason[why.len] = 0;
	assert_int_equal(ok, why.len == 0);
	return ok;
}

#define OPEN_TO_OTHERS "others than its owner have access; chmod 600 it"
