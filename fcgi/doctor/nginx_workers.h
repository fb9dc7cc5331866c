// The nginx that runs on this machine: whether its workers may connect to a socket.
#pragma once
#include "base/buf.h"

// path: of a unix socket. Looks at the user and groups that each running worker has, as a group
// that it was given since nginx started does not count yet. Workers in a container, or whose
// identity we may not see, are passed over; access control lists are not looked at. False with why
// when one may not connect.
[[nodiscard]] bool rd_nginx_workers_reach(const char *path, struct rd_buf *why);
