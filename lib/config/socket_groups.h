// Whom the FastCGI sockets let in: the groups that nginx is a member of, so that no secret may be
// readable to them.
#pragma once
#include <sys/types.h>
#include "config/config.h"

#define RD_SOCKET_GROUPS_MAX 4 // two sockets, each as it is and as it would be made

struct rd_socket_groups {
	gid_t gid[RD_SOCKET_GROUPS_MAX];
	size_t count; // 0: no socket of ours goes by groups
};

// The option socket_group: name or number of a group, empty for that of the process, which is
// (gid_t)-1. False with why, which begins with the value: there is no such group.
[[nodiscard]] bool rd_socket_group(const char *group, gid_t *out, struct rd_buf *why);

// Looks at listen and login_listen. A unix socket that is there has its own group. One that we make
// has the group that socket_group names; without one that of its folder where that is setgid, as a
// volume of Kubernetes with an fsGroup is, otherwise our effective group. A socket of ours may be
// left from before and be made again, so both count; another user's, such as systemd's, is handed
// in, and its own group counts. TCP and fd:NUMBER have no group.
struct rd_socket_groups rd_socket_groups(const struct rd_config *config);

bool rd_socket_groups_have(struct rd_socket_groups groups, gid_t gid);
