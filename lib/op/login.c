// POST login: name and password for the first tokens of a new family. Two questions: the account,
// then the new family. An unknown, a disabled and a mistaken user get the same answer after the
// same work.
#include "base/secret.h"
#include "op/op.h"
#include "op/text.h"
#include "token/password.h"

static enum rd_result decode(struct rd_call *call)
{
	struct rd_span other;
	enum rd_result result = rd_decode_json(&call->request, &call->json);
	int name, username;

	if (result)
		return result;
	name = rd_json_str(call->json, "name", &call->sub);
	username = rd_json_str(call->json, "username", &other);
	if (name < 0 || username < 0 || name + username != 1)
		return RD_BAD_REQUEST;
	if (username)
		call->sub = other;
	if (rd_json_str(call->json, "password", &call->password) != 1 || !call->password.len ||
	    call->password.len > RD_PASSWORD_MAX || !rd_text_is_user(call->sub))
		return RD_BAD_REQUEST;
	return RD_OK;
}

// A foreign page must not log a visitor in under its own name, nor have passwords hashed. There is
// no session yet that X-CSRF-Token could belong to.
static enum rd_result check_page(struct rd_call *call)
{
	bool unnamed_origin;

	call->by_cookie = call->request.dialect->in == RD_IN_COOKIE;
	return call->by_cookie ? rd_decode_page(&call->request, &unnamed_origin) : RD_OK;
}

enum rd_step rd_login_ask(struct rd_call *call, struct rd_question *question)
{
	const struct rd_config *config = call->service->config;
	// A password says nothing about the client.
	enum rd_result result = call->client->confidential ? RD_BAD_CLIENT : check_page(call);

	if (!result)
		result = decode(call);
	if (result)
		return rd_op_fail(call, result);
	rd_slot_of(call->token.slot, call->service->keys, call->sub);
	rd_ask_login(question,
		     &(struct rd_login){.prefix = rd_span(config->redis_prefix),
					.slot = call->token.slot,
					.tries = config->login_tries,
					.wait_max_ms = (int64_t)config->login_wait_max_s * 1000});
	return RD_STEP_ASK;
}

// A hash made at less than today's cost is made again while the password is at hand. Without memory
// for it the old one stays.
static void renew_hash(struct rd_call *call, const struct rd_argon2 *cost)
{
	if (rd_password_outdated(call->hash, cost) &&
	    !rd_password_hash(call->new_hash, call->password, cost))
		call->new_hash[0] = 0;
}

static enum rd_result check_password(struct rd_call *call, const struct rd_answer *answer)
{
	const struct rd_config *config = call->service->config;
	const struct rd_argon2 cost = {config->argon2_ops, config->argon2_mem_kib};
	struct rd_account account;
	enum rd_result result = rd_read_login(answer, &account, &call->wait_ms);
	bool known;

	if (result == RD_STORE_OUT)
		return result;
	known = rd_span_is(account.name, call->sub) && !account.disabled &&
		account.hash.len < sizeof call->hash;
	if (known && account.hash.len)
		memcpy(call->hash, account.hash.ptr, account.hash.len);
	if (result != RD_WAIT &&
	    rd_password_verify(known ? call->hash : NULL, call->password, &cost)) {
		renew_hash(call, &cost);
		return RD_OK;
	}
	if (!known)
		call->sub = (struct rd_span){0}; // not for the log: it may be a password
	return result == RD_WAIT ? RD_WAIT : RD_BAD_LOGIN;
}

static enum rd_step finish(struct rd_call *call, const struct rd_answer *answer)
{
	struct rd_turn turn;
	enum rd_result result = rd_op_issued(call, answer, &turn);

	if (result)
		return rd_op_fail(call, result);
	rd_op_audit_success(call, "login.ok");
	return rd_op_token_response(call, &(struct rd_new_tokens){.record = &turn.record,
								  .now_ms = turn.now_ms,
								  .kid = call->token.kid,
								  .fresh = true,
								  .with_refresh = true});
}

enum rd_step rd_login_answer(struct rd_call *call, const struct rd_answer *answer,
			     struct rd_question *question)
{
	enum rd_result result;

	if (call->stage++)
		return finish(call, answer);
	result = check_password(call, answer);
	if (result)
		return rd_op_fail(call, result);
	call->about = (struct rd_record){
	    .user = call->sub,
	    .client = rd_span(call->client->id),
	    .scope = rd_span(call->client->scopes),
	    .agent = call->params.value[RD_PARAM_USER_AGENT],
	};
	if (rd_text_is_ip(call->params.value[RD_PARAM_REMOTE_ADDR]))
		call->about.ip = call->params.value[RD_PARAM_REMOTE_ADDR];
	return rd_op_issue_family(call, question);
}
