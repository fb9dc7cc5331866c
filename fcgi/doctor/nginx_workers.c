#include "fcgi/doctor/nginx_workers.h"
#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define GROUPS_MAX 256

struct identity {
	uid_t user;
	gid_t groups[GROUPS_MAX]; // its own first
	size_t group_count;
};

// Reads a file of /proc/PID, NUL-terminated. False when it is not there, or not ours to read.
static bool read_proc(const char *pid, const char *name, char *out, size_t max)
{
	char path[300];
	FILE *file;
	size_t len;

	snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
	file = fopen(path, "re");
	if (!file)
		return false;
	len = fread(out, 1, max - 1, file);
	out[len] = 0;
	fclose(file);
	return len > 0;
}

// As systemd's PrivateTmp has it, the root is ours though the mounts are not.
static bool has_our_root(const char *pid)
{
	char path[300];
	struct stat ours, its;

	snprintf(path, sizeof path, "/proc/%s/root/", pid);
	return stat("/", &ours) == 0 && stat(path, &its) == 0 && ours.st_dev == its.st_dev &&
	       ours.st_ino == its.st_ino;
}

// The master is root's, and its workers are its children; only they connect.
static bool is_worker(const char *pid)
{
	char title[64];

	return read_proc(pid, "cmdline", title, sizeof title) &&
	       strncmp(title, "nginx: worker process", strlen("nginx: worker process")) == 0;
}

// Reads the numbers behind a name of /proc/PID/status, such as "\nGroups:". Returns how many.
static size_t read_ids(const char *status, const char *name, unsigned *out, size_t max)
{
	const char *at = strstr(status, name);
	size_t count = 0;

	if (!at)
		return 0;
	at += strlen(name);
	while (count < max && *(at += strspn(at, " \t")) >= '0' && *at <= '9') {
		char *end;

		out[count++] = (unsigned)strtoul(at, &end, 10);
		at = end;
	}
	return count;
}

// Behind Uid: and Gid: are the real one and the effective one, which counts.
static bool read_identity(const char *pid, struct identity *out)
{
	char status[16384];
	unsigned user[2], group[2];

	if (!read_proc(pid, "status", status, sizeof status) ||
	    read_ids(status, "\nUid:", user, 2) != 2 || read_ids(status, "\nGid:", group, 2) != 2)
		return false;
	out->user = user[1];
	out->groups[0] = group[1];
	out->group_count = 1 + read_ids(status, "\nGroups:", out->groups + 1, GROUPS_MAX - 1);
	return true;
}

// bit: of the rights of others, S_IWOTH or S_IXOTH.
static bool may(const struct identity *who, const struct stat *st, mode_t bit)
{
	if (who->user == 0)
		return true;
	if (who->user == st->st_uid)
		return st->st_mode & bit << 6;
	for (size_t i = 0; i < who->group_count; i++)
		if (who->groups[i] == st->st_gid)
			return st->st_mode & bit << 3;
	return st->st_mode & bit;
}

// Returns the first part of path that is closed to who, as its length in bytes; 0: none is.
static size_t closed_part(const struct identity *who, const char *path)
{
	char part[256] = "/";
	struct stat st;

	for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
		snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
		if (stat(part, &st) == 0 && !may(who, &st, S_IXOTH))
			return (size_t)(slash - path);
	}
	return stat(path, &st) == 0 && !may(who, &st, S_IWOTH) ? strlen(path) : 0;
}

static void put_user(struct rd_buf *out, uid_t user)
{
	const struct passwd *entry = getpwuid(user);

	if (entry)
		rd_put_str(out, entry->pw_name);
	else
		rd_put_u64(out, user);
}

static void blame(struct rd_buf *why, const struct identity *who, struct rd_span closed)
{
	rd_put_lit(why, "nginx' workers (user ");
	put_user(why, who->user);
	rd_put_lit(why, ") may not ");
	rd_put_str(why, closed.len ? "enter " : "connect");
	rd_put_span(why, closed);
	rd_put_lit(
	    why, ", so nginx answers 503: give the sockets a group of theirs (socket_group; under "
		 "systemd, SocketGroup= of both sockets), or make that user a member of the "
		 "sockets' group and restart nginx");
}

bool rd_nginx_workers_reach(const char *path, struct rd_buf *why)
{
	DIR *proc = opendir("/proc");
	struct identity who;
	bool reached = true;

	for (const struct dirent *e; reached && proc && (e = readdir(proc));) {
		size_t closed;

		if (*e->d_name < '1' || *e->d_name > '9' || !is_worker(e->d_name) ||
		    !has_our_root(e->d_name) || !read_identity(e->d_name, &who))
			continue;
		closed = closed_part(&who, path);
		reached = closed == 0;
		if (!reached)
			blame(why, &who,
			      (struct rd_span){path, closed < strlen(path) ? closed : 0});
	}
	if (proc)
		closedir(proc);
	return reached;
}
