#include "keyfile_fixture.h"

static int create(const char *at)
{
	struct rd_buf why = {reason, 0, sizeof reason - 1, false};
	int made = rd_keyfile_create(at, &why);

	reason[why.len] = 0;
	assert_int_equal(made == -1 || folder_sync_error, why.len > 0);
	return made;
}

static void assert_refused(const char *at, const char *because)
{
	char wanted[200];

	assert_false(load(at));
	snprintf(wanted, sizeof wanted, "%s: %s", at, because);
	assert_string_equal(reason, wanted);
}

static void s_a_key_file_for_its_owner_alone_is_loaded(void **state)
{
	static const mode_t modes[] = {0600, 0400, 0700, 0500};

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		write_file(path, RING, sizeof RING - 1, modes[i]);
		assert_true(load(path));
		assert_memory_equal(&keys, ring(), sizeof keys);
		rd_keys_wipe(&keys);
	}
}

static void s_any_access_for_others_is_refused(void **state)
{
	static const mode_t modes[] = {0644, 0660, 0666, 0604, 0620, 0602, 0610, 0601, 0777, 0404};

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		write_file(path, RING, sizeof RING - 1, modes[i]);
		assert_refused(path, OPEN_TO_OTHERS);
	}
}

static void s_a_credential_may_be_its_groups_to_read(void **state)
{
	static const mode_t bad[] = {0444, 0460, 0450, 0404};

	(void)state;
	sockets = (struct rd_socket_groups){{getegid()}, 1};
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	write_file(path, RING, sizeof RING - 1, 0440);
	assert_true(load(path));
	for (size_t i = 0; i < COUNT(bad); i++) {
		write_file(path, RING, sizeof RING - 1, bad[i]);
		assert_refused(path, OPEN_TO_OTHERS);
	}
	write_file(path, RING, sizeof RING - 1, 0440);
	setenv("CREDENTIALS_DIRECTORY", "/tmp/refreshd", 1); // begins alike, is another folder
	assert_false(load(path));
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_false(load(path));
}

// In place of libc's: an other user may read what is not his by a right that no mode shows, as
// CAP_DAC_READ_SEARCH is.
static uid_t user_shown;

uid_t geteuid(void)
{
	return user_shown ? user_shown : (uid_t)syscall(SYS_geteuid);
}

static void s_another_users_file_is_for_its_user_and_root_alone(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	write_file(path, RING, sizeof RING - 1, 0600);
	assert_int_equal(chown(path, 12345, 0), 0);
	user_shown = 54321;
	assert_refused(path, "belongs to another user");
	user_shown = 12345;
	assert_true(load(path));
	rd_keys_wipe(&keys);
	user_shown = 0;
	assert_true(load(path));
}

// Credentials of systemd and secrets of containers come as links; what they name is looked at.
static void s_a_link_is_as_good_as_what_it_names(void **state)
{
	(void)state;
	assert_int_equal(symlink(other, path), 0);
	assert_refused(path, "No such file or directory");
	write_file(other, RING, sizeof RING - 1, 0644);
	assert_refused(path, OPEN_TO_OTHERS);
	write_file(other, RING, sizeof RING - 1, 0600);
	assert_true(load(path));
}

static void what_is_no_file_is_refused(void **state)
{
	(void)state;
	assert_refused(path, "No such file or directory");
	assert_int_equal(mkdir(other, 0700), 0);
	assert_refused(other, "not a regular file");
	assert_refused("/dev/null", "not a regular file");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(path, "not a regular file"); // and does not wait for a writer
}

static void a_longer_file_is_refused(void **state)
{
	static char text[RD_KEYFILE_MAX + 1];

	(void)state;
	memset(text, '\n', sizeof text);
	memcpy(text, RING, sizeof RING - 1);
	write_file(path, text, RD_KEYFILE_MAX - 1, 0600);
	assert_true(load(path));
	write_file(path, text, RD_KEYFILE_MAX, 0600);
	assert_refused(path, "too long");
	write_file(path, text, RD_KEYFILE_MAX + 1, 0600);
	assert_refused(path, "too long");
}

static void s_a_broken_file_leaves_no_keys_and_no_secret_in_the_reason(void **state)
{
	static const char *const texts[] = {"", "deployment", RING_DEPLOYMENT,
					    RING_DEPLOYMENT RING_REFRESH "nonsense\n",
					    RING_DEPLOYMENT "refresh 7 active QEFCQ0RF\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		write_file(path, texts[i], strlen(texts[i]), 0600);
		assert_false(load(path));
		assert_true(sodium_is_zero((const uint8_t *)&keys, sizeof keys));
		assert_memory_equal(reason, path, strlen(path));
		assert_null(strstr(reason, "QEFC"));
		assert_null(strstr(reason, "AAEC"));
	}
}

