// Tells the service manager how we are: sd_notify(3) without its library. Everything is a no-op
// when nobody asked for it (NOTIFY_SOCKET). Never waits.
#pragma once
#include <stdint.h>

// One message of assignments, one a line, as "READY=1\nSTATUS=all well".
[[gnu::format(printf, 1, 2)]] void rd_notify(const char *format, ...);
// "RELOADING=1" with the time that Type=notify-reload wants; READY=1 says that it is over.
void rd_notify_reloading(void);
// Sends WATCHDOG=1 twice in the time that the manager grants (WATCHDOG_USEC). Call it at every
// wake-up; gives the ms until the next, -1 for never.
int rd_notify_watchdog(int64_t now_ms);
