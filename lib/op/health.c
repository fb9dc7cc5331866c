// GET health: the process runs. GET ready: it can serve; reasons: redis (it is away, or not to be
// written to), redis_replica beside it (what answers is a replica), draining (the worker ends). GET
// version: which refreshd it is.
#include "base/json_write.h"
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
		rd_json_put(body, NULL, "\"redis\"");
	if (call->store_replica)
		rd_json_put(body, NULL, "\"redis_replica\"");
	if (call->draining)
		rd_json_put(body, NULL, "\"draining\"");
	rd_put_lit(body, "]}");
	return RD_STEP_REPLY;
}

enum rd_step rd_version_ask(struct rd_call *call, struct rd_question *question)
{
	(void)question;
	call->reply->status = 200;
	rd_put_lit(&call->reply->body, "{");
	rd_json_put_text(&call->reply->body, "version", rd_span(rd_version));
	rd_put_lit(&call->reply->body, "}");
	return RD_STEP_REPLY;
}
