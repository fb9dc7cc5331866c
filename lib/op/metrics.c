// GET metrics: the counters of all workers, for Prometheus. How much each route is used is nobody's
// business outside, so nginx lets only private addresses in.
#include "observe/metrics.h"
#include "op/op.h"

enum rd_step rd_metrics_ask(struct rd_call *call, struct rd_question *question)
{
	const struct rd_access_key *signer = call->service->signer;
	const struct rd_now now = {.key_since_s = signer ? signer->since_s : 0,
				   .now_s = call->now_ms / 1000};

	(void)question;
	static_assert(RD_METRICS_TEXT_MAX <= RD_REPLY_BODY_MAX);
	call->reply->status = 200;
	call->reply->type = "text/plain; version=0.0.4; charset=utf-8";
	if (call->metrics)
		rd_metrics_print(call->metrics, &now, &call->reply->body);
	return RD_STEP_REPLY;
}
