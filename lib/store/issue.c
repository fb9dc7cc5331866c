#include "store/question.h"

void rd_ask_issue(struct rd_question *out, const struct rd_issue *issue)
{
	char var[RD_RECORD_VAR_MAX];
	struct rd_buf buf = RD_BUF(var);

	rd_question_start(out, RD_SCRIPT_ISSUE);
	rd_question_session_keys(out, issue->prefix, issue->token->slot, issue->sid);
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

enum rd_result rd_read_issue(const struct rd_answer *answer, struct rd_turn *out)
{
	const enum rd_result result = rd_answer_turn(answer, 2, "IB", out);

	if (result == RD_OK && answer->part[1].len == RD_SID_TEXT_LEN)
		out->ended = answer->part[1];
	return result;
}
