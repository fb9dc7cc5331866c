// What no worker ever needs, and whoever takes one over would: the kernel refuses it from then on.
// Starting a program or looking into another process ends the worker; sockets of other families
// than unix and IP are refused. It needs no rights, so it holds in containers too.
#pragma once
#include <stdbool.h>

// For a worker, before it reads its first request. There is no way out. False: this kernel or
// processor has nothing of the kind; errno says why.
[[nodiscard]] bool rd_sandbox_enter(void);
