#include "config/socket_groups.h"
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/address.h"

bool rd_socket_group(const char *group, gid_t *out, struct rd_buf *why)
{
	char bytes[16384]; // of a group with many members
	struct group entry, *found = NULL;
	uint64_t number;

	*out = (gid_t)-1;
	if (!*group)
		return true;
	if (rd_span_number(rd_span(group), UINT32_MAX - 1, &number)) {
		*out = (gid_t)number;
		return true;
	}
	if (getgrnam_r(group, &entry, bytes, sizeof bytes, &found) == 0 && found) {
		*out = found->gr_gid;
		return true;
	}
	rd_put_str(why, group);
	rd_put_lit(why, ": no such group");
	return false;
}

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

// chosen: by socket_group, (gid_t)-1 for none.
static void add_groups_of(struct rd_socket_groups *groups, const char *address, gid_t chosen)
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
	if (there && st.st_uid != geteuid())
		return;
	add_group(groups, chosen == (gid_t)-1 ? group_when_made(at.un.sun_path) : chosen);
}

struct rd_socket_groups rd_socket_groups(const struct rd_config *config)
{
	struct rd_socket_groups groups = {.count = 0};
	char reason[200];
	struct rd_buf why = RD_BUF(reason);
	gid_t chosen;

	// A group that does not exist is refused where the sockets are made.
	(void)!rd_socket_group(config->socket_group, &chosen, &why);
	add_groups_of(&groups, config->listen, chosen);
	add_groups_of(&groups, config->login_listen, chosen);
	return groups;
}

bool rd_socket_groups_have(struct rd_socket_groups groups, gid_t gid)
{
	for (size_t i = 0; i < groups.count; i++)
		if (groups.gid[i] == gid)
			return true;
	return false;
}
