#include "op/family.h"
#include "op/client.h"
#include "op/text.h"

enum rd_result rd_family_take(struct rd_call *call, const struct rd_credential *credential)
{
	const struct rd_keys *keys = call->service->keys;
	enum rd_result result = rd_client_check(call, &credential->client);

	call->by_cookie = credential->by_cookie;
	call->scope = credential->scope;
	if (!result && !rd_text_is_scope(call->scope))
		result = RD_BAD_SCOPE;
	if (!result)
		result = rd_token_parse(credential->token, &call->token);
	if (!result && !rd_token_authentic(&call->token, keys, rd_span(call->client->id)))
		result = RD_FORGED;
	if (!result)
		rd_sid_of(call->sid, keys, call->token.family);
	return result;
}
