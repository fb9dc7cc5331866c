// refreshd setup: user, keys, folder of the sockets, configuration.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config/keyfile.h"
#include "config/option.h"
#include "fcgi/admin/setup_parts.h"

#define USER RD_SETUP_USER
#define RUN  "/run/refreshd"

void rd_setup_user(struct rd_setup *s)
{
	const bool has_group = getgrnam(USER);
	const char *const argv[] = {"useradd",
				    "--system",
				    "--no-create-home",
				    "--home-dir",
				    "/nonexistent",
				    "--shell",
				    "/usr/sbin/nologin",
				    has_group ? "--gid" : "--user-group",
				    USER,
				    has_group ? USER : NULL,
				    NULL};
	const struct passwd *user = getpwnam(USER);

	if (user)
		rd_setup_kept("the user " USER);
	else if (rd_setup_making(s, "the user and group " USER) && rd_setup_run(s, argv))
		user = getpwnam(USER);
	s->user = user ? user->pw_uid : (uid_t)-1;
	s->group = user ? user->pw_gid : (gid_t)-1;
}

// Under systemd the keys are root's, and the service gets a copy; else its user reads the file.
void rd_setup_keys(struct rd_setup *s, const char *path)
{
	char reason[512];
	struct rd_buf why = RD_BUF(reason);
	struct stat st;

	if (stat(path, &st) == 0) {
		rd_setup_kept("keys in %s", path);
		if (!s->systemd && s->user != (uid_t)-1 && st.st_uid != s->user)
			rd_setup_todo("chown " USER " %s, for a service that is not systemd's",
				      path);
		return;
	}
	if (!rd_setup_making(s, "keys in %s, mode 0600, owned by %s", path,
			     s->systemd ? "root" : USER))
		return;
	if (rd_keyfile_create(path, &why) < 0 ||
	    (!s->systemd && chown(path, s->user, s->group) != 0))
		rd_setup_failed(s, "keys: %.*s", (int)why.len, why.len ? why.ptr : "chown");
}

void rd_setup_run_folder(struct rd_setup *s)
{
	rd_setup_folder(s, RUN, 0755, s->user, s->group);
	if (!s->systemd)
		rd_setup_todo("at each boot, before the service starts: install -d -o " USER
			      " -g " USER " " RUN);
}

bool rd_setup_configured(const struct rd_config *config)
{
	for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++)
		if (config->origin[id].from == RD_FROM_FILE)
			return true;
	for (size_t i = 0; i < config->client_count; i++)
		if (config->clients[i].line)
			return true;
	return false;
}

static void put_setting(struct rd_buf *out, const char *name, const char *value)
{
	rd_put_str(out, name);
	rd_put_lit(out, " = ");
	rd_put_str(out, value);
	rd_put_lit(out, "\n");
}

// The options given by flags, too.
static void put_config(struct rd_buf *out, const struct rd_setup *s,
		       const struct rd_setup_wishes *w)
{
	rd_put_lit(
	    out,
	    "# By refreshd setup; refreshd.conf(5) has all options, refreshd -t tests them.\n");
	put_setting(out, "issuer", w->issuer);
	put_setting(out, "redis", w->redis);
	if (!s->systemd && *w->nginx_group)
		put_setting(out, "socket_group", w->nginx_group);
	if (!s->systemd)
		put_setting(out, "pid_file", RUN "/refreshd.pid");
	for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++) {
		const struct rd_option *option = rd_option_at(id);

		if (w->config->origin[id].from != RD_FROM_FLAG || id == RD_OPTION_issuer ||
		    id == RD_OPTION_redis)
			continue;
		rd_put_str(out, option->name);
		rd_put_lit(out, " = ");
		rd_option_put(w->config, option, out);
		rd_put_lit(out, "\n");
	}
	rd_put_lit(out, "\n[client web]\nkind = public\n");
}

// Appends, as a file of nothing but comments may hold an administrator's notes. False with errno.
static bool write_config(const struct rd_setup *s, const char *path, struct rd_span text)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	struct stat st;
	bool written;

	if (fd < 0)
		return false;
	written = fstat(fd, &st) == 0 && fchown(fd, 0, s->group) == 0 &&
		  (st.st_size > 0 || fchmod(fd, 0640) == 0) &&
		  write(fd, text.ptr, text.len) == (ssize_t)text.len;
	close(fd);
	return written;
}

void rd_setup_config(struct rd_setup *s, const struct rd_setup_wishes *w)
{
	const struct rd_config *config = w->config;
	const char *path = config->path ? config->path : RD_CONFIG_DEFAULT;
	char bytes[4096];
	struct rd_buf text = RD_BUF(bytes);

	if (rd_setup_configured(config)) {
		rd_setup_kept("%s", path);
		for (enum rd_option_id id = 0; id < RD_OPTION_COUNT; id++)
			if (config->origin[id].from == RD_FROM_FLAG)
				rd_setup_todo("set %s in %s yourself: it is there already",
					      rd_option_at(id)->name, path);
		return;
	}
	put_config(&text, s, w);
	if (rd_setup_making(s, "%s: issuer %s, redis %s", path, w->issuer, w->redis) &&
	    !write_config(s, path, rd_buf_span(&text)))
		rd_setup_failed(s, "%s: %s", path, strerror(errno));
}
