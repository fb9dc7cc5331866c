// refreshd setup: nginx' right to connect, and its files.
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>
#include "fcgi/admin/setup_parts.h"

#define USER  RD_SETUP_USER
#define NGINX "/etc/nginx"
#define UNITS "/etc/systemd/system"

// Finds the group of nginx' workers: `user NAME [GROUP];` of its configuration, else the
// distributions' names for it. out stays empty when there is none.
void rd_setup_find_nginx_group(char *out, size_t max)
{
	static const char *const usual[] = {"www-data", "nginx"};
	char line[300], name[65], group[65];
	FILE *file = fopen(NGINX "/nginx.conf", "re");

	while (file && !*out && fgets(line, sizeof line, file)) {
		const int words =
		    sscanf(line, " user %64[A-Za-z0-9_.-] %64[A-Za-z0-9_.-]", name, group);
		const struct passwd *user = words == 1 ? getpwnam(name) : NULL;
		const struct group *own = user ? getgrgid(user->pw_gid) : NULL;

		if (words == 2)
			snprintf(out, max, "%s", group);
		else if (own)
			snprintf(out, max, "%s", own->gr_name);
	}
	if (file)
		fclose(file);
	for (size_t i = 0; i < 2 && !*out; i++)
		if (getgrnam(usual[i]))
			snprintf(out, max, "%s", usual[i]);
}

// The sockets' group becomes nginx' own, so that nginx' user need not enter refreshd's, which may
// read the configuration.
static void make_units_group(struct rd_setup *s, const char *group)
{
	static const char *const paths[] = {UNITS "/refreshd.socket.d/nginx-group.conf",
					    UNITS "/refreshd-login.socket.d/nginx-group.conf"};
	static const char *const reload[] = {"systemctl", "daemon-reload", NULL};
	char bytes[256];
	struct rd_buf text = RD_BUF(bytes);

	rd_put_lit(&text,
		   "# By refreshd setup: nginx' workers may connect.\n[Socket]\nSocketUser=" USER
		   "\nSocketGroup=");
	rd_put_str(&text, group);
	rd_put_lit(&text, "\n");
	for (size_t i = 0; i < 2; i++)
		rd_setup_file(s, paths[i], rd_buf_span(&text));
	if (!s->dry_run)
		(void)rd_setup_run(s, reload);
}

// Only root and members of a group may give a file to it.
static void join_group(struct rd_setup *s, const char *group)
{
	const char *const argv[] = {"usermod", "-aG", group, USER, NULL};
	const struct group *entry = getgrnam(group);

	for (char **member = entry->gr_mem; *member; member++)
		if (strcmp(*member, USER) == 0) {
			rd_setup_kept("%s is a member of %s", USER, group);
			return;
		}
	if (rd_setup_making(s, "%s a member of %s, whom its sockets are for", USER, group))
		(void)rd_setup_run(s, argv);
}

void rd_setup_let_nginx_in(struct rd_setup *s, const char *group)
{
	if (!*group)
		rd_setup_todo("once nginx is there: refreshd setup again, or --nginx-group GROUP");
	else if (!getgrnam(group))
		rd_setup_failed(s, "--nginx-group %s: no such group", group);
	else if (s->systemd)
		make_units_group(s, group);
	else
		join_group(s, group);
}

// The includes that came with this binary. False when its own path cannot be read.
static bool own_includes(char out[static PATH_MAX])
{
	char path[PATH_MAX];
	const ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);

	if (len < 0)
		return false;
	path[len] = 0;
	for (int up = 0; up < 2 && strrchr(path, '/'); up++)
		*strrchr(path, '/') = 0;
	return snprintf(out, PATH_MAX, "%s/share/refreshd/nginx", path) < PATH_MAX;
}

static void make_nginx_files(struct rd_setup *s, const struct rd_setup_wishes *w)
{
	char *http = NULL, *server = NULL;
	size_t http_len = 0, server_len = 0;
	FILE *to_http = open_memstream(&http, &http_len);
	FILE *to_server = open_memstream(&server, &server_len);

	if (to_http && to_server) {
		rd_nginx_print_http(to_http, w->internal);
		rd_nginx_print_server(to_server, &w->nginx, w->issuer);
	}
	if (to_http && fclose(to_http) == 0)
		rd_setup_file(s, NGINX "/conf.d/refreshd.conf", (struct rd_span){http, http_len});
	if (to_server && fclose(to_server) == 0)
		rd_setup_file(s, NGINX "/snippets/refreshd.conf",
			      (struct rd_span){server, server_len});
	free(http);
	free(server);
	rd_setup_todo("in the site's server block: include snippets/refreshd.conf; then nginx -t, "
		      "and reload");
}

void rd_setup_nginx(struct rd_setup *s, const struct rd_setup_wishes *w)
{
	char includes[PATH_MAX];

	if (access(NGINX, F_OK) != 0 || !own_includes(includes)) {
		rd_setup_todo("link nginx' includes, once nginx is there: refreshd setup again");
		return;
	}
	rd_setup_links(s, NGINX, includes);
	if (w->nginx.prefix)
		make_nginx_files(s, w);
}
