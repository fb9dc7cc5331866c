// GET jwks: the public keys that access tokens are checked by (RFC 7517; RFC 8037 for Ed25519).
#include "op/op.h"

// Clients look a key up by the token's alg too, and one key may sign under both of its names: EdDSA
// and, since RFC 9864, Ed25519. The name in use, or NULL when both are.
static const char *alg_name(const struct rd_config *config)
{
	static const char *const names[] = {"EdDSA", "Ed25519"};
	unsigned used = 0; // bit set

	if (config->alg == RD_ALG_EDDSA)
		used |= 1U << config->alg_name;
	for (size_t i = 0; i < config->client_count; i++)
		if (config->clients[i].access_alg == RD_ALG_EDDSA)
			used |= 1U << config->clients[i].alg_name;
	return used == 3 ? NULL : names[used == 2];
}

static void put_key(struct rd_buf *body, const struct rd_access_key *key, const char *alg)
{
	rd_put_lit(body, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
	rd_put_b64_public(body, key->public, sizeof key->public);
	rd_put_lit(body, "\",\"kid\":\"");
	rd_put(body, key->kid, RD_KID_LEN);
	rd_put_lit(body, "\",\"use\":\"sig\"");
	if (alg) {
		rd_put_lit(body, ",\"alg\":\"");
		rd_put_str(body, alg);
		rd_put_lit(body, "\"");
	}
	rd_put_lit(body, "}");
}

// Every Ed25519 key of the ring, whether it signs already, still, or no more: tokens of all of them
// may be about. HS256 keys have no public half.
enum rd_step rd_jwks_ask(struct rd_call *call, struct rd_question *question)
{
	const struct rd_keys *keys = call->service->keys;
	const char *alg = alg_name(call->service->config);
	struct rd_buf *body = &call->reply->body;
	bool first = true;

	(void)question;
	call->reply->status = 200;
	call->reply->type = "application/jwk-set+json";
	call->reply->max_age_s = call->service->config->jwks_max_age_s;
	rd_put_lit(body, "{\"keys\":[");
	for (size_t i = 0; i < keys->access_count; i++) {
		if (keys->access[i].alg != RD_ALG_EDDSA)
			continue;
		rd_put_str(body, first ? "" : ",");
		put_key(body, &keys->access[i], alg);
		first = false;
	}
	rd_put_lit(body, "]}");
	return RD_STEP_REPLY;
}
