// POST login: takes a name and a password, replies with the first tokens of a new family. Two
// questions: the account, then the new family. An unknown user, a disabled one and a wrong password
// get the same reply after the same work.
#include "base/secret.h"
#include "op/op.h"
#include "op/text.h"
#include "token/password.h"

static enum rd_result read_body(struct rd_call *call)
{
	struct rd_span *password = &call->login.password, other;
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
	if (rd_json_str(call->json, "password", password) != 1 || !password->len ||
	    password->len > RD_PASSWORD_MAX || !rd_text_is_user(call->sub))
		return RD_BAD_REQUEST;
	return RD_OK;
}

// A foreign page must neither log a visitor in under a name of its own nor have passwords hashed.
// There is no session yet that X-CSRF-Token could belong to.
static enum rd_result check_page(struct rd_call *call)
{
	bool unnamed_origin;

	call->by_cookie = call->request.dialect->in == RD_IN_COOKIE;
	return call->by_cookie ? rd_decode_page(&call->request, &unnamed_origin) : RD_OK;
}

static enum rd_step refuse_login(struct rd_call *call, enum rd_result result, int64_t wait_ms)
{
	enum rd_step step = rd_op_fail(call, result);

	if (result == RD_WAIT)
		rd_reply_retry_after(call->reply, (wait_ms + 999) / 1000);
	return step;
}

enum rd_step rd_login_ask(struct rd_call *call, struct rd_question *question)
{
	const struct rd_config *config = call->service->config;
	struct rd_login login = {
	    .prefix = rd_span(config->redis_prefix),
	    .slot = call->token.slot,
	    .tries = config->login_tries,
	    .wait_max_ms = (int64_t)config->login_wait_max_s * 1000,
	};
	// A password says nothing about the client.
	enum rd_result result = call->client->confidential ? RD_BAD_CLIENT : check_page(call);

	if (!result)
		result = read_body(call);
	if (result)
		return rd_op_fail(call, result);
	rd_slot_of(call->token.slot, call->service->keys, call->sub);
	rd_ask_login(question, &login);
	return RD_STEP_ASK;
}

// A hash made at less than today's cost is made again while the password is at hand. When memory is
// short, the old one stays.
static void renew_hash(struct rd_call *call, const struct rd_argon2 *cost)
{
	if (rd_password_outdated(call->login.hash, cost) &&
	    !rd_password_hash(call->login.new_hash, call->login.password, cost))
		call->login.new_hash[0] = 0;
}

// wait_ms: how long the account has to wait, for RD_WAIT.
static enum rd_result check_password(struct rd_call *call, const struct rd_answer *answer,
				     int64_t *wait_ms)
{
	const struct rd_config *config = call->service->config;
	const struct rd_argon2 cost = {config->argon2_ops, config->argon2_mem_kib};
	struct rd_account account;
	enum rd_result result = rd_read_login(answer, &account, wait_ms);
	bool known;

	if (result == RD_STORE_OUT)
		return result;
	known = rd_span_is(account.name, call->sub) && !account.disabled &&
		account.hash.len < sizeof call->login.hash;
	if (known && account.hash.len)
		memcpy(call->login.hash, account.hash.ptr, account.hash.len);
	if (result != RD_WAIT &&
	    rd_password_verify(known ? call->login.hash : NULL, call->login.password, &cost)) {
		renew_hash(call, &cost);
		return RD_OK;
	}
	if (!known)
		call->sub = (struct rd_span){0}; // not for the log: it may be a password
	return result == RD_WAIT ? RD_WAIT : RD_BAD_LOGIN;
}

static enum rd_step begin_family(struct rd_call *call, struct rd_question *question)
{
	struct rd_new_family *family = &call->login.family;
	struct rd_span ip = call->params.value[RD_PARAM_REMOTE_ADDR];

	family->about = (struct rd_record){
	    .user = call->sub,
	    .client = rd_span(call->client->id),
	    .scope = rd_span(call->client->scopes),
	    .agent = call->params.value[RD_PARAM_USER_AGENT],
	};
	if (rd_text_is_ip(ip))
		family->about.ip = ip;
	family->hash = rd_span(call->login.hash);
	family->new_hash = rd_span(call->login.new_hash);
	return rd_op_issue_family(call, family, question);
}

static enum rd_step give_tokens(struct rd_call *call, const struct rd_answer *answer)
{
	struct rd_new_tokens tokens = {.kid = call->token.kid, .fresh = true, .with_refresh = true};
	struct rd_turn turn;
	enum rd_result result = rd_op_issued(call, &call->login.family, answer, &turn);

	if (result)
		return rd_op_fail(call, result);
	rd_op_audit_success(call, "login.ok");
	tokens.record = &turn.record;
	tokens.now_ms = turn.now_ms;
	return rd_op_token_response(call, &tokens);
}

enum rd_step rd_login_answer(struct rd_call *call, const struct rd_answer *answer,
			     struct rd_question *question)
{
	int64_t wait_ms = 0;
	enum rd_result result;

	if (call->login.password_right)
		return give_tokens(call, answer);
	result = check_password(call, answer, &wait_ms);
	if (result)
		return refuse_login(call, result, wait_ms);
	call->login.password_right = true;
	return begin_family(call, question);
}
