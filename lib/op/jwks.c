// GET jwks: the public keys for verifying access tokens (RFC 7517; RFC 8037 for Ed25519).
#include "base/json_write.h"
#include "op/op.h"

// Clients look a key up by the token's alg too, and one key may sign under both of its names: EdDSA
// and, since RFC 9864, Ed25519. Returns the name in use, or NULL when both are.
static const char *alg_in_use(const struct rd_config *config)
{
	bool used[2] = {false, false}; // by alg_name

	if (config->alg == RD_ALG_EDDSA)
		used[config->alg_name] = true;
	for (size_t i = 0; i < config->client_count; i++)
		if (config->clients[i].access_alg == RD_ALG_EDDSA)
			used[config->clients[i].alg_name] = true;
	if (used[0] && used[1])
		return NULL;
	return used[1] ? "Ed25519" : "EdDSA";
}

static void put_key(struct rd_buf *body, const struct rd_access_key *key, const char *alg)
{
	rd_json_put(body, NULL, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
	rd_put_b64_public(body, key->public, sizeof key->public);
	rd_put_lit(body, "\"");
	rd_json_put_text(body, "kid", rd_span(key->kid));
	rd_json_put(body, "use", "\"sig\"");
	if (alg)
		rd_json_put_text(body, "alg", rd_span(alg));
	rd_put_lit(body, "}");
}

// Every Ed25519 key of the ring, next and retired ones too, as tokens of all of them may be in use.
// HS256 keys have no public half.
enum rd_step rd_jwks_ask(struct rd_call *call, struct rd_question *question)
{
	const struct rd_keys *keys = call->service->keys;
	const char *alg = alg_in_use(call->service->config);
	struct rd_buf *body = &call->reply->body;

	(void)question;
	call->reply->status = 200;
	call->reply->type = "application/jwk-set+json";
	call->reply->max_age_s = call->service->config->jwks_max_age_s;
	rd_put_lit(body, "{\"keys\":[");
	for (size_t i = 0; i < keys->access_count; i++) {
		if (keys->access[i].alg == RD_ALG_EDDSA)
			put_key(body, &keys->access[i], alg);
	}
	rd_put_lit(body, "]}");
	return RD_STEP_REPLY;
}
