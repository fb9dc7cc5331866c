#include <assert.h>
#include "base/b64.h"
#include "base/secret.h"
#include "token/keys.h"

#define CONTEXT "refreshd"
#define LINES   (1 + 2 * RD_KEYS_MAX) // deployment, refresh, access
#define FIELDS  5

const char *const rd_alg_names[RD_ALG_COUNT] = {"EdDSA", "HS256"};
const char *const rd_key_state_names[RD_KEY_STATE_COUNT] = {"next", "active", "retired"};

struct reader {
	struct rd_keys *keys;
	struct rd_buf *why;
	unsigned line;
	size_t refresh_count;
	uint8_t seen[LINES][32]; // every secret so far
	size_t seen_count;
};

static void reader_wipe(struct reader *reader)
{
	rd_wipe(reader, sizeof *reader);
}

void rd_keys_wipe(struct rd_keys *keys)
{
	rd_wipe(keys, sizeof *keys);
}

// Always false, so that a caller can return it.
static bool refuse_line(struct reader *r, const char *what)
{
	rd_put_lit(r->why, "line ");
	rd_put_u64(r->why, r->line);
	rd_put_lit(r->why, ": ");
	rd_put_str(r->why, what);
	return false;
}

static void derive(uint8_t out[static 32], uint64_t id, const uint8_t master[static 32])
{
	int rc = crypto_kdf_derive_from_key(out, 32, id, CONTEXT, master);

	assert(rc == 0);
	(void)rc;
}

// A secret may stand on one line only: keys are derived in the same way on all lines, so one secret
// on two of them would be one key in two places.
static bool read_secret(struct reader *r, struct rd_span field, uint8_t secret[static 32])
{
	if (rd_b64_decode(secret, 32, field) != 32)
		return refuse_line(r, "secret is not 32 bytes of base64url");
	if (sodium_is_zero(secret, 32))
		return refuse_line(r, "secret is all zero");
	for (size_t i = 0; i < r->seen_count; i++)
		if (sodium_memcmp(r->seen[i], secret, 32) == 0)
			return refuse_line(r, "secret stands on an earlier line too");
	assert(r->seen_count < LINES);
	memcpy(r->seen[r->seen_count++], secret, 32);
	return true;
}

static bool read_state(struct reader *r, struct rd_span field, enum rd_key_state *state)
{
	for (int i = 0; i < RD_KEY_STATE_COUNT; i++) {
		if (rd_span_is(field, rd_span(rd_key_state_names[i]))) {
			*state = (enum rd_key_state)i;
			return true;
		}
	}
	return refuse_line(r, "state is neither next nor active nor retired");
}

// One number, one spelling: without zeros in front.
static bool is_plain_number(struct rd_span field)
{
	return field.len == 1 || !rd_span_begins(field, RD_SPAN("0"));
}

// field.ptr is NULL where there is none.
static bool read_since(struct reader *r, struct rd_span field, int64_t *since_s)
{
	uint64_t since;

	*since_s = 0;
	if (!field.ptr)
		return true;
	if (!is_plain_number(field) || !rd_span_number(field, RD_SINCE_MAX, &since))
		return refuse_line(r, "since is not a time in unix seconds");
	*since_s = (int64_t)since;
	return true;
}

static bool read_kid(struct reader *r, struct rd_span field, uint8_t *kid)
{
	uint64_t number;

	if (!is_plain_number(field) || !rd_span_number(field, UINT8_MAX, &number) || number == 0)
		return refuse_line(r, "kid is not 1..255");
	*kid = (uint8_t)number;
	return true;
}

static bool read_alg(struct reader *r, struct rd_span field, enum rd_alg *alg)
{
	for (int i = 0; i < RD_ALG_COUNT; i++) {
		if (rd_span_is(field, rd_span(rd_alg_names[i]))) {
			*alg = (enum rd_alg)i;
			return true;
		}
	}
	return refuse_line(r, "algorithm is neither EdDSA nor HS256");
}

