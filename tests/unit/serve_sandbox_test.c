// What a worker can not do, taken over or not.
#include "fcgi/serve/sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"

#ifdef __SANITIZE_ADDRESS__
#define JAILED false // its report starts a program
#else
#define JAILED true
#endif

// Runs act in a jailed process of its own. Returns what waitpid says of it.
static int jailed(int (*act)(void))
{
	const pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(rd_sandbox_enter() ? act() : 99);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int start_a_program(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static int start_a_program_by_descriptor(void)
{
	static char name[] = "true";
	static char *const words[] = {name, NULL};

	return fexecve(open("/bin/true", O_RDONLY), words, environ);
}

static int look_into_the_parent(void)
{
	return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0;
}

static int read_the_parents_memory(void)
{
	return (int)syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static int go_round_the_filter(void)
{
	return (int)syscall(SYS_io_uring_setup, 1, NULL);
}

static void S_what_no_worker_needs_ends_it(void **state)
{
	static int (*const acts[])(void) = {start_a_program, start_a_program_by_descriptor,
					    look_into_the_parent, read_the_parents_memory,
					    go_round_the_filter};

	(void)state;
	if (!JAILED)
		skip();
	for (size_t i = 0; i < COUNT(acts); i++) {
		const int status = jailed(acts[i]);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("act %zu: status %#x", i, (unsigned)status);
	}
}

static int make_sockets(void)
{
	static const struct {
		int family;
		bool refused;
	} rows[] = {{AF_UNIX, false},   {AF_INET, false},  {AF_INET6, false},
		    {AF_NETLINK, true}, {AF_PACKET, true}, {AF_VSOCK, true}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const int fd = socket(rows[i].family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		// without IPv6 that family is refused too, by the kernel itself
		if (rows[i].refused ? fd >= 0 || errno != EAFNOSUPPORT
				    : fd < 0 && rows[i].family != AF_INET6)
			return 1 + (int)i;
	}
	return 0;
}

static int think(void)
{
	char *text = strdup("work goes on");

	free(text);
	return text ? 0 : 1;
}

static void S_only_sockets_that_a_worker_uses(void **state)
{
	(void)state;
	if (!JAILED)
		skip();
	assert_int_equal(jailed(make_sockets), 0);
	assert_int_equal(jailed(think), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(S_what_no_worker_needs_ends_it),
	    cmocka_unit_test(S_only_sockets_that_a_worker_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
