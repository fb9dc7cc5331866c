// POST introspect (RFC 7662): what is a token worth, asked by a client that can keep a secret. It
// looks at the session and never touches it. Whatever is not good right now, and whatever is none
// of the asker's business, is {"active":false} and nothing more.
#include "op/access.h"
#include "op/client.h"

static enum rd_step inactive(struct rd_call *call)
{
	call->reply->status = 200;
	rd_put_lit(&call->reply->body, "{\"active\":false}");
	return RD_STEP_REPLY;
}

// The client whose refresh token this is, or NULL. The tag holds the client's id, so an asker that
// may see all tokens tries them all: 64 hashes at most.
static const struct rd_client *owner(const struct rd_call *call)
{
	const struct rd_config *config = call->service->config;

	for (size_t i = 0; i < config->client_count; i++) {
		const struct rd_client *client = &config->clients[i];

		if ((client == call->client || call->client->introspect) &&
		    rd_token_authentic(&call->token, call->service->keys, rd_span(client->id)))
			return client;
	}
	return NULL;
}

// As revoke's, but for an asker that may see the tokens of others.
static bool find_session(struct rd_call *call, struct rd_span token)
{
	enum rd_result result;

	if (rd_token_parse(token, &call->token) == RD_OK) {
		if (!owner(call))
			return rd_op_audit_forged(call);
		rd_sid_of(call->sid, call->service->keys, call->token.family);
		return true;
	}
	result = rd_access_read(call, token, RD_AUDIENCE_OF_CLIENT, &call->access);
	if (result == RD_FORGED)
		return rd_op_audit_forged(call);
	return result == RD_OK &&
	       (call->client->introspect ||
		rd_span_is(call->access.client_id, rd_span(call->client->id))) &&
	       rd_access_session(call, &call->access);
}

enum rd_step rd_introspect_ask(struct rd_call *call, struct rd_question *question)
{
	struct rd_span token;
	// Section 2.1: the asker must be authorized, or tokens could be tried out here.
	enum rd_result result = rd_client_form(call, true, &token);

	if (result)
		return rd_op_fail(call, result);
	if (!find_session(call, token))
		return inactive(call);
	rd_ask_session(question, rd_span(call->service->config->redis_prefix), call->token.slot,
		       call->sid);
	return RD_STEP_ASK;
}

// The members of an active answer, in writing order.
struct facts {
	const char *use; // no member of RFC 7662, but without it a refresh token passes for access
	bool bearer;
	struct rd_span client_id, sub, scope, aud, jti;
	int64_t iat_s, exp_s, auth_time_s; // iat_s 0: not known
	const char *fresh;                 // NULL: left out
};

static void text(struct rd_buf *body, const char *name, struct rd_span value)
{
	if (!value.len)
		return;
	rd_put_str(body, name);
	rd_put_json(body, value);
}

static void number(struct rd_buf *body, const char *name, int64_t value)
{
	if (value <= 0)
		return;
	rd_put_str(body, name);
	rd_put_u64(body, (uint64_t)value);
}

static enum rd_step active(struct rd_call *call, const struct facts *f)
{
	struct rd_buf *body = &call->reply->body;

	call->reply->status = 200;
	rd_put_lit(body, "{\"active\":true");
	text(body, ",\"iss\":", rd_span(call->service->config->issuer));
	text(body, ",\"client_id\":", f->client_id);
	text(body, ",\"sub\":", f->sub);
	text(body, ",\"aud\":", f->aud);
	text(body, ",\"scope\":", f->scope);
	// Section 2.2 means the types of RFC 6749 section 5.1, and a refresh token has none.
	rd_put_str(body, f->bearer ? ",\"token_type\":\"Bearer\"" : "");
	text(body, ",\"token_use\":", rd_span(f->use));
	number(body, ",\"iat\":", f->iat_s);
	number(body, ",\"exp\":", f->exp_s);
	text(body, ",\"jti\":", f->jti);
	text(body, ",\"sid\":", rd_span(call->sid));
	number(body, ",\"auth_time\":", f->auth_time_s);
	if (f->fresh) {
		rd_put_lit(body, ",\"fresh\":");
		rd_put_str(body, f->fresh);
	}
	rd_put_lit(body, "}");
	return RD_STEP_REPLY;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

// The head, or its predecessor while that still gets it. A late retry is not promised to anyone.
static enum rd_step about_refresh(struct rd_call *call, const struct rd_turn *turn,
				  const struct rd_client *client)
{
	const struct rd_record *record = &turn->record;
	const struct rd_span id = rd_span(client->id);
	const bool head = call->token.generation == record->generation;
	const int64_t grace_end_ms = record->rotated_ms + (int64_t)client->grace_s * 1000;
	int64_t end_ms =
	    least(record->seen_ms + (int64_t)client->idle_ttl_s * 1000, record->expires_ms);
	uint8_t slot[RD_SLOT_LEN];

	rd_slot_of(slot, call->service->keys, record->user);
	if (memcmp(slot, call->token.slot, sizeof slot) != 0 ||
	    !rd_token_authentic(&call->token, call->service->keys, id) ||
	    !rd_token_lineage(&call->token, call->service->keys, id, record->seed))
		return inactive(call); // S7
	if (!head) {
		if (call->token.generation + 1 != record->generation || !client->grace_s ||
		    turn->now_ms >= grace_end_ms)
			return inactive(call);
		end_ms = least(end_ms, grace_end_ms);
	}
	return active(call, &(struct facts){
				.use = "refresh_token",
				.client_id = record->client,
				.sub = record->user,
				.scope = record->scope,
				.iat_s = !head                ? 0
					 : record->rotated_ms ? record->rotated_ms / 1000
							      : record->created_ms / 1000,
				.exp_s = end_ms / 1000,
				.auth_time_s = record->auth_time_ms / 1000,
			    });
}

static enum rd_step about_access(struct rd_call *call, const struct rd_record *record)
{
	const struct rd_access *a = &call->access;
	const int64_t age_s = call->now_ms / 1000 - a->auth_time_s;

	if (!rd_span_is(record->user, a->sub) || !rd_span_is(record->client, a->client_id))
		return inactive(call); // S7
	return active(
	    call,
	    &(struct facts){
		.use = "access_token",
		.bearer = true,
		.client_id = a->client_id,
		.sub = a->sub,
		.scope = a->scope,
		.aud = a->aud,
		.jti = a->jti,
		.iat_s = a->iat_s,
		.exp_s = a->exp_s,
		.auth_time_s = a->auth_time_s,
		.fresh = a->fresh && age_s <= call->service->config->fresh_ttl_s ? "true" : "false",
	    });
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
		return inactive(call);
	client = rd_config_client(call->service->config, turn.record.client);
	if (!client || rd_session_state(&turn, (int64_t)client->idle_ttl_s * 1000))
		return inactive(call);
	return call->token.version ? about_refresh(call, &turn, client)
				   : about_access(call, &turn.record);
}