static bool read_deployment(struct reader *r, const struct rd_span field[static FIELDS])
{
	RD_SECRET_BYTES(master, 32);

	if (!sodium_is_zero(r->keys->slot_key, sizeof r->keys->slot_key))
		return refuse_line(r, "a second deployment key");
	if (!read_secret(r, field[1], master))
		return false;
	derive(r->keys->slot_key, 1, master);
	derive(r->keys->sid_key, 2, master);
	return true;
}

static bool read_refresh(struct reader *r, const struct rd_span field[static FIELDS])
{
	RD_SECRET_BYTES(master, 32);
	struct rd_refresh_key *key;
	enum rd_key_state state;
	int64_t since_s;
	uint8_t kid;

	if (!read_kid(r, field[1], &kid) || !read_state(r, field[2], &state) ||
	    !read_since(r, field[4], &since_s))
		return false;
	key = &r->keys->refresh[kid];
	if (key->kid != 0)
		return refuse_line(r, "a second refresh key of this kid");
	if (state == RD_KEY_ACTIVE && r->keys->refresh_active != 0)
		return refuse_line(r, "a second active refresh key");
	if (r->refresh_count++ == RD_KEYS_MAX)
		return refuse_line(r, "too many refresh keys");
	if (!read_secret(r, field[3], master))
		return false;
	key->kid = kid;
	key->state = state;
	key->since_s = since_s;
	key->line = r->line;
	derive(key->tag_key, 1, master);
	derive(key->secret_key, 2, master);
	if (state == RD_KEY_ACTIVE)
		r->keys->refresh_active = kid;
	return true;
}

// That of an HS256 key holds its secret.
struct jwk_text {
	char bytes[128];
};

static void jwk_text_wipe(struct jwk_text *text)
{
	rd_wipe(text, sizeof *text);
}

// The thumbprint of RFC 7638: SHA-256 over the required members in alphabetic order (RFC 8037 for
// Ed25519).
static void make_kid(struct rd_access_key *key)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	RD_WIPE(jwk_text_wipe) struct jwk_text text;
	struct rd_buf jwk = RD_BUF(text.bytes);

	static_assert(RD_B64_LEN(sizeof digest) == RD_KID_LEN);
	if (key->alg == RD_ALG_EDDSA) {
		rd_put_lit(&jwk, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"");
		rd_put_b64(&jwk, key->public, sizeof key->public);
		rd_put_lit(&jwk, "\"}");
	} else {
		rd_put_lit(&jwk, "{\"k\":\"");
		rd_put_b64(&jwk, key->secret, 32);
		rd_put_lit(&jwk, "\",\"kty\":\"oct\"}");
	}
	assert(rd_buf_ok(&jwk));
	crypto_hash_sha256(digest, (const uint8_t *)jwk.ptr, jwk.len);
	rd_b64_encode(key->kid, digest, sizeof digest);
}

static void make_header(struct rd_access_key *key, int name, const char *alg)
{
	char text[RD_JWT_HEADER_MAX];
	struct rd_buf json = RD_BUF(text);
	struct rd_buf out = RD_BUF(key->header[name]);

	rd_put_lit(&json, "{\"typ\":\"at+jwt\",\"alg\":\"");
	rd_put_str(&json, alg);
	rd_put_lit(&json, "\",\"kid\":\"");
	rd_put(&json, key->kid, RD_KID_LEN);
	rd_put_lit(&json, "\"}");
	rd_put_b64(&out, json.ptr, json.len);
	assert(rd_buf_ok(&json) && rd_buf_ok(&out));
	key->header_len[name] = out.len;
}

