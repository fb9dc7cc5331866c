#include <assert.h>
#include <stdlib.h>
#include "base/buf.h"
#include "token/password.h"

// libsodium wants a pointer even for no bytes.
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

// A hash that costs what a real one costs and that nobody has the password of. Written by hand, so
// that not even the first unknown user takes longer than a known one.
static void write_dummy(char out[static RD_PASSWORD_HASH_MAX], const struct rd_argon2 *cost)
{
	struct rd_buf text = {out, 0, RD_PASSWORD_HASH_MAX, false};

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
	char dummy[RD_PASSWORD_HASH_MAX];
	bool right;

	if (password.len > RD_PASSWORD_MAX)
		return false;
	if (!hash)
		write_dummy(dummy, cost);
	right = crypto_pwhash_argon2id_str_verify(hash ? hash : dummy, bytes_of(password),
						  password.len) == 0;
	return hash && right;
}

// The number behind name in text; 0 for none.
static unsigned long long number_at(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

bool rd_password_outdated(const char *hash, const struct rd_argon2 *cost)
{
	return strncmp(hash, "$argon2id$v=19$", 15) != 0 ||
	       number_at(hash, "$m=") < cost->mem_kib || number_at(hash, ",t=") < cost->ops;
}
