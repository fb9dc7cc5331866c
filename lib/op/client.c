#include "op/client.h"
#include "base/secret.h"

static bool secret_matches(const struct rd_client *client, struct rd_span secret)
{
	RD_SECRET_BYTES(hash, 32);

	static_assert(sizeof hash == crypto_hash_sha256_BYTES);
	crypto_hash_sha256(hash, (const uint8_t *)secret.ptr, secret.len);
	return sodium_memcmp(hash, client->secret_sha256, sizeof hash) == 0;
}

enum rd_result rd_client_check(struct rd_call *call, const struct rd_client_claim *claim)
{
	if (claim->id.len)
		call->client = rd_config_client(call->service->config, claim->id);
	if (!call->client)
		return RD_BAD_CLIENT;
	if (!call->client->confidential)
		return claim->secret.len ? RD_BAD_CLIENT : RD_OK;
	return secret_matches(call->client, claim->secret) ? RD_OK : RD_BAD_CLIENT;
}

enum rd_result rd_client_form(struct rd_call *call, bool confidential, struct rd_span *token)
{
	struct rd_client_claim claim;
	struct rd_form form;
	enum rd_result result = rd_decode_form(&call->request, call->scratch, &form, &claim);

	if (!result)
		result = rd_client_check(call, &claim);
	if (!result && confidential && !call->client->confidential)
		result = RD_BAD_CLIENT;
	if (result)
		return result;
	*token = rd_form_get(&form, RD_SPAN("token"));
	return token->len ? RD_OK : RD_BAD_REQUEST;
}
