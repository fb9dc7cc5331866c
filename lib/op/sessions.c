// GET sessions and DELETE session: lists a user's sessions and ends one of them. One question each,
// which the store answers only while the session that asks stands.
#include <stdlib.h>
#include "base/json_write.h"
#include "op/access.h"

#define TAIL_MAX 48 // `],"total":4294967295,"more":true}`, kept free until the end

struct listed {
	struct rd_span sid;
	struct rd_turn turn;
	int64_t ends_ms; // unless it is used before
};

// With the challenge of RFC 6750 section 3.
static enum rd_step refuse_token(struct rd_call *call, enum rd_result result)
{
	enum rd_step step = rd_op_fail(call, result);

	if (result == RD_MISSING_TOKEN)
		rd_reply_header(call->reply, "WWW-Authenticate",
				RD_SPAN("Bearer realm=\"refreshd\""));
	else if (rd_refused(result))
		rd_reply_header(call->reply, "WWW-Authenticate",
				RD_SPAN("Bearer realm=\"refreshd\", error=\"invalid_token\""));
	return step;
}

enum rd_step rd_sessions_ask(struct rd_call *call, struct rd_question *question)
{
	enum rd_result result = rd_access_take_session(call);

	if (result)
		return refuse_token(call, result);
	rd_ask_sessions(question, rd_span(call->service->config->redis_prefix), call->token.slot, 0,
			call->sid);
	return RD_STEP_ASK;
}

// Whether it stands by the idle time that its client has today; Redis may still go by an older one.
// A client that is no longer configured has none.
static bool stands(const struct rd_call *call, struct listed *session)
{
	const struct rd_record *record = &session->turn.record;
	const struct rd_client *client = rd_config_client(call->service->config, record->client);

	session->ends_ms = record->expires_ms;
	if (!client)
		return rd_session_state(&session->turn, record->expires_ms) == RD_OK;
	if (record->seen_ms + (int64_t)client->idle_ttl_s * 1000 < session->ends_ms)
		session->ends_ms = record->seen_ms + (int64_t)client->idle_ttl_s * 1000;
	return rd_session_state(&session->turn, (int64_t)client->idle_ttl_s * 1000) == RD_OK;
}

static int newer_first(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;
	const int64_t at = x->turn.record.created_ms, other_at = y->turn.record.created_ms;

	if (at != other_at)
		return at > other_at ? -1 : 1;
	return memcmp(x->sid.ptr, y->sid.ptr, RD_SID_TEXT_LEN);
}

static void put_time(struct rd_buf *body, const char *name, int64_t ms)
{
	rd_json_put_number(body, name, (uint64_t)ms / 1000);
}

static void put_text(struct rd_buf *body, const char *name, struct rd_span text)
{
	rd_json_put(body, name, "");
	rd_put_json_any(body, text); // a user agent need not be UTF-8
}

static void put_session(struct rd_buf *body, const struct listed *session, bool current)
{
	const struct rd_record *record = &session->turn.record;

	rd_json_put(body, NULL, "{");
	put_text(body, "sid", session->sid);
	put_time(body, "created", record->created_ms);
	put_time(body, "last_seen", record->seen_ms);
	put_time(body, "expires", session->ends_ms);
	put_text(body, "ip", record->ip);
	put_text(body, "user_agent", record->agent);
	put_text(body, "client_id", record->client);
	put_text(body, "scope", record->scope);
	rd_json_put_bool(body, "current", current);
	rd_put_lit(body, "}");
}

// Writes as many as there is room for. Returns how many that are.
static size_t put_sessions(struct rd_call *call, const struct listed *sessions, size_t count)
{
	struct rd_buf *body = &call->reply->body;
	size_t done = 0;

	rd_put_lit(body, "{\"sessions\":[");
	body->max -= TAIL_MAX;
	for (; done < count; done++) {
		const size_t before = body->len;

		put_session(body, &sessions[done],
			    rd_span_is(sessions[done].sid, rd_span(call->sid)));
		if (rd_buf_ok(body))
			continue;
		body->len = before;
		body->full = false;
		break;
	}
	body->max += TAIL_MAX;
	return done;
}

enum rd_step rd_sessions_answer(struct rd_call *call, const struct rd_answer *answer,
				struct rd_question *question)
{
	struct listed page[RD_SESSIONS_PAGE], *at = page;
	struct rd_buf *body = &call->reply->body;
	struct rd_sessions all;
	enum rd_result result = rd_read_sessions(answer, &all);
	size_t done;

	(void)question;
	if (result)
		return refuse_token(call, result);
	while (at < page + RD_SESSIONS_PAGE && rd_sessions_next(&all, &at->sid, &at->turn.record)) {
		at->turn.now_ms = all.now_ms;
		if (stands(call, at))
			at++;
		else if (all.total)
			all.total--;
	}
	qsort(page, (size_t)(at - page), sizeof *page, newer_first);
	call->reply->status = 200;
	done = put_sessions(call, page, (size_t)(at - page));
	rd_put_lit(body, "]");
	rd_json_put_number(body, "total", all.total);
	if (done < all.total)
		rd_json_put_bool(body, "more", true);
	rd_put_lit(body, "}");
	return RD_STEP_REPLY;
}

static bool is_sid(struct rd_span text)
{
	return text.len == RD_SID_TEXT_LEN && rd_span_only(text, RD_ALNUM "-_");
}

enum rd_step rd_session_ask(struct rd_call *call, struct rd_question *question)
{
	const struct rd_config *config = call->service->config;
	struct rd_span sid = call->params.value[RD_PARAM_SID];
	const struct rd_revocation revocation = {
	    .prefix = rd_span(config->redis_prefix),
	    .slot = call->token.slot,
	    .sid = sid.ptr,
	    .asker = call->sid,
	    .reason = RD_REASON_USER,
	    .durable = config->durable,
	};
	enum rd_result result = rd_access_take_session(call);

	if (!result && !is_sid(sid))
		result = RD_SESSION_NOT_FOUND;
	if (result)
		return refuse_token(call, result);
	rd_ask_revoke(question, &revocation);
	return RD_STEP_ASK;
}

enum rd_step rd_session_answer(struct rd_call *call, const struct rd_answer *answer,
			       struct rd_question *question)
{
	uint32_t count;
	enum rd_result result = rd_read_revoke(answer, &count);

	(void)question;
	if (result)
		return refuse_token(call, result == RD_NO_RECORD ? RD_SESSION_NOT_FOUND : result);
	if (count)
		rd_op_audit_revoked(call, RD_REASON_USER, call->params.value[RD_PARAM_SID], count);
	return rd_op_ended(call);
}
