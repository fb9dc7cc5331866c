// Is the process there (health), can it do its work (ready), and which one is it (version)?
#include "op/op.h"
#include "observe/version.h"

enum rd_step rd_health_ask(struct rd_call *call, struct rd_question *question)
{
	(void)question;
	call->reply->status = 200;
	rd_put_lit(&call->reply->body, "{\"status\":\"ok\"}");
	return RD_STEP_REPLY;
}

enum rd_step rd_ready_ask(struct rd_call *call, struct rd_question *question)
{
	struct rd_buf *body = &call->reply->body;

	if (call->store_up && !call->draining)
		return rd_health_ask(call, question);
	call->reply->status = 503;
	rd_reply_retry_after(call->reply, 1);
	rd_put_lit(body, "{\"status\":\"unavailable\",\"reasons\":[");
	if (!call->store_up)
		rd_put_lit(body, "\"redis\"");
	if (!call->store_up && call->draining)
		rd_put_lit(body, ",");
	if (call->draining)
		rd_put_lit(body, "\"draining\"");
	rd_put_lit(body, "]}");
	return RD_STEP_REPLY;
}

enum rd_step rd_version_ask(struct rd_call *call, struct rd_question *question)
{
	(void)question;
	call->reply->status = 200;
	rd_put_lit(&call->reply->body, "{\"version\":");
	rd_put_json(&call->reply->body, rd_span(rd_version));
	rd_put_lit(&call->reply->body, "}");
	return RD_STEP_REPLY;
}
