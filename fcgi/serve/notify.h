// Messages to the service manager, as sd_notify(3) sends them. No-ops without a manager that asked
// for them (NOTIFY_SOCKET). They never wait.
#pragma once
#include <stdint.h>

// Sends assignments, one a line: "READY=1\nSTATUS=all well".
[[gnu::format(printf, 1, 2)]] void rd_notify(const char *format, ...);
// Sends RELOADING=1 with the time that Type=notify-reload requires. READY=1 ends it.
void rd_notify_reloading(void);
// Sends WATCHDOG=1 twice within the time that the manager grants (WATCHDOG_USEC). Call it at every
// wake-up. Returns the ms until the next one is due, -1 for never.
int rd_notify_watchdog(int64_t now_ms);
