// Stands in for the name servers of whoever loads it by LD_PRELOAD. NAMES is a file with the IP
// addresses of every name that ends in .test; while it is not there, they are silent, and while it
// is empty, no name is known. NAMES.asked gets a line for each look-up: the name, and whether the
// process' main thread or another stood still for it.
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static void note(const char *node)
{
	char path[512], line[256];
	int fd, len;

	snprintf(path, sizeof path, "%s.asked", getenv("NAMES"));
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	len = snprintf(line, sizeof line, "%s %s %d\n", node,
		       gettid() == getpid() ? "main" : "other", (int)getpid());
	if (fd < 0 || write(fd, line, (size_t)len) != len)
		abort();
	close(fd);
}

static void wait_for_addresses(char text[static 256])
{
	FILE *file;

	while (!(file = fopen(getenv("NAMES"), "re")))
		usleep(2000);
	text[fread(text, 1, 255, file)] = 0;
	fclose(file);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **list)
{
	look_up *real = (look_up *)dlsym(RTLD_NEXT, "getaddrinfo");
	const size_t len = node ? strlen(node) : 0;
	int error = EAI_NONAME;
	char text[256], *rest;

	if (node)
		note(node);
	if (len < 5 || strcmp(node + len - 5, ".test") != 0)
		return real(node, service, hints, list);
	wait_for_addresses(text);
	*list = NULL;
	for (char *at = strtok_r(text, " \n", &rest); at; at = strtok_r(NULL, " \n", &rest)) {
		struct addrinfo **end = list;

		while (*end)
			end = &(*end)->ai_next;
		error = real(at, service, hints, end);
	}
	return *list ? 0 : error;
}
