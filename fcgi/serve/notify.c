#include "fcgi/serve/notify.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/clock.h"

void rd_notify(const char *format, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char text[512];
	socklen_t len;
	va_list args;
	int fd;

	// '@' stands for the NUL of an abstract name.
	if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof un.sun_path)
		return;
	memcpy(un.sun_path, path, strlen(path));
	if (*path == '@')
		*un.sun_path = 0;
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&un, len);
	close(fd);
}

void rd_notify_reloading(void)
{
	rd_notify("RELOADING=1\nMONOTONIC_USEC=%lld", (long long)rd_mono_ms() * 1000);
}

// Returns half of the time that is granted, in ms; 0 when nobody watches this process.
static int64_t period_ms(void)
{
	const char *granted = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!granted || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	return strtoll(granted, NULL, 10) / 2000;
}

int rd_notify_watchdog(int64_t now_ms)
{
	static int64_t due_ms;
	const int64_t period = period_ms();

	if (period <= 0)
		return -1;
	if (now_ms >= due_ms) {
		rd_notify("WATCHDOG=1");
		due_ms = now_ms + period;
	}
	return rd_ms_until(due_ms, now_ms);
}