static void make_access(struct rd_access_key *key, const uint8_t secret[static 32])
{
	if (key->alg == RD_ALG_EDDSA) {
		crypto_sign_seed_keypair(key->public, key->secret, secret);
	} else {
		memcpy(key->secret, secret, 32);
		crypto_auth_hmacsha256_init(&key->hmac, secret, 32);
	}
	make_kid(key);
	make_header(key, 0, rd_alg_names[key->alg]);
	if (key->alg == RD_ALG_EDDSA)
		make_header(key, 1, "Ed25519");
	else
		crypto_auth_hmacsha256_update(&key->hmac, (const uint8_t *)key->header[0],
					      key->header_len[0]);
}

static bool read_access(struct reader *r, const struct rd_span field[static FIELDS])
{
	RD_SECRET_BYTES(secret, 32);
	struct rd_access_key *key;
	enum rd_key_state state;
	enum rd_alg alg;
	int64_t since_s;

	if (!read_alg(r, field[1], &alg) || !read_state(r, field[2], &state) ||
	    !read_since(r, field[4], &since_s))
		return false;
	if (state == RD_KEY_ACTIVE && rd_keys_signer(r->keys, alg))
		return refuse_line(r, "a second active access key of this algorithm");
	if (r->keys->access_count == RD_KEYS_MAX)
		return refuse_line(r, "too many access keys");
	if (!read_secret(r, field[3], secret))
		return false;
	key = &r->keys->access[r->keys->access_count++];
	key->alg = alg;
	key->state = state;
	key->since_s = since_s;
	key->line = r->line;
	make_access(key, secret);
	return true;
}

static const struct {
	const char *name;
	size_t least, most; // fields
	bool (*read)(struct reader *r, const struct rd_span field[static FIELDS]);
} kinds[] = {
    {"deployment", 2, 2, read_deployment},
    {"refresh", 4, 5, read_refresh},
    {"access", 4, 5, read_access},
};

// Divides by single blanks. Returns the number of fields; FIELDS + 1 when there are more.
static size_t split_fields(struct rd_span line, struct rd_span field[static FIELDS])
{
	for (size_t n = 0; n < FIELDS; n++) {
		const size_t before = line.len;

		field[n] = rd_span_cut(&line, ' ');
		if (field[n].len == before) // no blank behind it
			return n + 1;
	}
	return FIELDS + 1;
}

static bool read_line(struct reader *r, struct rd_span line)
{
	struct rd_span field[FIELDS] = {};
	size_t count;

	r->line++;
	if (line.len == 0 || line.ptr[0] == '#')
		return true;
	count = split_fields(line, field);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (!rd_span_is(field[0], rd_span(kinds[i].name)))
			continue;
		if (count < kinds[i].least || count > kinds[i].most)
			return refuse_line(r, "wrong number of fields");
		return kinds[i].read(r, field);
	}
	return refuse_line(r, "is neither deployment nor refresh nor access");
}

static bool read_lines(struct reader *r, struct rd_span text)
{
	while (text.len > 0)
		if (!read_line(r, rd_span_cut(&text, '\n')))
			return false;
	return true;
}

// Whether all keys are there that a ring needs.
static bool check_complete(struct reader *r)
{
	if (sodium_is_zero(r->keys->slot_key, sizeof r->keys->slot_key))
		rd_put_lit(r->why, "no deployment key");
	else if (r->keys->refresh_active == 0)
		rd_put_lit(r->why, "no active refresh key");
	else
		return true;
	return false;
}

bool rd_keys_parse(struct rd_span text, struct rd_keys *keys, struct rd_buf *why)
{
	RD_WIPE(reader_wipe) struct reader reader = {.keys = keys, .why = why};

	rd_keys_wipe(keys);
	if (read_lines(&reader, text) && check_complete(&reader))
		return true;
	rd_keys_wipe(keys);
	return false;
}

const struct rd_access_key *rd_keys_signer(const struct rd_keys *keys, enum rd_alg alg)
{
	for (size_t i = 0; i < keys->access_count; i++)
		if (keys->access[i].alg == alg && keys->access[i].state == RD_KEY_ACTIVE)
			return &keys->access[i];
	return NULL;
}
