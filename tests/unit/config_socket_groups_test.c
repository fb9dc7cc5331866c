#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "config/socket_groups.h"
#include "unit.h"

static char dir[32], path[64];
static struct rd_config config;

static int start(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/refreshd-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/sock", dir);
	snprintf(config.listen, sizeof config.listen, "unix:%s", path);
	snprintf(config.login_listen, sizeof config.login_listen, "tcp:127.0.0.1:9001");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void make_socket(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(un.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
	close(fd);
}

static void assert_groups(size_t count, gid_t first, gid_t second)
{
	const struct rd_socket_groups groups = rd_socket_groups(&config);

	assert_int_equal(groups.count, count);
	if (count > 0)
		assert_int_equal(groups.gid[0], first);
	if (count > 1)
		assert_int_equal(groups.gid[1], second);
	for (size_t i = 0; i < count; i++)
		assert_true(rd_socket_groups_have(groups, groups.gid[i]));
	assert_false(rd_socket_groups_have(groups, 54321));
}

static void a_socket_to_be_made_gets_our_group(void **state)
{
	(void)state;
	assert_groups(1, getegid(), 0);
	snprintf(config.login_listen, sizeof config.login_listen, "unix:/nonexistent/login.sock");
	assert_groups(1, getegid(), 0); // the same once more
}

// A volume of Kubernetes with an fsGroup is such a folder.
static void s_in_a_setgid_folder_it_gets_the_folders(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(dir, 0, 12345), 0);
	assert_groups(1, getegid(), 0);
	assert_int_equal(chmod(dir, 02775), 0);
	assert_groups(1, 12345, 0);
	make_socket();
	assert_groups(1, 12345, 0);
}

static void s_a_socket_of_ours_counts_as_it_is_and_as_it_would_be_made(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	make_socket();
	assert_int_equal(chown(path, geteuid(), 12345), 0);
	assert_groups(2, 12345, getegid());
}

static void s_another_users_socket_is_handed_in_and_has_its_own_group(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	make_socket();
	assert_int_equal(chown(path, 23456, 12345), 0);
	assert_groups(1, 12345, 0);
}

static void s_a_socket_to_be_made_gets_the_group_of_socket_group(void **state)
{
	(void)state;
	memcpy(config.socket_group, "54320", sizeof "54320");
	assert_groups(1, 54320, 54320);
	config.socket_group[0] = 0;
	assert_groups(1, getegid(), getegid());
}

static void what_has_no_path_has_no_group(void **state)
{
	static const char *const addresses[] = {"tcp:127.0.0.1:9000", "tcp:0.0.0.0:9000",
						"tcp:[::1]:9000",     "fd:3",
						"unix:relative",      "nonsense"};

	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++) {
		snprintf(config.listen, sizeof config.listen, "%s", addresses[i]);
		assert_groups(0, 0, 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
	    TEST(a_socket_to_be_made_gets_our_group),
	    TEST(s_in_a_setgid_folder_it_gets_the_folders),
	    TEST(s_a_socket_of_ours_counts_as_it_is_and_as_it_would_be_made),
	    TEST(s_another_users_socket_is_handed_in_and_has_its_own_group),
	    TEST(s_a_socket_to_be_made_gets_the_group_of_socket_group),
	    TEST(what_has_no_path_has_no_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
