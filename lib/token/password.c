#include <assert.h>
#include "base/buf.h"
#include "token/password.h"

// libsodium needs a pointer even for no bytes.
static const char *bytes_of(struct rd_span password)
{
	return password.ptr ? password.ptr : "";
}

bool rd_password_hash(char out[static RD_PASSWORD_HASH_MAX], struct rd_span password,
		      const struct rd_argon2 *cost)
{
	if (password.len > RD_PASSWORD_MAX)
		return false;
	return crypto_pwhash_str_alg(out, bytes_of(password), password.len, cost->ops,
				     cost->mem_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

// A hash that costs what a real one costs, and whose password nobody knows. It is put together here
// and not hashed, so that not even the first unknown user takes longer than a known one.
static void write_dummy(char out[static RD_PASSWORD_HASH_MAX], const struct rd_argon2 *cost)
{
	struct rd_buf text = {.ptr = out, .max = RD_PASSWORD_HASH_MAX};

	rd_put_lit(&text, "$argon2id$v=19$m=");
	rd_put_u64(&text, cost->mem_kib);
	rd_put_lit(&text, ",t=");
	rd_put_u64(&text, cost->ops);
	rd_put_lit(&text, ",p=1$AAAAAAAAAAAAAAAAAAAAAA$");                // 16 bytes of salt
	rd_put_lit(&text, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"); // 32 of hash
	rd_put(&text, "", 1);
	assert(rd_buf_ok(&text));
}

bool rd_password_verify(const char *hash, struct rd_span password, const struct rd_argon2 *cost)
{
	const char *checked = hash;
	char dummy[RD_PASSWORD_HASH_MAX];
	bool matches;

	if (password.len > RD_PASSWORD_MAX)
		return false;
	if (!hash) {
		write_dummy(dummy, cost);
		checked = dummy;
	}
	matches = crypto_pwhash_argon2id_str_verify(checked, bytes_of(password), password.len) == 0;
	return hash && matches;
}

// Returns the number behind name in text, 0 for none.
static uint64_t number_behind(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	struct rd_span rest = rd_span(at ? at + strlen(name) : "");
	uint64_t number;

	return rd_span_take_number(&rest, UINT64_MAX, &number) ? number : 0;
}

bool rd_password_outdated(const char *hash, const struct rd_argon2 *cost)
{
	return strncmp(hash, "$argon2id$v=19$", 15) != 0 ||
	       number_behind(hash, "$m=") < cost->mem_kib || number_behind(hash, ",t=") < cost->ops;
}
