// What login, issue and refresh share: beginning a family, and replying with tokens of it.
#include "base/b64.h"
#include "base/rand.h"
#include "base/secret.h"
#include "op/agent.h"
#include "op/op.h"
#include "observe/log.h"

#define JTI_BYTES 12

struct token_texts {
	struct rd_buf access; // in access_bytes
	char access_bytes[RD_JWT_MAX];
	char refresh[RD_TOKEN_TEXT_LEN + 1]; // "": not sent
	char csrf[RD_CSRF_TEXT_LEN + 1];     // "": not sent
};

// Only what was written: an access token is much shorter than RD_JWT_MAX.
static void token_texts_wipe(struct token_texts *texts)
{
	rd_wipe(texts->access_bytes, texts->access.len);
	rd_wipe(texts->refresh, sizeof texts->refresh);
	rd_wipe(texts->csrf, sizeof texts->csrf);
}

// NULL: the key file has lost it; start-up and reload refuse such a file.
static const struct rd_access_key *signer_of(const struct rd_call *call)
{
	const struct rd_access_key *ours = call->service->signer;

	if (ours && ours->alg == call->client->access_alg)
		return ours;
	return rd_keys_signer(call->service->keys, call->client->access_alg);
}

// Returns for how many seconds it is good.
static int64_t sign_access(struct rd_call *call, const struct rd_new_tokens *tokens,
			   const struct rd_access_key *signer, struct rd_buf *out)
{
	const struct rd_config *config = call->service->config;
	const struct rd_client *client = call->client;
	const struct rd_record *record = tokens->record;
	const int64_t auth_age_ms = tokens->now_ms - record->auth_time_ms;
	// Shorter by a random bit, so that clients do not come back all at once and a thief falls
	// out of step with the victim.
	const int64_t ttl_s = (int64_t)client->access_ttl_s - rd_rand_upto(client->access_jitter_s);
	char jti[RD_B64_LEN(JTI_BYTES) + 1];
	uint8_t random[JTI_BYTES];
	struct rd_access access = {
	    .iss = rd_span(config->issuer),
	    .aud = rd_span(client->audience),
	    .sub = record->user,
	    .client_id = record->client,
	    .scope = record->scope,
	    .extra = record->claims,
	    .sid = rd_span(call->sid),
	    .iat_s = tokens->now_ms / 1000,
	    .exp_s = tokens->now_ms / 1000 + ttl_s,
	    .auth_time_s = record->auth_time_ms / 1000,
	    .fresh = tokens->fresh && config->fresh_ttl_s > 0 &&
		     auth_age_ms <= (int64_t)config->fresh_ttl_s * 1000,
	};

	rd_rand(random, sizeof random);
	rd_b64_encode(jti, random, sizeof random);
	access.jti = rd_span(jti);
	rd_jwt_sign(out, &access, signer, client->alg_name);
	return ttl_s;
}

static bool has_refresh_key(const struct rd_call *call, uint8_t kid)
{
	return call->service->keys->refresh[kid].kid != 0;
}

// The key that signs, or NULL when one of the two keys is missing, which is logged.
static const struct rd_access_key *find_keys(struct rd_call *call, uint8_t kid)
{
	const struct rd_access_key *signer = signer_of(call);

	// Another worker, already with newer keys, may have rotated while this request was in
	// flight.
	if (!has_refresh_key(call, kid) && call->newest)
		call->service = call->newest;
	if (!has_refresh_key(call, kid)) {
		rd_log(RD_LOG_ERROR, "key.missing", "refresh key %u is not in the key file", kid);
		return NULL;
	}
	if (!signer)
		rd_log(RD_LOG_ERROR, "key.missing", "no active %s key is in the key file",
		       rd_alg_names[call->client->access_alg]);
	return signer;
}

static void seal_refresh(struct rd_call *call, const struct rd_new_tokens *tokens,
			 struct token_texts *texts)
{
	const struct rd_record *record = tokens->record;

	call->token.version = RD_TOKEN_VERSION;
	call->token.kid = tokens->kid;
	call->token.generation = tokens->generation;
	rd_token_seal(&call->token, call->service->keys, record->client, record->seed);
	rd_token_print(&call->token, texts->refresh);
}

enum rd_step rd_op_token_response(struct rd_call *call, const struct rd_new_tokens *tokens)
{
	const struct rd_record *record = tokens->record;
	const struct rd_access_key *signer = find_keys(call, tokens->kid);
	RD_WIPE(token_texts_wipe) struct token_texts texts;
	struct rd_token_response response = {
	    .scope = record->scope,
	    .bearer_type = tokens->bearer_type,
	    .by_cookie = call->by_cookie,
	    .absolute_left_s = (record->expires_ms - tokens->now_ms) / 1000,
	    .idle_left_s = (record->seen_ms - tokens->now_ms) / 1000 + call->client->idle_ttl_s,
	};

	texts.access = RD_BUF(texts.access_bytes);
	texts.refresh[0] = texts.csrf[0] = 0;
	if (!signer)
		return rd_op_fail(call, RD_INTERNAL);
	response.expires_in_s = sign_access(call, tokens, signer, &texts.access);
	if (!rd_buf_ok(&texts.access))
		return rd_op_fail(call, RD_INTERNAL);
	if (tokens->with_refresh)
		seal_refresh(call, tokens, &texts);
	if (call->by_cookie && call->service->config->csrf_token)
		rd_csrf_of(texts.csrf, call->service->keys, call->token.family);
	response.access = rd_buf_span(&texts.access);
	response.refresh = rd_span(texts.refresh);
	response.csrf = rd_span(texts.csrf);
	if (response.idle_left_s > response.absolute_left_s)
		response.idle_left_s = response.absolute_left_s;
	rd_reply_token_response(call->reply, call->request.dialect, &response);
	return RD_STEP_REPLY;
}

enum rd_step rd_op_issue_family(struct rd_call *call, struct rd_new_family *family,
				struct rd_question *question)
{
	const struct rd_service *service = call->service;
	char brief[RD_AGENT_BRIEF_MAX];
	struct rd_issue issue = {
	    .prefix = rd_span(service->config->redis_prefix),
	    .token = &call->token,
	    .sid = call->sid,
	    .seed = family->seed,
	    .idle_ms = (int64_t)call->client->idle_ttl_s * 1000,
	    .absolute_ms = (int64_t)call->client->max_ttl_s * 1000,
	    .auth_time_ms = family->auth_time_ms,
	    .about = family->about,
	    .sessions_max = service->config->sessions_max,
	    .hash = family->hash,
	    .new_hash = family->new_hash,
	};

	issue.about.agent = rd_agent_brief(family->about.agent, brief);
	call->token.version = RD_TOKEN_VERSION;
	call->token.kid = service->keys->refresh_active;
	call->token.generation = 0;
	rd_slot_of(call->token.slot, service->keys, family->about.user);
	rd_rand(call->token.family, sizeof call->token.family);
	rd_sid_of(call->sid, service->keys, call->token.family);
	rd_rand(family->seed, sizeof family->seed);
	rd_ask_issue(question, &issue);
	return RD_STEP_ASK;
}

enum rd_result rd_op_issued(const struct rd_call *call, const struct rd_new_family *family,
			    const struct rd_answer *answer, struct rd_turn *out)
{
	enum rd_result result = rd_read_issue(answer, out);

	if (!result && sodium_memcmp(out->record.seed, family->seed, RD_SEED_LEN) != 0)
		return RD_STORE_OUT;
	if (!result && out->ended.len)
		rd_op_audit_revoked(call, RD_REASON_CAP, out->ended, 1);
	return result;
}
