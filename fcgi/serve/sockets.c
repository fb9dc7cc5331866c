#include "fcgi/serve/sockets.h"
#include <stdlib.h>
#include <unistd.h>
#include "config/socket_groups.h"
#include "fcgi/serve/listen.h"

#define SYSTEMD_FIRST 3 // sd_listen_fds(3)

const char *rd_sockets_address(const struct rd_worker_setup *setup, enum rd_role role)
{
	return role == RD_ROLE_LOGIN ? setup->config->login_listen : setup->config->listen;
}

static bool take_socket(struct rd_worker_setup *setup, enum rd_role role, int fd,
			struct rd_buf *why)
{
	rd_put_lit(why, "listen: ");
	if (setup->listen_fd[role] >= 0) {
		rd_put_lit(why, "two sockets for the same role, or more than two, were handed in");
		return false;
	}
	setup->listen_fd[role] = rd_listen_on(fd, why);
	if (setup->listen_fd[role] >= 0)
		why->len = 0;
	setup->handed_in[role] = true;
	return setup->listen_fd[role] >= 0;
}

static enum rd_role role_for(const struct rd_worker_setup *setup, struct rd_span name)
{
	if (name.len && memmem(name.ptr, name.len, "login", 5))
		return RD_ROLE_LOGIN;
	return setup->listen_fd[RD_ROLE_GENERAL] < 0 ? RD_ROLE_GENERAL : RD_ROLE_LOGIN;
}

// LISTEN_FDNAMES names them in order, between colons; without FileDescriptorName= by their unit.
static bool take_from_systemd(struct rd_worker_setup *setup, struct rd_buf *why)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	const char *name = getenv("LISTEN_FDNAMES");
	const long count = fds ? strtol(fds, NULL, 10) : 0;

	if (!pid || strtol(pid, NULL, 10) != getpid())
		return true;
	for (int i = 0; i < count; i++) {
		const size_t len = name ? strcspn(name, ":") : 0;

		if (!take_socket(setup, role_for(setup, (struct rd_span){name, len}),
				 SYSTEMD_FIRST + i, why))
			return false;
		if (name)
			name += len + (name[len] == ':');
	}
	unsetenv("LISTEN_PID"); // they are for us alone, and once only
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return true;
}

bool rd_sockets_access(const struct rd_config *config, struct rd_socket_access *out,
		       struct rd_buf *why)
{
	rd_config_blame(config, RD_OPTION_socket_group, why);
	rd_put_lit(why, "socket_group: ");
	if (!rd_socket_group(config->socket_group, &out->group, why))
		return false;
	why->len = 0;
	rd_config_blame(config, RD_OPTION_socket_mode, why);
	rd_put_lit(why, "socket_mode: ");
	if (!rd_socket_mode(config->socket_mode, &out->mode, why))
		return false;
	why->len = 0;
	return true;
}

static bool make_socket(struct rd_worker_setup *setup, enum rd_role role,
			const struct rd_socket_access *access, struct rd_buf *why)
{
	const char *address = rd_sockets_address(setup, role);

	if (setup->listen_fd[role] >= 0)
		return true;
	rd_config_blame(setup->config,
			role == RD_ROLE_LOGIN ? RD_OPTION_login_listen : RD_OPTION_listen, why);
	rd_put_str(why, role == RD_ROLE_LOGIN ? "login_listen: " : "listen: ");
	setup->listen_fd[role] = rd_listen(address, access, why);
	if (setup->listen_fd[role] >= 0)
		why->len = 0;
	setup->handed_in[role] = strncmp(address, "fd:", 3) == 0;
	return setup->listen_fd[role] >= 0;
}

bool rd_sockets_open(struct rd_worker_setup *setup, struct rd_buf *why)
{
	const int general = RD_ROLE_GENERAL;
	struct rd_socket_access access;

	if (setup->listen_fd[general] >= 0)
		return true; // kept over an upgrade, as the other
	if (!take_from_systemd(setup, why))
		return false;
	if (setup->listen_fd[general] < 0 && rd_listens(0) && !take_socket(setup, general, 0, why))
		return false;
	if (!rd_sockets_access(setup->config, &access, why))
		return false;
	// The one for logins first: whoever finds the general one may rely on both.
	if (!make_socket(setup, RD_ROLE_LOGIN, &access, why))
		return false;
	if (make_socket(setup, RD_ROLE_GENERAL, &access, why))
		return true;
	if (!setup->handed_in[RD_ROLE_LOGIN])
		rd_unlisten(setup->config->login_listen);
	return false;
}

void rd_sockets_close(const struct rd_worker_setup *setup)
{
	for (enum rd_role role = 0; role < RD_ROLE_COUNT; role++) {
		if (!setup->handed_in[role])
			rd_unlisten(rd_sockets_address(setup, role));
		close(setup->listen_fd[role]);
	}
}

const char *rd_sockets_name(const struct rd_worker_setup *setup, enum rd_role role)
{
	return setup->handed_in[role] ? "a socket handed in" : rd_sockets_address(setup, role);
}
