#include "keyfile_fixture.h"
#include <dirent.h>
#include <sys/wait.h>

static bool open_edit(const char *at, struct rd_keyfile *file)
{
	struct rd_buf why = {reason, 0, sizeof reason - 1, false};
	bool ok = rd_keyfile_open(at, sockets, file, &why);

	reason[why.len] = 0;
	assert_int_equal(ok, why.len == 0);
	return ok;
}

static bool replace(struct rd_keyfile *file)
{
	struct rd_buf why = {reason, 0, sizeof reason - 1, false};
	bool ok = rd_keyfile_replace(file, &why);

	reason[why.len] = 0;
	assert_int_equal(ok && !folder_sync_error, why.len == 0);
	return ok;
}

static void assert_holds(const char *at, const char *text)
{
	char is[1000];
	int fd = open(at, O_RDONLY);
	ssize_t len = read(fd, is, sizeof is);

	close(fd);
	assert_true(len >= 0);
	assert_text((struct rd_span){is, (size_t)len}, text);
}

static size_t names_in_dir(void)
{
	DIR *all = opendir(dir);
	size_t count = 0;

	assert_non_null(all);
	while (readdir(all))
		count++;
	closedir(all);
	return count - 2; // . and ..
}

static void an_edit_takes_the_place_of_the_file_with_its_mode(void **state)
{
	static const mode_t modes[] = {0600, 0400, 0700};
	static struct rd_keyfile file;

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		struct stat st;

		write_file(path, RING, sizeof RING - 1, modes[i]);
		assert_true(open_edit(path, &file));
		assert_text(file.text, RING);
		assert_memory_equal(&file.keys, ring(), sizeof file.keys);
		rd_put_lit(&file.out, RING_DEPLOYMENT RING_REFRESH "# new\n");
		assert_true(replace(&file));
		assert_int_equal(file.keys.refresh_active, 7);
		assert_int_equal(file.keys.refresh[1].kid, 0);
		rd_keyfile_close(&file);
		assert_holds(path, RING_DEPLOYMENT RING_REFRESH "# new\n");
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode, S_IFREG | modes[i]);
		assert_int_equal(names_in_dir(), 1); // nothing is left aside
		unlink(path);
	}
}

static void s_an_edit_keeps_the_group_and_leaves_nothing_in_memory(void **state)
{
	static struct rd_keyfile file;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	write_file(path, RING, sizeof RING - 1, 0600);
	assert_int_equal(chown(path, 0, 12345), 0);
	assert_true(open_edit(path, &file));
	rd_put_span(&file.out, file.text);
	assert_true(replace(&file));
	rd_keyfile_close(&file);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_gid, 12345);
	assert_int_equal(file.fd, -1);
	file.fd = 0;
	assert_true(sodium_is_zero((const uint8_t *)&file, sizeof file));
}

static void an_edit_that_would_not_load_changes_nothing(void **state)
{
	static const char *const texts[] = {"", RING_DEPLOYMENT, RING RING_REFRESH,
					    RING "refresh 9 next QEFCQ0RF\n"};
	static struct rd_keyfile file;

	(void)state;
	write_file(path, RING, sizeof RING - 1, 0600);
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_true(open_edit(path, &file));
		rd_put_str(&file.out, texts[i]);
		assert_false(replace(&file));
		assert_null(strstr(reason, "QEFC"));
		rd_keyfile_close(&file);
	}
	assert_true(open_edit(path, &file));
	while (rd_buf_ok(&file.out))
		rd_put_lit(&file.out, "# no room for this\n");
	assert_false(replace(&file));
	assert_non_null(strstr(reason, "too long"));
	rd_keyfile_close(&file);
	assert_holds(path, RING);
	assert_int_equal(names_in_dir(), 1);
}

