// Secrets that belong to root and that their group may read: what a service that is not root can
// have and cannot change, such as a Secret of Kubernetes.
#include <grp.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "keyfile_fixture.h"

#define USER      10001
#define GROUP     10002 // what Kubernetes calls fsGroup: a supplementary group of the process
#define OPEN_ROOT "others than root and its group have access; chmod 440 it"
#define SOCKETS   "its group is that of the FastCGI sockets"

// The reason of the last load as USER; empty: it was loaded.
static char *told;

static int start_shared(void **state)
{
	told = mmap(NULL, sizeof reason, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED || start(state) != 0)
		return -1;
	return chmod(dir, 0755);
}

static void become_user(void)
{
	const gid_t groups[] = {GROUP};

	if (setgroups(1, groups) != 0 || setgid(USER) != 0 || setuid(USER) != 0)
		_exit(2);
}

// Loads at as USER, in a child. Leaves the reason in told.
static bool user_loads(const char *at)
{
	const pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		struct rd_buf why = {told, 0, sizeof reason - 1, false};
		bool ok;

		become_user();
		ok = rd_keyfile_load(at, sockets, &keys, &why);
		told[why.len] = 0;
		_exit(ok && memcmp(&keys, ring(), sizeof keys) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	assert_int_equal(WEXITSTATUS(status) == 0, *told == 0);
	return WEXITSTATUS(status) == 0;
}

static void write_owned(const char *at, uid_t uid, gid_t gid, mode_t mode)
{
	write_file(at, RING, sizeof RING - 1, mode);
	assert_int_equal(chown(at, uid, gid), 0);
	assert_int_equal(chmod(at, mode), 0);
}

static void s_a_file_of_root_may_be_its_groups_to_read(void **state)
{
	static const mode_t good[] = {0440, 0640, 0040}, bad[] = {0444, 0460, 0450, 0644, 0660};

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < COUNT(good); i++) {
		write_owned(path, 0, GROUP, good[i]);
		assert_true(user_loads(path));
		assert_true(load(path)); // root too, as who tests a configuration
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		write_owned(path, 0, GROUP, bad[i]);
		assert_false(user_loads(path));
		assert_non_null(strstr(told, OPEN_ROOT));
		assert_false(load(path));
	}
}

static void s_a_file_of_the_user_is_the_users_alone(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	write_owned(path, USER, GROUP, 0440);
	assert_false(user_loads(path));
	assert_non_null(strstr(told, OPEN_TO_OTHERS));
	write_owned(path, USER, GROUP, 0400);
	assert_true(user_loads(path));
	write_owned(path, USER + 1, GROUP, 0440);
	assert_false(user_loads(path));
}

static void s_what_nginx_could_read_is_refused(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	sockets = (struct rd_socket_groups){{USER, GROUP}, 2};
	write_owned(path, 0, GROUP, 0440);
	assert_false(user_loads(path));
	assert_non_null(strstr(told, SOCKETS));
	assert_false(load(path));
	sockets.count = 1;
	assert_true(user_loads(path));
	sockets.count = 2;
	write_owned(path, 0, GROUP, 0400); // its group has no right
	assert_true(load(path));
}

// As kubelet lays it out: keys -> ..data/keys, ..data -> a folder of this version. A new version
// comes by a rename of ..data, and the next load has it.
static void s_a_secret_of_kubernetes_is_loaded_before_and_after_its_swap(void **state)
{
	static const char *const versions[] = {"..one", "..two"};
	char at[100], link[100], aside[100];

	(void)state;
	if (geteuid() != 0)
		skip();
	snprintf(link, sizeof link, "%s/..data", dir);
	snprintf(aside, sizeof aside, "%s/..data_tmp", dir);
	assert_int_equal(symlink("..data/keys", path), 0);
	for (size_t i = 0; i < COUNT(versions); i++) {
		snprintf(at, sizeof at, "%s/%s", dir, versions[i]);
		assert_int_equal(mkdir(at, 0755), 0);
		snprintf(at, sizeof at, "%s/%s/keys", dir, versions[i]);
		write_owned(at, 0, GROUP, 0440);
		assert_int_equal(symlink(versions[i], aside), 0);
		assert_int_equal(rename(aside, link), 0);
		assert_true(user_loads(path));
	}
	assert_int_equal(chmod(at, 0444), 0); // the newest is what counts
	assert_false(user_loads(path));
	for (size_t i = 0; i < COUNT(versions); i++) {
		snprintf(at, sizeof at, "%s/%s/keys", dir, versions[i]);
		unlink(at);
		*strrchr(at, '/') = 0;
		rmdir(at);
	}
	unlink(link);
}

static void s_a_password_goes_by_the_same_rule(void **state)
{
	char out[1000];
	struct rd_buf why = {reason, 0, sizeof reason - 1, false};

	(void)state;
	if (geteuid() != 0)
		skip();
	write_owned(path, 0, GROUP, 0440);
	assert_true(rd_secret_load(path, sockets, out, sizeof out, &why));
	sockets = (struct rd_socket_groups){{GROUP}, 1};
	assert_false(rd_secret_load(path, sockets, out, sizeof out, &why));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, clean)
	const struct CMUnitTest tests[] = {
	    TEST(s_a_file_of_root_may_be_its_groups_to_read),
	    TEST(s_a_file_of_the_user_is_the_users_alone),
	    TEST(s_what_nginx_could_read_is_refused),
	    TEST(s_a_secret_of_kubernetes_is_loaded_before_and_after_its_swap),
	    TEST(s_a_password_goes_by_the_same_rule),
	};

	return cmocka_run_group_tests(tests, start_shared, stop);
}
