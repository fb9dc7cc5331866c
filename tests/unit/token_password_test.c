#include <dlfcn.h>
#include "token/password.h"
#include "unit.h"

static const struct rd_argon2 cheap = {.ops = 1, .mem_kib = 64};

static void the_right_password_and_no_other(void **state)
{
	static const char *const wrong[] = {"", "correct hors", "correct horse ", "Correct horse"};
	char hash[RD_PASSWORD_HASH_MAX];

	(void)state;
	assert_true(rd_password_hash(hash, RD_SPAN("correct horse"), &cheap));
	assert_true(rd_password_verify(hash, RD_SPAN("correct horse"), &cheap));
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(rd_password_verify(hash, rd_span(wrong[i]), &cheap));
}

static void a_hash_is_argon2id_of_the_given_cost_and_salted(void **state)
{
	static const char start[] = "$argon2id$v=19$m=64,t=1,p=1$";
	char hash[RD_PASSWORD_HASH_MAX], other[RD_PASSWORD_HASH_MAX];

	(void)state;
	assert_true(rd_password_hash(hash, RD_SPAN("p"), &cheap));
	assert_true(rd_password_hash(other, RD_SPAN("p"), &cheap));
	assert_memory_equal(hash, start, sizeof start - 1);
	assert_string_not_equal(hash, other);
}

static void bytes_are_bytes(void **state)
{
	char hash[RD_PASSWORD_HASH_MAX];

	(void)state;
	assert_true(rd_password_hash(hash, RD_SPAN("a\0b"), &cheap));
	assert_true(rd_password_verify(hash, RD_SPAN("a\0b"), &cheap));
	assert_false(rd_password_verify(hash, RD_SPAN("a\0c"), &cheap));
	assert_false(rd_password_verify(hash, RD_SPAN("a"), &cheap));
	assert_true(rd_password_hash(hash, (struct rd_span){NULL, 0}, &cheap));
	assert_true(rd_password_verify(hash, (struct rd_span){NULL, 0}, &cheap));
}

static void longer_than_1024_is_refused_unhashed(void **state)
{
	static char password[RD_PASSWORD_MAX + 1];
	char hash[RD_PASSWORD_HASH_MAX];

	(void)state;
	memset(password, 'p', sizeof password);
	assert_false(
	    rd_password_hash(hash, (struct rd_span){password, RD_PASSWORD_MAX + 1}, &cheap));
	assert_true(rd_password_hash(hash, (struct rd_span){password, RD_PASSWORD_MAX}, &cheap));
	assert_true(rd_password_verify(hash, (struct rd_span){password, RD_PASSWORD_MAX}, &cheap));
	assert_false(
	    rd_password_verify(hash, (struct rd_span){password, RD_PASSWORD_MAX + 1}, &cheap));
}

static void a_hash_of_another_cost_still_verifies(void **state)
{
	const struct rd_argon2 other = {.ops = 2, .mem_kib = 128};
	char hash[RD_PASSWORD_HASH_MAX];

	(void)state;
	assert_true(rd_password_hash(hash, RD_SPAN("p"), &other));
	assert_true(rd_password_verify(hash, RD_SPAN("p"), &cheap));
}

#define ZEROS "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void what_is_not_argon2id_never_verifies(void **state)
{
	static const char *const hashes[] = {
	    "",
	    "p",
	    "$argon2id$",
	    "$argon2id$v=19$m=64,t=1,p=1$",
	    ("$argon2id$v=16$m=64,t=1,p=1$" ZEROS),
	    "$2y$10$abcdefghijklmnopqrstuuJ2LPk8JmXVAzVVg1bZ0Q3wH3pGtHbqS",
	    "$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D",
	};
	char argon2i[crypto_pwhash_STRBYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(hashes); i++)
		assert_false(rd_password_verify(hashes[i], RD_SPAN("p"), &cheap));
	assert_int_equal(crypto_pwhash_argon2i_str(argon2i, "p", 1, 3, 64 * 1024), 0);
	assert_false(rd_password_verify(argon2i, RD_SPAN("p"), &cheap));
}

static char hashed_against[RD_PASSWORD_HASH_MAX];

// In libsodium's place: notes the hash, then does what libsodium does.
int crypto_pwhash_argon2id_str_verify(const char hash[static RD_PASSWORD_HASH_MAX],
				      const char *password, unsigned long long password_len)
{
	int (*verify)(const char *, const char *, unsigned long long);

	*(void **)&verify = dlsym(RTLD_NEXT, "crypto_pwhash_argon2id_str_verify");
	memset(hashed_against, 0, sizeof hashed_against);
	memcpy(hashed_against, hash, strlen(hash));
	return verify(hash, password, password_len);
}

static void s_an_unknown_user_costs_what_a_wrong_password_costs(void **state)
{
	const struct rd_argon2 cost = {.ops = 2, .mem_kib = 8192};
	const size_t shape = strlen("$argon2id$v=19$m=8192,t=2,p=1$");
	char hash[RD_PASSWORD_HASH_MAX];

	(void)state;
	assert_true(rd_password_hash(hash, RD_SPAN("p"), &cost));
	assert_false(rd_password_verify(NULL, RD_SPAN("p"), &cost));
	assert_int_equal(strlen(hashed_against), strlen(hash));
	assert_memory_equal(hashed_against, hash, shape);
	// libsodium can read it, so it has hashed the password rather than refused the text.
	assert_int_equal(
	    crypto_pwhash_argon2id_str_needs_rehash(hashed_against, cost.ops, cost.mem_kib * 1024),
	    0);
}

static void a_hash_made_at_less_than_the_cost_is_outdated(void **state)
{
	static const struct {
		const char *hash;
		struct rd_argon2 cost;
		bool outdated;
	} rows[] = {
	    {"$argon2id$v=19$m=19456,t=2,p=1$", {2, 19456}, false},
	    {"$argon2id$v=19$m=19456,t=2,p=1$", {3, 19456}, true},
	    {"$argon2id$v=19$m=19456,t=2,p=1$", {2, 19457}, true},
	    {"$argon2id$v=19$m=65536,t=3,p=1$", {2, 19456}, false},
	    {"$argon2id$v=19$m=65536,t=1,p=1$", {2, 19456}, true},
	    {"$argon2i$v=19$m=65536,t=9,p=1$", {2, 19456}, true},
	    {"", {2, 19456}, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(rd_password_outdated(rows[i].hash, &rows[i].cost),
				 rows[i].outdated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_right_password_and_no_other),
	    cmocka_unit_test(a_hash_is_argon2id_of_the_given_cost_and_salted),
	    cmocka_unit_test(bytes_are_bytes),
	    cmocka_unit_test(longer_than_1024_is_refused_unhashed),
	    cmocka_unit_test(a_hash_of_another_cost_still_verifies),
	    cmocka_unit_test(what_is_not_argon2id_never_verifies),
	    cmocka_unit_test(a_hash_made_at_less_than_the_cost_is_outdated),
	    cmocka_unit_test(s_an_unknown_user_costs_what_a_wrong_password_costs),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
