#include "config/socket_groups.h"
#include <sys/stat.h>
#include <unistd.h>
#include "base/address.h"

static void add_group(struct rd_socket_groups *groups, gid_t gid)
{
	if (!rd_socket_groups_have(*groups, gid))
		groups->gid[groups->count++] = gid;
}

// Returns the group of a socket that this process would make at path, which is absolute.
static gid_t group_when_made(const char *path)
{
	const size_t len = (size_t)(strrchr(path, '/') - path) + 1;
	char folder[sizeof((struct sockaddr_un *)0)->sun_path] = "";
	struct stat st;

	memcpy(folder, path, len);
	return stat(folder, &st) == 0 && st.st_mode & S_ISGID ? st.st_gid : getegid();
}

static void add_groups_of(struct rd_socket_groups *groups, const char *address)
{
	struct rd_address at;
	struct stat st;
	bool there;

	if (!rd_address_read(rd_span(address), &at) || at.any.sa_family != AF_UNIX ||
	    at.un.sun_path[0] != '/')
		return;
	there = stat(at.un.sun_path, &st) == 0 && S_ISSOCK(st.st_mode);
	if (there)
		add_group(groups, st.st_gid);
	if (!there || st.st_uid == geteuid())
		add_group(groups, group_when_made(at.un.sun_path));
}

struct rd_socket_groups rd_socket_groups(const struct rd_config *config)
{
	struct rd_socket_groups groups = {.count = 0};

	add_groups_of(&groups, config->listen);
	add_groups_of(&groups, config->login_listen);
	return groups;
}

bool rd_socket_groups_have(struct rd_socket_groups groups, gid_t gid)
{
	for (size_t i = 0; i < groups.count; i++)
		if (groups.gid[i] == gid)
			return true;
	return false;
}
