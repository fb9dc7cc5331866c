// Is the process there (health), can it do its work (ready), and which one is it (version)?
#include "op/op.h"
#include "run/version.h"

enum rd_step rd_health_ask(struct rd_call *call, struct rd_question *question)
{
	struct rd_buf *body = &call->reply->body;
	const struct rd_span route = rd_span(call->op->name);

	(void)question;
	call->reply->status = 200;
	if (rd_span_is(route, RD_SPAN("version"))) {
		rd_put_lit(body, "{\"version\":");
		rd_put_json(body, rd_span(rd_version));
		rd_put_lit(body, "}");
	} else if (rd_span_is(route, RD_SPAN("health")) || call->store_up) {
		rd_put_lit(body, "{\"status\":\"ok\"}");
	} else {
		rd_reply_error(call->reply, &rd_dialect_json, RD_STORE_OUT, NULL);
		body->len = 0;
		rd_put_lit(body, "{\"status\":\"unavailable\",\"reasons\":[\"redis\"]}");
	}
	return RD_STEP_REPLY;
}
