#include "op/find_session.h"
#include "op/access.h"

// Whether the refresh token is of a client whose tokens count. The tag covers the client's id, so
// with any_client all clients are tried: 64 hashes at most.
static bool authentic(const struct rd_call *call, bool any_client)
{
	const struct rd_config *config = call->service->config;

	for (size_t i = 0; i < config->client_count; i++) {
		const struct rd_client *client = &config->clients[i];

		if ((any_client || client == call->client) &&
		    rd_token_authentic(&call->token, call->service->keys, rd_span(client->id)))
			return true;
	}
	return false;
}

static enum rd_result find_by_refresh(struct rd_call *call, bool any_client)
{
	if (!authentic(call, any_client))
		return RD_FORGED;
	rd_sid_of(call->sid, call->service->keys, call->token.family);
	return RD_OK;
}

static enum rd_result find_by_access(struct rd_call *call, struct rd_span token, bool any_client,
				     struct rd_access *access)
{
	enum rd_result result = rd_access_read(call, token, RD_AUDIENCE_OF_CLIENT, access);

	if (result)
		return result;
	if (!any_client && !rd_span_is(access->client_id, rd_span(call->client->id)))
		return RD_WRONG_CLIENT;
	return rd_access_use_session(call, access) ? RD_OK : RD_MALFORMED;
}

bool rd_find_session(struct rd_call *call, struct rd_span token, bool any_client,
		     struct rd_access *access)
{
	enum rd_result result;

	*access = (struct rd_access){0};
	if (rd_token_parse(token, &call->token) == RD_OK)
		result = find_by_refresh(call, any_client);
	else
		result = find_by_access(call, token, any_client, access);
	if (result == RD_FORGED)
		rd_op_audit_failure(call, result);
	return result == RD_OK;
}
