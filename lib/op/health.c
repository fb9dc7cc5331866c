// Is the process there (health), can it do its work (ready), and which one is it (version)?
#include "op/op.h"
#include "run/version.h"

enum rd_step rd_health_ask(struct rd_call *call, struct rd_question *question)
{
	(void)question;
	call->reply->status = 200;
	rd_put_lit(&call->reply->body, "{\"status\":\"ok\"}");
	return RD_STEP_REPLY;
}

enum rd_step rd_ready_ask(struct rd_call *call, struct rd_question *question)
{
	if (call->store_up)
		return rd_health_ask(call, question);
	call->reply->status = 503;
	rd_reply_retry_after(call->reply, 1);
	rd_put_lit(&call->reply->body, "{\"status\":\"unavailable\",\"reasons\":[\"redis\"]}");
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
