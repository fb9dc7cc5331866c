#include <assert.h>
#include "base/b64.h"
#include "base/secret.h"
#include "token/refresh.h"

#define PREFIX_LEN  (sizeof RD_TOKEN_PREFIX - 1)
#define SECRET_AT   30 // where the secret and the tag start in the token's bytes
#define TAG_AT      (SECRET_AT + RD_SECRET_LEN)
#define MESSAGE_MAX (TAG_AT + RD_CLIENT_MAX) // the longer of the two hash inputs

static_assert(TAG_AT + RD_TAG_LEN == RD_TOKEN_BYTES);
static_assert(PREFIX_LEN + RD_B64_LEN(RD_TOKEN_BYTES) == RD_TOKEN_TEXT_LEN);

struct packed {
	uint8_t bytes[RD_TOKEN_BYTES];
};

struct message {
	uint8_t bytes[MESSAGE_MAX];
	size_t len;
};

static void packed_wipe(struct packed *packed)
{
	rd_wipe(packed, sizeof *packed);
}

static void message_wipe(struct message *message)
{
	rd_wipe(message, sizeof *message);
}

void rd_token_wipe(struct rd_token *token)
{
	rd_wipe(token, sizeof *token);
}

static uint8_t *pack(uint8_t *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	return to + len;
}

static uint8_t *pack_u32(uint8_t *to, uint32_t n)
{
	const uint8_t bytes[] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
				 (uint8_t)n};

	return pack(to, bytes, sizeof bytes);
}

static const uint8_t *unpack(void *to, const uint8_t *from, size_t len)
{
	memcpy(to, from, len);
	return from + len;
}

static void token_pack(uint8_t bytes[static TAG_AT], const struct rd_token *token)
{
	uint8_t *at = bytes;

	*at++ = token->version;
	*at++ = token->kid;
	at = pack(at, token->slot, sizeof token->slot);
	at = pack(at, token->family, sizeof token->family);
	at = pack_u32(at, token->generation);
	pack(at, token->secret, sizeof token->secret);
}

static void token_unpack(struct rd_token *token, const uint8_t *at)
{
	token->version = *at++;
	token->kid = *at++;
	at = unpack(token->slot, at, sizeof token->slot);
	at = unpack(token->family, at, sizeof token->family);
	token->generation =
	    (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3];
	at = unpack(token->secret, at + 4, sizeof token->secret);
	unpack(token->tag, at, sizeof token->tag);
}

enum rd_result rd_token_parse(struct rd_span text, struct rd_token *out)
{
	RD_WIPE(packed_wipe) struct packed raw;

	rd_token_wipe(out);
	if (text.len != RD_TOKEN_TEXT_LEN || memcmp(text.ptr, RD_TOKEN_PREFIX, PREFIX_LEN) != 0)
		return RD_MALFORMED;
	text = (struct rd_span){text.ptr + PREFIX_LEN, text.len - PREFIX_LEN};
	if (rd_b64_decode(raw.bytes, sizeof raw.bytes, text) != sizeof raw.bytes ||
	    raw.bytes[0] != RD_TOKEN_VERSION)
		return RD_MALFORMED;
	token_unpack(out, raw.bytes);
	return RD_OK;
}

void rd_token_print(const struct rd_token *token, char out[static RD_TOKEN_TEXT_LEN + 1])
{
	RD_WIPE(packed_wipe) struct packed raw;

	token_pack(raw.bytes, token);
	pack(raw.bytes + TAG_AT, token->tag, sizeof token->tag);
	memcpy(out, RD_TOKEN_PREFIX, PREFIX_LEN);
	rd_b64_encode(out + PREFIX_LEN, raw.bytes, sizeof raw.bytes);
}

// Returns the ring's key of this kid, or NULL. There is none of kid 0.
static const struct rd_refresh_key *key_of(const struct rd_keys *keys, uint8_t kid)
{
	return keys->refresh[kid].kid != 0 ? &keys->refresh[kid] : NULL;
}

static void keyed_hash(uint8_t *out, size_t len, const struct message *in,
		       const uint8_t key[static 32])
{
	int rc = crypto_generichash(out, len, in->bytes, in->len, key, 32);

	assert(rc == 0);
	(void)rc;
}

static void tag_of(uint8_t tag[static RD_TAG_LEN], const struct rd_token *token,
		   const struct rd_refresh_key *key, struct rd_span client)
{
	RD_WIPE(message_wipe) struct message in;

	token_pack(in.bytes, token);
	if (client.len > 0)
		memcpy(in.bytes + TAG_AT, client.ptr, client.len);
	in.len = TAG_AT + client.len;
	keyed_hash(tag, RD_TAG_LEN, &in, key->tag_key);
}