static void a_folder_that_cannot_be_synced_is_a_warning_and_the_edit_holds(void **state)
{
	static struct rd_keyfile file;
	char wanted[200];

	(void)state;
	write_file(path, RING, sizeof RING - 1, 0600);
	assert_true(open_edit(path, &file));
	rd_put_lit(&file.out, RING_DEPLOYMENT RING_REFRESH);
	folder_sync_error = EIO;
	assert_true(replace(&file));
	snprintf(wanted, sizeof wanted, "%s: " UNSYNCED, path);
	assert_string_equal(reason, wanted);
	rd_keyfile_close(&file);
	assert_holds(path, RING_DEPLOYMENT RING_REFRESH);
}

static void the_longest_edit_loads(void **state)
{
	static struct rd_keyfile file;

	(void)state;
	write_file(path, RING, sizeof RING - 1, 0600);
	assert_true(open_edit(path, &file));
	rd_put_span(&file.out, file.text);
	while (file.out.len < file.out.max)
		rd_put_lit(&file.out, "\n");
	assert_true(replace(&file));
	rd_keyfile_close(&file);
	assert_true(load(path));
}

static void an_edit_through_a_link_leaves_the_link(void **state)
{
	static struct rd_keyfile file;
	struct stat st;

	(void)state;
	write_file(other, RING, sizeof RING - 1, 0600);
	assert_int_equal(symlink(other, path), 0);
	assert_true(open_edit(path, &file));
	rd_put_lit(&file.out, RING_DEPLOYMENT RING_REFRESH);
	assert_true(replace(&file));
	rd_keyfile_close(&file);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_holds(other, RING_DEPLOYMENT RING_REFRESH);
}

static void s_what_does_not_load_is_not_edited(void **state)
{
	static struct rd_keyfile file;

	(void)state;
	assert_false(open_edit(path, &file));
	assert_non_null(strstr(reason, "No such file"));
	write_file(path, RING, sizeof RING - 1, 0660);
	assert_false(open_edit(path, &file));
	assert_non_null(strstr(reason, OPEN_TO_OTHERS));
	write_file(path, "deployment QEFCQ0RF\n", 20, 0600);
	assert_false(open_edit(path, &file));
	assert_non_null(strstr(reason, "line 1: "));
	assert_null(strstr(reason, "QEFC"));
	assert_int_equal(file.fd, -1);
	rd_keyfile_close(&file); // again does no harm
}

// The second of two edits waits for the first and begins with what that has written.
static void two_edits_at_once_lose_nothing(void **state)
{
	static struct rd_keyfile file;
	int status, ready[2];
	pid_t child;

	(void)state;
	write_file(path, RING, sizeof RING - 1, 0600);
	assert_true(open_edit(path, &file));
	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		static struct rd_keyfile second;
		struct rd_buf why = RD_BUF(reason);

		alarm(20);
		close(file.fd); // a lock belongs to what was opened, which we share with our parent
		if (write(ready[1], "", 1) != 1 || !rd_keyfile_open(path, sockets, &second, &why))
			_exit(1);
		rd_put_span(&second.out, second.text);
		rd_put_lit(&second.out, "# second\n");
		_exit(!rd_keyfile_replace(&second, &why));
	}
	assert_int_equal(read(ready[0], reason, 1), 1);
	usleep(50000);
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	rd_put_span(&file.out, file.text);
	rd_put_lit(&file.out, "# first\n");
	assert_true(replace(&file));
	rd_keyfile_close(&file);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_holds(path, RING "# first\n# second\n");
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, clean)
	const struct CMUnitTest tests[] = {
	    TEST(an_edit_takes_the_place_of_the_file_with_its_mode),
	    TEST(s_an_edit_keeps_the_group_and_leaves_nothing_in_memory),
	    TEST(an_edit_that_would_not_load_changes_nothing),
	    TEST(a_folder_that_cannot_be_synced_is_a_warning_and_the_edit_holds),
	    TEST(the_longest_edit_loads),
	    TEST(an_edit_through_a_link_leaves_the_link),
	    TEST(s_what_does_not_load_is_not_edited),
	    TEST(two_edits_at_once_lose_nothing),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
