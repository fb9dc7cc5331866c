// POST issue: the first tokens of a new family, for a user whom a trusted backend has logged in by
// its own means.
#include <assert.h>
#include "base/scope.h"
#include "op/client.h"
#include "op/text.h"

// A function that reads a member returns RD_OK, or what is wrong with it in why.

// Puts "member: reason". Returns RD_BAD_REQUEST.
static enum rd_result refuse(struct rd_buf *why, const char *member, const char *reason)
{
	rd_put_str(why, member);
	rd_put_lit(why, ": ");
	rd_put_str(why, reason);
	return RD_BAD_REQUEST;
}

// A member that is a string; is_good: NULL for any, rule: what it asks for.
struct text_member {
	const char *name;
	bool (*is_good)(struct rd_span text);
	const char *rule;
};

// *out stays as it is where there is no such member.
static enum rd_result read_text(const struct rd_call *call, const struct text_member *member,
				struct rd_span *out, struct rd_buf *why)
{
	if (rd_json_str(call->json, member->name, out) < 0)
		return refuse(why, member->name, "must be a string");
	if (member->is_good && !member->is_good(*out))
		return refuse(why, member->name, member->rule);
	return RD_OK;
}

static enum rd_result check_claim_names(struct json_object *claims, struct rd_buf *why)
{
	json_object_object_foreach(claims, name, member)
	{
		(void)member;
		if (!rd_claim_reserved(rd_span(name)))
			continue;
		(void)refuse(why, "claims", name); // one of our own words, so it needs no bounds
		rd_put_lit(why, " is reserved");
		return RD_BAD_REQUEST;
	}
	return RD_OK;
}

// The custom claims as JSON members without their braces.
static enum rd_result read_claims(struct rd_call *call, struct rd_buf *why)
{
	struct json_object *claims = NULL;
	const char *text;
	size_t len;
	const int found = rd_json_obj(call->json, "claims", &claims);

	if (found < 0)
		return refuse(why, "claims", "must be an object");
	if (!found)
		return RD_OK;
	if (check_claim_names(claims, why))
		return RD_BAD_REQUEST;
	text = json_object_to_json_string_length(
	    claims, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	static_assert(sizeof call->claims == 2048);
	if (len - 2 > sizeof call->claims)
		return refuse(why, "claims",
			      "must be at most 2048 bytes of JSON, written without "
			      "blanks and outer braces");
	memcpy(call->claims, text + 1, len - 2);
	call->issue.family.about.claims = (struct rd_span){call->claims, len - 2};
	return RD_OK;
}

static enum rd_result read_times(struct rd_call *call, struct rd_buf *why)
{
	int64_t auth_time_s = 1;
	const int found = rd_json_int(call->json, "auth_time", &auth_time_s);

	if (rd_json_bool(call->json, "fresh", &call->issue.fresh) < 0)
		return refuse(why, "fresh", "must be true or false");
	// The two clocks may differ by a minute.
	if (found < 0 || auth_time_s <= 0 || auth_time_s > call->now_ms / 1000 + 60)
		return refuse(why, "auth_time",
			      "must be whole seconds since 1970, and at most a "
			      "minute ahead");
	if (found)
		call->issue.family.auth_time_ms = auth_time_s * 1000;
	return RD_OK;
}

static enum rd_result read_texts(struct rd_call *call, struct rd_span *client, struct rd_buf *why)
{
	struct rd_record *about = &call->issue.family.about;
	static const struct text_member sub = {"sub", rd_text_is_user,
					       "must be there, with 1 to 255 bytes of UTF-8, no "
					       "control characters, no blank at its ends"};
	static const struct text_member scope = {"scope", rd_text_is_scope,
						 "must be at most 512 bytes, words as in RFC 6749 "
						 "section 3.3, divided by single blanks"};
	static const struct text_member ip = {"ip", rd_text_is_ip,
					      "must be an IPv4 or IPv6 address"};
	static const struct text_member agent = {"user_agent", NULL, NULL};
	static const struct text_member client_id = {"client_id", NULL, NULL};

	static_assert(RD_USER_MAX == 255 && RD_SCOPE_MAX == 512);
	if (read_text(call, &sub, &about->user, why) ||
	    read_text(call, &scope, &about->scope, why) || read_text(call, &ip, &about->ip, why) ||
	    read_text(call, &agent, &about->agent, why) || read_text(call, &client_id, client, why))
		return RD_BAD_REQUEST;
	return RD_OK;
}

// Whom the tokens are for. The client is the one that will refresh, not the backend that asks.
static enum rd_result read_family(struct rd_call *call, struct rd_buf *why)
{
	struct rd_record *about = &call->issue.family.about;
	struct rd_span client = rd_span(call->service->config->default_client);

	if (read_texts(call, &client, why) || read_times(call, why) || read_claims(call, why))
		return RD_BAD_REQUEST;
	call->client = rd_config_client(call->service->config, client);
	if (!call->client)
		return refuse(why, "client_id", "there is no such client");
	if (*call->client->scopes &&
	    !rd_scope_covers(rd_span(call->client->scopes), about->scope)) {
		(void)refuse(why, "scope", "is more than the client's scopes");
		return RD_BAD_SCOPE;
	}
	if (!about->scope.len)
		about->scope = rd_span(call->client->scopes);
	about->client = rd_span(call->client->id);
	call->sub = about->user;
	return RD_OK;
}

static enum rd_result read_request(struct rd_call *call, struct rd_buf *why)
{
	struct rd_client_claim claim = {0};
	enum rd_result result = rd_decode_basic(&call->params, call->scratch, &claim);

	call->client = NULL; // that of the location must not pass for an authenticated one
	if (!result)
		result = rd_client_check(call, &claim);
	if (result)
		return result;
	if (!call->client->issue) {
		rd_put_lit(why, "issue is off for this client");
		return RD_NOT_ALLOWED;
	}
	result = rd_decode_json(&call->request, &call->json);
	if (result == RD_BAD_REQUEST)
		rd_put_lit(why, "the body must be one JSON object in UTF-8, each member once");
	return result ? result : read_family(call, why);
}

enum rd_step rd_issue_ask(struct rd_call *call, struct rd_question *question)
{
	char reason[200];
	struct rd_buf why = RD_BUF(reason);
	const enum rd_result result = read_request(call, &why);

	if (!result)
		return rd_op_issue_family(call, &call->issue.family, question);
	(void)rd_op_fail(call, result);
	if (why.len) // who may issue is a backend, and may know
		rd_reply_describe(call->reply, rd_buf_span(&why));
	return RD_STEP_REPLY;
}

enum rd_step rd_issue_answer(struct rd_call *call, const struct rd_answer *answer,
			     struct rd_question *question)
{
	struct rd_new_tokens tokens = {.kid = call->token.kid,
				       .fresh = call->issue.fresh,
				       .with_refresh = true,
				       .bearer_type = true};
	struct rd_turn turn;
	enum rd_result result = rd_op_issued(call, &call->issue.family, answer, &turn);

	(void)question;
	if (result)
		return rd_op_fail(call, result);
	rd_op_audit_success(call, "issue.ok");
	tokens.record = &turn.record;
	tokens.now_ms = turn.now_ms;
	return rd_op_token_response(call, &tokens);
}
