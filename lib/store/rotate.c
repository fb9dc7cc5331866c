// Questions and answers about one session's tokens: issue and rotation.
#include "store/question.h"

static void session_keys(struct rd_question *q, struct rd_span prefix, const uint8_t *slot,
			 const char *sid)
{
	rd_question_key(q, prefix, slot, "f:", rd_sid_span(sid));
	rd_question_key(q, prefix, slot, "u", (struct rd_span){0});
}

void rd_ask_rotate(struct rd_question *out, const struct rd_rotation *rotation)
{
	rd_question_start(out, RD_SCRIPT_ROTATE);
	session_keys(out, rotation->prefix, rotation->token->slot, rotation->sid);
	rd_question_int(out, rotation->token->generation);
	rd_question_arg(out, rotation->client);
	rd_question_int(out, rotation->grace_ms);
	rd_question_int(out, rotation->idle_ms);
	rd_question_int(out, rotation->kid);
	rd_question_int(out, rotation->rotate);
	rd_question_arg(out, rotation->scope);
	rd_question_int(out, rotation->late_ms);
	rd_question_arg(out,
			(struct rd_span){(const char *)rotation->fingerprint, RD_FINGERPRINT_LEN});
	rd_question_int(out, rotation->adopt);
}

void rd_ask_issue(struct rd_question *out, const struct rd_issue *issue)
{
	char var[RD_RECORD_VAR_MAX];
	struct rd_buf buf = RD_BUF(var);

	rd_question_start(out, RD_SCRIPT_ISSUE);
	session_keys(out, issue->prefix, issue->token->slot, issue->sid);
	if (issue->hash.len) {
		rd_question_key(out, issue->prefix, issue->token->slot, "b", (struct rd_span){0});
		rd_question_key(out, issue->prefix, issue->token->slot, "a", (struct rd_span){0});
	}
	rd_question_int(out, issue->idle_ms);
	rd_question_int(out, issue->absolute_ms);
	rd_question_int(out, issue->auth_time_ms);
	rd_question_int(out, issue->token->kid);
	rd_question_arg(out, (struct rd_span){(const char *)issue->seed, RD_SEED_LEN});
	rd_record_put_var(&buf, &issue->about);
	rd_question_arg(out, rd_buf_span(&buf));
	rd_question_int(out, issue->sessions_max);
	if (issue->hash.len) {
		rd_question_arg(out, issue->hash);
		rd_question_arg(out, issue->new_hash);
	}
}

static enum rd_result read_turn(const struct rd_answer *answer, const char *letters,
				struct rd_turn *out)
{
	struct rd_span rest;
	enum rd_result result;

	*out = (struct rd_turn){0};
	result = rd_answer_open(answer, letters, out, &rest);
	if (result == RD_NO_RECORD || result == RD_STORE_OUT || result == RD_BAD_LOGIN)
		return result;
	return rd_record_read(rest, &out->record) ? result : RD_STORE_OUT;
}

enum rd_result rd_read_rotate(const struct rd_answer *answer, struct rd_turn *out)
{
	return answer->count == 1 ? read_turn(answer, "RCPLHKAVEWUFSX", out) : RD_STORE_OUT;
}

enum rd_result rd_read_issue(const struct rd_answer *answer, struct rd_turn *out)
{
	enum rd_result result = answer->count == 2 ? read_turn(answer, "IB", out) : RD_STORE_OUT;

	if (!result && answer->part[1].len == RD_SID_TEXT_LEN)
		out->ended = answer->part[1];
	return result;
}

void rd_ask_session(struct rd_question *out, struct rd_span prefix,
		    const uint8_t slot[static RD_SLOT_LEN], const char *sid)
{
	rd_question_start(out, RD_SCRIPT_SESSION);
	rd_question_key(out, prefix, slot, "f:", rd_sid_span(sid));
}

enum rd_result rd_read_session(const struct rd_answer *answer, struct rd_turn *out)
{
	return answer->count == 1 ? read_turn(answer, "GA", out) : RD_STORE_OUT;
}

enum rd_result rd_session_state(const struct rd_turn *turn, int64_t idle_ms)
{
	if (turn->record.revoked)
		return RD_REVOKED;
	if (turn->now_ms >= turn->record.expires_ms ||
	    turn->now_ms >= turn->record.seen_ms + idle_ms)
		return RD_EXPIRED;
	return RD_OK;
}
