// What becomes of a request, for logs and metrics.
#include "op/op.h"
#include "observe/log.h"

// Most lines a second and worker; ALL: no limit. Anybody can cause refusals, and a few lines say as
// much of them as a thousand. Lines about a session are kept up to the rate of a busy service.
enum { SOME = RD_LOG_LINES_PER_S, MOST = 200, ALL = 0 };

struct event {
	const char *name;
	enum rd_log_level level;
	unsigned per_s;
	const char *msg;
};

// The results worth a line of their own.
static const struct event failed[RD_RESULT_COUNT] = {
    [RD_FORGED] = {"token.forged", RD_LOG_WARN, SOME,
		   "a token that no key here has made, or not for this client"},
    [RD_REUSE] = {"refresh.reuse", RD_LOG_WARN, MOST,
		  "a spent refresh token came again, so its session has ended"},
    [RD_FUTURE] = {"refresh.future", RD_LOG_WARN, SOME,
		   "a refresh token newer than its session in Redis"},
    [RD_CONFLICT] =
	{"refresh.lineage_conflict", RD_LOG_CRITICAL, MOST,
	 "a refresh token with our tag but not of its session: the key may have leaked"},
    [RD_BAD_LOGIN] = {"login.failed", RD_LOG_INFO, MOST, "unknown user or wrong password"},
    [RD_WAIT] = {"login.wait", RD_LOG_WARN, SOME,
		 "too many failed logins, so the account has to wait"},
    [RD_BAD_CLIENT] = {"client.refused", RD_LOG_INFO, SOME, "unknown client or wrong secret"},
    [RD_CROSS_SITE] = {"csrf.refused", RD_LOG_WARN, SOME, "a request from a foreign page"},
};

// That a refresh succeeded is for debugging: 10,000 a second would be 3 MB of log a second.
static const struct event refreshed[RD_TURN_COUNT] = {
    [RD_TURN_ROTATED] = {"refresh.ok", RD_LOG_DEBUG, ALL, NULL},
    [RD_TURN_KEPT] = {"refresh.ok", RD_LOG_DEBUG, ALL, NULL},
    [RD_TURN_COALESCED] = {"refresh.coalesced", RD_LOG_DEBUG, ALL,
			   "the newest token, younger than the grace time, came again"},
    [RD_TURN_REPLAYED] = {"refresh.replay", RD_LOG_DEBUG, ALL,
			  "a spent token came again within the grace time"},
    [RD_TURN_LATE] = {"refresh.late", RD_LOG_INFO, SOME,
		      "a spent token came again, as its answer was lost"},
    [RD_TURN_ADOPTED] = {"refresh.adopted", RD_LOG_INFO, SOME,
			 "a token newer than its session in Redis was believed"},
};

static const struct event revoked = {"session.revoked", RD_LOG_INFO, MOST, NULL};
static const struct event each = {"request", RD_LOG_INFO, ALL, NULL};

static struct rd_audit audit_line(const struct rd_call *call, const struct event *event)
{
	return (struct rd_audit){
	    .level = event->level,
	    .per_s = event->per_s,
	    .event = event->name,
	    .msg = event->msg,
	    .request_id = call->reply->request_id,
	    .client_ip = call->params.value[RD_PARAM_REMOTE_ADDR],
	    .client_id = rd_span(call->client ? call->client->id : ""),
	    .sub = call->sub,
	    .sid = rd_span(call->sid),
	    .route = call->op ? call->op->name : "",
	    .outcome = call->outcome,
	};
}

static void log_event(const struct rd_call *call, const struct event *event)
{
	struct rd_audit line;

	if (!event->name || !rd_log_wants(event->level))
		return;
	line = audit_line(call, event);
	rd_log_audit(&line);
}

#define HEADER_SHOWN_MAX 128 // bytes of a header in a log line

// Copies what a header begins with, ? for what does not print.
static struct rd_span shown(struct rd_span header, char out[static HEADER_SHOWN_MAX])
{
	const size_t len = header.len < HEADER_SHOWN_MAX ? header.len : HEADER_SHOWN_MAX;

	for (size_t i = 0; i < len; i++)
		out[i] = header.ptr[i] < 0x20 || header.ptr[i] >= 0x7f ? '?' : header.ptr[i];
	return (struct rd_span){out, len};
}

// Says which page or which proxy is wrong: where Origin and Host differ for a page of our own,
// nginx hands over another Host than the browser's.
static void log_cross_site(const struct rd_call *call)
{
	const struct event *event = &failed[RD_CROSS_SITE];
	char origin[HEADER_SHOWN_MAX], site[HEADER_SHOWN_MAX], host[HEADER_SHOWN_MAX];
	struct rd_audit line;

	if (!rd_log_wants(event->level))
		return;
	line = audit_line(call, event);
	line.origin = shown(call->params.value[RD_PARAM_ORIGIN], origin);
	line.fetch_site = shown(call->params.value[RD_PARAM_FETCH_SITE], site);
	line.host = shown(call->params.value[RD_PARAM_HOST], host);
	rd_log_audit(&line);
}

void rd_op_audit_failure(struct rd_call *call, enum rd_result result)
{
	const enum rd_route route = rd_op_route(call->op);

	call->outcome = rd_result_rows[result].outcome;
	if (route == RD_ROUTE_refresh)
		rd_count_refresh(call->counts, result, RD_TURN_NONE);
	if (route == RD_ROUTE_refresh && result == RD_REUSE)
		rd_count_revoked(call->counts, RD_REASON_REUSE, 1);
	if (route == RD_ROUTE_login)
		rd_count_login_refused(call->counts, result);
	if (result == RD_CROSS_SITE)
		log_cross_site(call);
	else
		log_event(call, &failed[result]);
}

void rd_op_audit_refresh(struct rd_call *call, enum rd_turn_kind kind)
{
	call->outcome = rd_turn_rows[kind].outcome;
	rd_count_refresh(call->counts, RD_OK, kind);
	log_event(call, &refreshed[kind]);
}

void rd_op_audit_success(struct rd_call *call, const char *event)
{
	const struct event begun = {event, RD_LOG_INFO, MOST, NULL};

	call->outcome = rd_result_rows[RD_OK].outcome;
	log_event(call, &begun);
}

void rd_op_audit_revoked(const struct rd_call *call, enum rd_reason reason, struct rd_span sid,
			 uint32_t count)
{
	struct rd_audit line = audit_line(call, &revoked);

	rd_count_revoked(call->counts, reason, count);
	line.sid = sid;
	line.outcome = rd_reason_names[reason];
	line.count = count;
	rd_log_audit(&line);
}

// What is no method of HTTP may be anything, even a secret, and is not logged.
static struct rd_span method_of(const struct rd_call *call)
{
	static const char *const known[] = {"GET",    "HEAD",    "POST", "PUT",
					    "DELETE", "OPTIONS", "PATCH"};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (rd_span_is(rd_span(known[i]), call->params.value[RD_PARAM_METHOD]))
			return rd_span(known[i]);
	return RD_SPAN("other");
}

void rd_op_done(const struct rd_call *call, int64_t took_us)
{
	struct rd_audit line;

	rd_count_request(call->counts, rd_op_route(call->op), call->reply->status, took_us);
	if (!call->service->config->each_request)
		return;
	line = audit_line(call, &each);
	line.sub = (struct rd_span){0}; // other lines name the user; here it may be a password
	line.method = method_of(call);
	line.status = call->reply->status;
	line.took_us = took_us;
	if (!line.outcome)
		line.outcome = line.status < 400 ? rd_result_rows[RD_OK].outcome : "";
	rd_log_audit(&line);
}
