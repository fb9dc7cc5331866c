#include "fcgi/admin/setup_host.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fcgi/verbs.h"

static void say(const char *word, const char *format, va_list args)
{
	char text[RD_LINE_MAX];

	vsnprintf(text, sizeof text, format, args);
	rd_say("%s %s", word, text);
}

void rd_setup_kept(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("kept", format, args);
	va_end(args);
}

void rd_setup_todo(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("todo", format, args);
	va_end(args);
}

void rd_setup_failed(struct rd_setup *s, const char *format, ...)
{
	va_list args;

	s->failed = true;
	va_start(args, format);
	say("FAIL", format, args);
	va_end(args);
}

bool rd_setup_making(const struct rd_setup *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(s->dry_run ? "would make" : "make", format, args);
	va_end(args);
	return !s->dry_run;
}

bool rd_setup_run(struct rd_setup *s, const char *const *argv)
{
	int status = -1;
	pid_t pid;

	fflush(stdout); // its lines come before those of the program
	pid = fork();
	if (pid == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(argv[0], (char *const *)argv);
		fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		rd_setup_failed(s, "%s has failed", argv[0]);
	return status == 0;
}

void rd_setup_folder(struct rd_setup *s, const char *path, mode_t mode, uid_t owner, gid_t group)
{
	struct stat st;

	if (stat(path, &st) == 0) {
		rd_setup_kept("%s, mode %04o", path, st.st_mode & 07777);
		return;
	}
	if (!rd_setup_making(s, "%s, mode %04o", path, mode))
		return;
	// chmod, as the umask is the caller's
	if (mkdir(path, 0700) || chown(path, owner, group) || chmod(path, mode))
		rd_setup_failed(s, "%s: %s", path, strerror(errno));
}

static bool make_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
	return mkdir(folder, 0755) == 0 || errno == EEXIST;
}

static bool write_new(const char *path, struct rd_span text)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text.ptr, text.len) == (ssize_t)text.len && fchmod(fd, 0644) == 0;
	close(fd);
	if (!written)
		unlink(path);
	return written;
}

void rd_setup_file(struct rd_setup *s, const char *path, struct rd_span text)
{
	if (access(path, F_OK) == 0)
		rd_setup_kept("%s", path);
	else if (rd_setup_making(s, "%s", path) && !(make_parent(path) && write_new(path, text)))
		rd_setup_failed(s, "%s: %s", path, strerror(errno));
}

// Returns 1: linked, 0: the name is taken, -1: failed.
static int link_file(const struct rd_setup *s, const char *folder, const char *source,
		     const char *name)
{
	char target[PATH_MAX], path[PATH_MAX];
	struct stat st;

	snprintf(target, sizeof target, "%s/%s", source, name);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	if (lstat(path, &st) == 0)
		return 0;
	return s->dry_run || symlink(target, path) == 0 ? 1 : -1;
}

void rd_setup_links(struct rd_setup *s, const char *folder, const char *source)
{
	DIR *from = opendir(source);
	unsigned counts[2] = {0};

	if (!from) {
		rd_setup_todo("link or copy nginx/include/refreshd-*.conf into %s; %s: %s", folder,
			      source, strerror(errno));
		return;
	}
	for (const struct dirent *e; (e = readdir(from));) {
		int done;

		if (strncmp(e->d_name, "refreshd-", strlen("refreshd-")) != 0)
			continue;
		done = link_file(s, folder, source, e->d_name);
		if (done < 0)
			rd_setup_failed(s, "%s/%s: %s", folder, e->d_name, strerror(errno));
		else
			counts[done]++;
	}
	closedir(from);
	if (counts[0])
		rd_setup_kept("%u files refreshd-*.conf in %s", counts[0], folder);
	if (counts[1])
		(void)rd_setup_making(s, "%u links in %s to %s/refreshd-*.conf", counts[1], folder,
				      source);
}
