#include "op/refresh_token.h"
#include "base/secret.h"
#include "op/client.h"
#include "op/text.h"

struct csrf_text {
	char bytes[RD_CSRF_TEXT_LEN + 1];
};

static void csrf_text_wipe(struct csrf_text *csrf)
{
	rd_wipe(csrf, sizeof *csrf);
}

static bool csrf_matches(const struct rd_call *call, struct rd_span shown)
{
	RD_WIPE(csrf_text_wipe) struct csrf_text csrf;

	rd_csrf_of(csrf.bytes, call->service->keys, call->token.family);
	return shown.len == RD_CSRF_TEXT_LEN &&
	       sodium_memcmp(shown.ptr, csrf.bytes, RD_CSRF_TEXT_LEN) == 0;
}

// cookie_csrf = token: where nothing says which page has sent the cookie, the request must show
// what only a page of our own can read. The value belongs to the token's family, so that of another
// session does not do.
static enum rd_result check_csrf(const struct rd_call *call, const struct rd_credential *credential)
{
	if (!credential->by_cookie || !credential->unnamed_origin || !call->request.dialect->csrf ||
	    !call->service->config->csrf_token)
		return RD_OK;
	if (rd_params_header_repeated(&call->params, RD_PARAM_CSRF))
		return RD_BAD_REQUEST;
	return csrf_matches(call, call->params.value[RD_PARAM_CSRF]) ? RD_OK : RD_CROSS_SITE;
}

enum rd_result rd_refresh_token_take(struct rd_call *call, const struct rd_credential *credential)
{
	const struct rd_keys *keys = call->service->keys;
	enum rd_result result = rd_client_check(call, &credential->client);

	call->by_cookie = credential->by_cookie;
	if (!result && !rd_text_is_scope(credential->scope))
		result = RD_BAD_SCOPE;
	if (!result)
		result = rd_token_parse(credential->token, &call->token);
	if (!result && !rd_token_authentic(&call->token, keys, rd_span(call->client->id)))
		result = RD_FORGED;
	if (!result)
		result = check_csrf(call, credential);
	if (!result)
		rd_sid_of(call->sid, keys, call->token.family);
	return result;
}