static void secret_of(uint8_t secret[static RD_SECRET_LEN], const struct rd_token *token,
		      const struct rd_refresh_key *key, struct rd_span client,
		      const uint8_t seed[static RD_SEED_LEN])
{
	RD_WIPE(message_wipe) struct message in;
	uint8_t *at = in.bytes;

	*at++ = token->version;
	at = pack(at, token->family, sizeof token->family);
	at = pack_u32(at, token->generation);
	if (client.len > 0)
		at = pack(at, client.ptr, client.len);
	at = pack(at, seed, RD_SEED_LEN);
	in.len = (size_t)(at - in.bytes);
	keyed_hash(secret, RD_SECRET_LEN, &in, key->secret_key);
}

bool rd_token_authentic(const struct rd_token *token, const struct rd_keys *keys,
			struct rd_span client)
{
	const struct rd_refresh_key *key = key_of(keys, token->kid);
	RD_SECRET_BYTES(tag, 16);

	static_assert(sizeof tag == RD_TAG_LEN);
	if (!key || client.len > RD_CLIENT_MAX)
		return false;
	tag_of(tag, token, key, client);
	return sodium_memcmp(tag, token->tag, sizeof tag) == 0;
}

bool rd_token_lineage(const struct rd_token *token, const struct rd_keys *keys,
		      struct rd_span client, const uint8_t seed[static RD_SEED_LEN])
{
	const struct rd_refresh_key *key = key_of(keys, token->kid);
	RD_SECRET_BYTES(secret, 24);

	static_assert(sizeof secret == RD_SECRET_LEN);
	if (!key || client.len > RD_CLIENT_MAX)
		return false;
	secret_of(secret, token, key, client, seed);
	return sodium_memcmp(secret, token->secret, sizeof secret) == 0;
}

void rd_token_seal(struct rd_token *token, const struct rd_keys *keys, struct rd_span client,
		   const uint8_t seed[static RD_SEED_LEN])
{
	const struct rd_refresh_key *key = key_of(keys, token->kid);

	assert(key && client.len <= RD_CLIENT_MAX);
	secret_of(token->secret, token, key, client, seed);
	tag_of(token->tag, token, key, client);
}

void rd_slot_of(uint8_t slot[static RD_SLOT_LEN], const struct rd_keys *keys, struct rd_span user)
{
	uint8_t wide[crypto_generichash_BYTES_MIN]; // libsodium promises nothing shorter
	int rc = crypto_generichash(wide, sizeof wide, (const uint8_t *)user.ptr, user.len,
				    keys->slot_key, sizeof keys->slot_key);

	assert(rc == 0);
	(void)rc;
	memcpy(slot, wide, RD_SLOT_LEN);
}

void rd_sid_of(char sid[static RD_SID_TEXT_LEN + 1], const struct rd_keys *keys,
	       const uint8_t family[static RD_FAMILY_LEN])
{
	uint8_t bytes[16];
	int rc = crypto_generichash(bytes, sizeof bytes, family, RD_FAMILY_LEN, keys->sid_key,
				    sizeof keys->sid_key);

	static_assert(RD_B64_LEN(sizeof bytes) == RD_SID_TEXT_LEN);
	assert(rc == 0);
	(void)rc;
	rd_b64_encode(sid, bytes, sizeof bytes);
}

void rd_csrf_of(char csrf[static RD_CSRF_TEXT_LEN + 1], const struct rd_keys *keys,
		const uint8_t family[static RD_FAMILY_LEN])
{
	// Keeps it apart from a sid, which is made with the same key.
	static const uint8_t context[crypto_generichash_blake2b_PERSONALBYTES] = "refreshd csrf";
	RD_SECRET_BYTES(bytes, 24);
	int rc = crypto_generichash_blake2b_salt_personal(bytes, sizeof bytes, family,
							  RD_FAMILY_LEN, keys->sid_key,
							  sizeof keys->sid_key, NULL, context);

	static_assert(RD_B64_LEN(sizeof bytes) == RD_CSRF_TEXT_LEN);
	assert(rc == 0);
	(void)rc;
	rd_b64_encode(csrf, bytes, sizeof bytes);
}

static void generichash_wipe(crypto_generichash_state *state)
{
	rd_wipe(state, sizeof *state);
}

void rd_fingerprint_of(uint8_t fingerprint[static RD_FINGERPRINT_LEN], const struct rd_keys *keys,
		       const uint8_t family[static RD_FAMILY_LEN], struct rd_span net,
		       struct rd_span agent)
{
	const uint8_t net_len = (uint8_t)net.len; // divides net from agent
	uint8_t wide[crypto_generichash_BYTES_MIN];
	RD_WIPE(generichash_wipe) crypto_generichash_state state;

	assert(net.len <= UINT8_MAX);
	crypto_generichash_init(&state, keys->sid_key, sizeof keys->sid_key, sizeof wide);
	crypto_generichash_update(&state, family, RD_FAMILY_LEN);
	crypto_generichash_update(&state, &net_len, sizeof net_len);
	crypto_generichash_update(&state, (const uint8_t *)net.ptr, net.len);
	crypto_generichash_update(&state, (const uint8_t *)agent.ptr, agent.len);
	crypto_generichash_final(&state, wide, sizeof wide);
	memcpy(fingerprint, wide, RD_FINGERPRINT_LEN);
}
