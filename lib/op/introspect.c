// POST introspect (RFC 7662): tells a confidential client what a token is worth. It reads the
// session and never changes it. Whatever is not good right now, and whatever is none of the
// client's business, is {"active":false} and nothing more.
#include "base/json_write.h"
#include "op/client.h"
#include "op/find_session.h"

static enum rd_step reply_inactive(struct rd_call *call)
{
	call->reply->status = 200;
	rd_put_lit(&call->reply->body, "{\"active\":false}");
	return RD_STEP_REPLY;
}

enum rd_step rd_introspect_ask(struct rd_call *call, struct rd_question *question)
{
	struct rd_span token;
	// Section 2.1: the client must be authorized, or tokens could be tried out here.
	enum rd_result result = rd_client_form(call, true, &token);

	if (result)
		return rd_op_fail(call, result);
	if (!rd_find_session(call, token, call->client->introspect, &call->introspect.access))
		return reply_inactive(call);
	rd_ask_session(question, rd_span(call->service->config->redis_prefix), call->token.slot,
		       call->sid);
	return RD_STEP_ASK;
}

// What an active answer says, in writing order. Empty texts and times that are 0 are left out.
struct facts {
	struct rd_span client_id, sub, aud, scope;
	bool access; // or else a refresh token
	int64_t iat_s, exp_s;
	struct rd_span jti;
	int64_t auth_time_s;
	bool fresh; // access only
};

static void put_text(struct rd_buf *body, const char *name, struct rd_span value)
{
	if (value.len)
		rd_json_put_text(body, name, value);
}

static void put_time(struct rd_buf *body, const char *name, int64_t value_s)
{
	if (value_s > 0)
		rd_json_put_number(body, name, (uint64_t)value_s);
}

static enum rd_step reply_active(struct rd_call *call, const struct facts *facts)
{
	struct rd_buf *body = &call->reply->body;

	call->reply->status = 200;
	rd_put_lit(body, "{");
	rd_json_put_bool(body, "active", true);
	put_text(body, "iss", rd_span(call->service->config->issuer));
	put_text(body, "client_id", facts->client_id);
	put_text(body, "sub", facts->sub);
	put_text(body, "aud", facts->aud);
	put_text(body, "scope", facts->scope);
	// Section 2.2 means the types of RFC 6749 section 5.1, and a refresh token has none.
	if (facts->access)
		put_text(body, "token_type", RD_SPAN("Bearer"));
	// No member of RFC 7662, but without it a refresh token would pass for an access token.
	put_text(body, "token_use", rd_span(facts->access ? "access_token" : "refresh_token"));
	put_time(body, "iat", facts->iat_s);
	put_time(body, "exp", facts->exp_s);
	put_text(body, "jti", facts->jti);
	put_text(body, "sid", rd_span(call->sid));
	put_time(body, "auth_time", facts->auth_time_s);
	if (facts->access)
		rd_json_put_bool(body, "fresh", facts->fresh);
	rd_put_lit(body, "}");
	return RD_STEP_REPLY;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

// Whether the record is of the token's own user, client and family (S7).
static bool is_of_record(const struct rd_call *call, const struct rd_record *record,
			 const struct rd_client *client)
{
	const struct rd_keys *keys = call->service->keys;
	uint8_t slot[RD_SLOT_LEN];

	rd_slot_of(slot, keys, record->user);
	return memcmp(slot, call->token.slot, sizeof slot) == 0 &&
	       rd_token_authentic(&call->token, keys, rd_span(client->id)) &&
	       rd_token_lineage(&call->token, keys, rd_span(client->id), record->seed);
}

// The head of the family, or its predecessor while that is still answered with the head. A late
// retry is promised to nobody.
static enum rd_step describe_refresh(struct rd_call *call, const struct rd_turn *turn,
				     const struct rd_client *client)
{
	const struct rd_record *record = &turn->record;
	const uint32_t generation = call->token.generation;
	const int64_t idle_end_ms = record->seen_ms + (int64_t)client->idle_ttl_s * 1000;
	const int64_t grace_end_ms = record->rotated_ms + (int64_t)client->grace_s * 1000;
	const int64_t end_ms = earlier(idle_end_ms, record->expires_ms);
	struct facts facts = {
	    .client_id = record->client,
	    .sub = record->user,
	    .scope = record->scope,
	    .auth_time_s = record->auth_time_ms / 1000,
	};

	if (!is_of_record(call, record, client))
		return reply_inactive(call);
	if (generation == record->generation) {
		facts.iat_s = (record->rotated_ms ? record->rotated_ms : record->created_ms) / 1000;
		facts.exp_s = end_ms / 1000;
		return reply_active(call, &facts);
	}
	if (generation + 1 != record->generation || !client->grace_s ||
	    turn->now_ms >= grace_end_ms)
		return reply_inactive(call);
	facts.exp_s = earlier(end_ms, grace_end_ms) / 1000; // when it was issued is not known
	return reply_active(call, &facts);
}

static enum rd_step describe_access(struct rd_call *call, const struct rd_record *record)
{
	const struct rd_access *access = &call->introspect.access;
	const int64_t age_s = call->now_ms / 1000 - access->auth_time_s;
	const struct facts facts = {
	    .client_id = access->client_id,
	    .sub = access->sub,
	    .aud = access->aud,
	    .scope = access->scope,
	    .access = true,
	    .iat_s = access->iat_s,
	    .exp_s = access->exp_s,
	    .jti = access->jti,
	    .auth_time_s = access->auth_time_s,
	    .fresh = access->fresh && age_s <= call->service->config->fresh_ttl_s,
	};

	if (!rd_span_is(record->user, access->sub) ||
	    !rd_span_is(record->client, access->client_id))
		return reply_inactive(call); // S7
	return reply_active(call, &facts);
}

enum rd_step rd_introspect_answer(struct rd_call *call, const struct rd_answer *answer,
				  struct rd_question *question)
{
	const struct rd_client *client;
	struct rd_turn turn;
	enum rd_result result = rd_read_session(answer, &turn);

	(void)question;
	if (result == RD_STORE_OUT)
		return rd_op_fail(call, result);
	if (result)
		return reply_inactive(call);
	client = rd_config_client(call->service->config, turn.record.client);
	if (!client || rd_session_state(&turn, (int64_t)client->idle_ttl_s * 1000))
		return reply_inactive(call);
	return call->token.version ? describe_refresh(call, &turn, client)
				   : describe_access(call, &turn.record);
}
