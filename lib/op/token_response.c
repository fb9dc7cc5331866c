// What login, issue and refresh share: starting a family, and giving tokens for it.
#include "base/b64.h"
#include "base/rand.h"
#include "base/secret.h"
#include "op/agent.h"
#include "op/op.h"
#include "observe/log.h"

#define JTI_BYTES 12

// NULL: the key file lost it, which start-up and reload refuse.
static const struct rd_access_key *signer_of(const struct rd_call *call)
{
	const struct rd_access_key *ours = call->service->signer;

	if (ours && ours->alg == call->client->access_alg)
		return ours;
	return rd_keys_signer(call->service->keys, call->client->access_alg);
}

static int64_t sign_access(struct rd_call *call, const struct rd_new_tokens *g,
			   const struct rd_access_key *signer, struct rd_buf *out)
{
	const struct rd_config *config = call->service->config;
	const struct rd_client *client = call->client;
	const struct rd_record *record = g->record;
	char jti[RD_B64_LEN(JTI_BYTES) + 1];
	uint8_t random[JTI_BYTES];
	struct rd_access access = {
	    .iss = rd_span(config->issuer),
	    .aud = rd_span(client->audience),
	    .sub = record->user,
	    .client_id = record->client,
	    .scope = record->scope,
	    .extra = record->claims,
	    .iat_s = g->now_ms / 1000,
	    .auth_time_s = record->auth_time_ms / 1000,
	    .fresh = g->fresh && config->fresh_ttl_s > 0 &&
		     g->now_ms - record->auth_time_ms <= (int64_t)config->fresh_ttl_s * 1000,
	};

	// Shorter by a random bit, so that clients do not come back all at once and a thief falls
	// out of step with the victim.
	access.exp_s = access.iat_s + client->access_ttl_s - rd_rand_upto(client->access_jitter_s);
	access.sid = rd_span(call->sid);
	rd_rand(random, sizeof random);
	rd_b64_encode(jti, random, sizeof random);
	access.jti = rd_span(jti);
	rd_jwt_sign(out, &access, signer, client->alg_name);
	return access.exp_s - access.iat_s;
}

enum rd_step rd_op_token_response(struct rd_call *call, const struct rd_new_tokens *g)
{
	const struct rd_record *record = g->record;
	const struct rd_access_key *signer = signer_of(call);
	char access[RD_JWT_MAX], refresh[RD_TOKEN_TEXT_LEN + 1] = "";
	char csrf[RD_CSRF_TEXT_LEN + 1] = "";
	struct rd_buf buf = RD_BUF(access);
	struct rd_token_response grant = {
	    .scope = record->scope, .bearer_type = g->bearer_type, .by_cookie = call->by_cookie};

	// Another worker, already with newer keys, may have rotated while this request was in
	// flight.
	if (call->service->keys->refresh[g->kid].kid == 0 && call->newest)
		call->service = call->newest;
	if (call->service->keys->refresh[g->kid].kid == 0) {
		rd_log(RD_LOG_ERROR, "key.missing", "refresh key %u is not in the key file",
		       g->kid);
		return rd_op_fail(call, RD_INTERNAL);
	}
	if (!signer) {
		rd_log(RD_LOG_ERROR, "key.missing", "no active %s key is in the key file",
		       rd_alg_names[call->client->access_alg]);
		return rd_op_fail(call, RD_INTERNAL);
	}
	grant.expires_in_s = sign_access(call, g, signer, &buf);
	if (!rd_buf_ok(&buf))
		return rd_op_fail(call, RD_INTERNAL);
	if (g->with_refresh) {
		call->token.version = RD_TOKEN_VERSION;
		call->token.kid = g->kid;
		call->token.generation = g->generation;
		rd_token_seal(&call->token, call->service->keys, record->client, record->seed);
		rd_token_print(&call->token, refresh);
	}
	if (call->by_cookie && call->service->config->csrf_token)
		rd_csrf_of(csrf, call->service->keys, call->token.family);
	grant.csrf = rd_span(csrf);
	grant.access = rd_buf_span(&buf);
	grant.refresh = rd_span(refresh);
	grant.absolute_left_s = (record->expires_ms - g->now_ms) / 1000;
	grant.idle_left_s = (record->seen_ms - g->now_ms) / 1000 + call->client->idle_ttl_s;
	if (grant.idle_left_s > grant.absolute_left_s)
		grant.idle_left_s = grant.absolute_left_s;
	rd_reply_token_response(call->reply, call->request.dialect, &grant);
	rd_wipe(refresh, sizeof refresh);
	rd_wipe(access, buf.len);
	return RD_STEP_REPLY;
}

enum rd_step rd_op_issue_family(struct rd_call *call, struct rd_question *question)
{
	const struct rd_service *service = call->service;
	char brief[RD_AGENT_BRIEF_MAX];
	struct rd_issue issue = {
	    .prefix = rd_span(service->config->redis_prefix),
	    .token = &call->token,
	    .sid = call->sid,
	    .seed = call->seed,
	    .idle_ms = (int64_t)call->client->idle_ttl_s * 1000,
	    .absolute_ms = (int64_t)call->client->max_ttl_s * 1000,
	    .auth_time_ms = call->auth_time_ms,
	    .about = call->about,
	    .sessions_max = service->config->sessions_max,
	    .hash = rd_span(call->hash),
	    .new_hash = rd_span(call->new_hash),
	};

	issue.about.agent = rd_agent_brief(call->about.agent, brief);
	call->token.version = RD_TOKEN_VERSION;
	call->token.kid = service->keys->refresh_active;
	call->token.generation = 0;
	rd_slot_of(call->token.slot, service->keys, call->about.user);
	rd_rand(call->token.family, sizeof call->token.family);
	rd_sid_of(call->sid, service->keys, call->token.family);
	rd_rand(call->seed, sizeof call->seed);
	rd_ask_issue(question, &issue);
	return RD_STEP_ASK;
}

enum rd_result rd_op_issued(const struct rd_call *call, const struct rd_answer *answer,
			    struct rd_turn *out)
{
	enum rd_result result = rd_read_issue(answer, out);

	if (!result && sodium_memcmp(out->record.seed, call->seed, RD_SEED_LEN) != 0)
		return RD_STORE_OUT;
	if (!result && out->ended.len)
		rd_op_audit_revoked(call, RD_REASON_CAP, out->ended, 1);
	return result;
}
