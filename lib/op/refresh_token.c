#include "op/refresh_token.h"
#include "base/secret.h"
#include "op/client.h"
#include "op/text.h"

// cookie_csrf = token: who does not say which page has sent the cookie shows what only a page of
// our own can read. The value is that of the token's family, so another session's will not do.
static enum rd_result check_page(const struct rd_call *call, const struct rd_credential *credential)
{
	struct rd_span shown = call->params.value[RD_PARAM_CSRF];
	char csrf[RD_CSRF_TEXT_LEN + 1];
	bool same;

	if (!credential->by_cookie || !credential->unnamed_origin || !call->request.dialect->csrf ||
	    !call->service->config->csrf_token)
		return RD_OK;
	if (call->params.repeated >> RD_PARAM_CSRF & 1)
		return RD_BAD_REQUEST;
	rd_csrf_of(csrf, call->service->keys, call->token.family);
	same = shown.len == RD_CSRF_TEXT_LEN && sodium_memcmp(shown.ptr, csrf, shown.len) == 0;
	rd_wipe(csrf, sizeof csrf);
	return same ? RD_OK : RD_CROSS_SITE;
}

enum rd_result rd_refresh_token_take(struct rd_call *call, const struct rd_credential *credential)
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
		result = check_page(call, credential);
	if (!result)
		rd_sid_of(call->sid, keys, call->token.family);
	return result;
}
