// A seccomp filter against what no worker needs, but whoever takes one over would. Starting a
// program or reading another process' memory kills the worker; sockets of other families than unix
// and IP are refused. It takes no privileges, so it works in containers too.
#pragma once
#include <stdbool.h>

// For a worker, before it reads its first request; it cannot be undone. Returns false with errno
// when the kernel or the processor does not support it.
[[nodiscard]] bool rd_sandbox_enter(void);