static void s_a_new_file_is_0600_and_loads(void **state)
{
	const mode_t before = umask(0);
	struct stat st;

	(void)state;
	assert_int_equal(create(path), 1);
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_nlink, 1); // nothing is left aside
	assert_true(load(path));
	assert_int_equal(keys.refresh_active, 1);
	assert_non_null(rd_keys_signer(&keys, RD_ALG_EDDSA));
	assert_non_null(rd_keys_signer(&keys, RD_ALG_HS256));
}

static void s_two_new_files_differ(void **state)
{
	static struct rd_keys first;

	(void)state;
	assert_int_equal(create(path), 1);
	assert_int_equal(create(other), 1);
	assert_true(load(path));
	first = keys;
	assert_true(load(other));
	assert_memory_not_equal(first.slot_key, keys.slot_key, 32);
	assert_memory_not_equal(first.refresh[1].tag_key, keys.refresh[1].tag_key, 32);
	rd_keys_wipe(&first);
}

static void s_what_is_there_is_never_overwritten(void **state)
{
	char text[10] = "";
	int fd;

	(void)state;
	write_file(path, "old", 3, 0644);
	assert_int_equal(create(path), 0);
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, text, sizeof text), 3);
	close(fd);
	assert_string_equal(text, "old");
	unlink(path);
	assert_int_equal(symlink(other, path), 0); // a link into nowhere stays one
	assert_int_equal(create(path), 0);
	assert_int_equal(access(other, F_OK), -1);
}

static void what_cannot_be_made_is_told(void **state)
{
	static char long_name[5000];

	(void)state;
	assert_int_equal(create("/nonexistent/keys"), -1);
	assert_string_equal(reason, "/nonexistent/keys: No such file or directory");
	memset(long_name, 'x', sizeof long_name - 1);
	long_name[0] = '/';
	assert_int_equal(rd_keyfile_create(long_name, &RD_BUF(reason)), -1);
}

static void a_folder_that_cannot_be_synced_is_a_warning_and_the_file_is_there(void **state)
{
	char wanted[200];

	(void)state;
	folder_sync_error = EIO;
	assert_int_equal(create(path), 1);
	snprintf(wanted, sizeof wanted, "%s: " UNSYNCED, path);
	assert_string_equal(reason, wanted);
	assert_true(load(path));
	folder_sync_error = 0;
	assert_int_equal(create(path), 0);
}

static bool secret(const char *text, size_t len, mode_t mode, char *out, size_t max)
{
	struct rd_buf why = {reason, 0, sizeof reason - 1, false};
	bool ok;

	write_file(path, text, len, mode);
	ok = rd_secret_load(path, sockets, out, max, &why);
	reason[why.len] = 0;
	assert_int_equal(ok, why.len == 0);
	return ok;
}

static void a_secret_is_the_first_line(void **state)
{
	static const struct {
		const char *text, *secret; // NULL: refused
	} rows[] = {
	    {"s3cret", "s3cret"}, {"s3cret\n", "s3cret"}, {"s3cret\r\n", "s3cret"},
	    {"a b \n", "a b "},   {"a\nb\n", "a"},        {"", NULL},
	    {"\n", NULL},         {"\r\nx", NULL},        {"012345678", "012345678"},
	    {"0123456789", NULL},
	};
	char out[10];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const bool ok = secret(rows[i].text, strlen(rows[i].text), 0600, out, sizeof out);

		assert_int_equal(ok, rows[i].secret != NULL);
		if (ok)
			assert_string_equal(out, rows[i].secret);
	}
	assert_false(secret("s3cret", 6, 0660, out, sizeof out));
	assert_null(strstr(reason, "s3cret"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, clean)
	const struct CMUnitTest tests[] = {
	    TEST(s_a_key_file_for_its_owner_alone_is_loaded),
	    TEST(s_any_access_for_others_is_refused),
	    TEST(s_a_credential_may_be_its_groups_to_read),
	    TEST(s_another_users_file_is_for_its_user_and_root_alone),
	    TEST(s_a_link_is_as_good_as_what_it_names),
	    TEST(what_is_no_file_is_refused),
	    TEST(a_longer_file_is_refused),
	    TEST(s_a_broken_file_leaves_no_keys_and_no_secret_in_the_reason),
	    TEST(s_a_new_file_is_0600_and_loads),
	    TEST(s_two_new_files_differ),
	    TEST(s_what_is_there_is_never_overwritten),
	    TEST(what_cannot_be_made_is_told),
	    TEST(a_folder_that_cannot_be_synced_is_a_warning_and_the_file_is_there),
	    TEST(a_secret_is_the_first_line),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
