#include "http/reply.h"
#include <assert.h>

void rd_reply_header(struct rd_reply *reply, const char *name, struct rd_span value)
{
	for (size_t i = 0; i < value.len; i++)
		assert((unsigned char)value.ptr[i] >= 0x20 && value.ptr[i] != 0x7f);
	rd_put_str(&reply->head, name);
	rd_put_lit(&reply->head, ": ");
	rd_put_span(&reply->head, value);
	rd_put_lit(&reply->head, "\r\n");
}

void rd_reply_retry_after(struct rd_reply *reply, int64_t seconds)
{
	rd_put_lit(&reply->head, "Retry-After: ");
	rd_put_u64(&reply->head, seconds < 1 ? 1 : (uint64_t)seconds);
	rd_put_lit(&reply->head, "\r\n");
}

static void text_member(struct rd_buf *body, const char *name, struct rd_span value)
{
	if (!name || !value.len)
		return;
	rd_put_str(body, body->len ? ",\"" : "{\"");
	rd_put_str(body, name);
	rd_put_lit(body, "\":");
	rd_put_json(body, value);
}

// A token's alphabet needs no escaping, and looking for what does would cost a third of a
// microsecond.
static void token_member(struct rd_buf *body, const char *name, struct rd_span value)
{
	if (!name || !value.len)
		return;
	rd_put_str(body, body->len ? ",\"" : "{\"");
	rd_put_str(body, name);
	rd_put_lit(body, "\":\"");
	rd_put_span(body, value);
	rd_put_lit(body, "\"");
}

static void number_member(struct rd_buf *body, const char *name, int64_t value)
{
	if (!name)
		return;
	rd_put_str(body, body->len ? ",\"" : "{\"");
	rd_put_str(body, name);
	rd_put_lit(body, "\":");
	rd_put_u64(body, value < 0 ? 0 : (uint64_t)value);
}

void rd_reply_error(struct rd_reply *reply, const struct rd_dialect *dialect, enum rd_result result,
		    const char *allow)
{
	const char *text = rd_result_rows[result].error;

	reply->status = rd_result_rows[result].status;
	reply->head.len = reply->body.len = 0;
	if (result == RD_MISSING_TOKEN) {
		reply->status = dialect->missing_status;
		text = dialect->missing;
	} else if (rd_refused(result)) {
		reply->status = dialect->refused_status;
		text = dialect->refused;
	}
	if (result == RD_BAD_CLIENT)
		rd_reply_header(reply, "WWW-Authenticate",
				RD_SPAN("Basic realm=\"refreshd\", charset=\"UTF-8\""));
	if (result == RD_BAD_METHOD && allow)
		rd_reply_header(reply, "Allow", rd_span(allow));
	if (reply->status == 503)
		rd_reply_retry_after(reply, 1);
	if (dialect->oauth)
		rd_reply_header(reply, "Pragma", RD_SPAN("no-cache"));
	text_member(&reply->body, dialect->error, rd_span(text));
	rd_put_lit(&reply->body, "}");
}

struct cookie {
	const char *name;
	struct rd_span value;
	int64_t max_age_s;
	bool for_scripts;
};

// RFC 6265bis section 4.1: for this host alone, never sent along by foreign pages, and mostly out
// of reach of scripts. A browser ignores a __Host- cookie with other attributes, also when it is to
// delete one.
static void set_cookie(struct rd_reply *reply, const struct cookie *cookie)
{
	rd_put_lit(&reply->head, "Set-Cookie: ");
	rd_put_str(&reply->head, cookie->name);
	rd_put_lit(&reply->head, "=");
	rd_put_span(&reply->head, cookie->value);
	rd_put_lit(&reply->head, "; Max-Age=");
	rd_put_u64(&reply->head, cookie->max_age_s < 0 ? 0 : (uint64_t)cookie->max_age_s);
	rd_put_str(&reply->head, cookie->for_scripts
				     ? "; Path=/; Secure; SameSite=Strict\r\n"
				     : "; Path=/; Secure; HttpOnly; SameSite=Strict\r\n");
}

static void set_cookies(struct rd_reply *reply, const struct rd_dialect *dialect,
			const struct rd_token_response *grant)
{
	set_cookie(reply,
		   &(struct cookie){dialect->cookie, grant->refresh, grant->idle_left_s, false});
	if (dialect->csrf && grant->csrf.len)
		set_cookie(reply,
			   &(struct cookie){dialect->csrf, grant->csrf, grant->idle_left_s, true});
}

void rd_reply_clear_cookies(struct rd_reply *reply, const struct rd_dialect *dialect, bool csrf)
{
	if (dialect->cookie)
		set_cookie(reply, &(struct cookie){.name = dialect->cookie});
	if (dialect->csrf && csrf)
		set_cookie(reply, &(struct cookie){.name = dialect->csrf, .for_scripts = true});
}

void rd_reply_token_response(struct rd_reply *reply, const struct rd_dialect *dialect,
			     const struct rd_token_response *grant)
{
	struct rd_buf *body = &reply->body;

	reply->status = 200;
	token_member(body, dialect->access, grant->access);
	if (dialect->oauth || grant->bearer_type)
		text_member(body, "token_type", RD_SPAN("Bearer"));
	number_member(body, dialect->expires_in, grant->expires_in_s);
	if (grant->by_cookie && grant->refresh.len)
		set_cookies(reply, dialect, grant);
	else
		token_member(body, dialect->refresh, grant->refresh);
	if (dialect->oauth || grant->bearer_type)
		text_member(body, "scope", grant->scope);
	if (dialect->oauth) {
		number_member(body, "refresh_token_timeout", grant->idle_left_s);
		number_member(body, "authorization_expires_in", grant->absolute_left_s);
		rd_reply_header(reply, "Pragma", RD_SPAN("no-cache"));
	}
	rd_put_lit(body, "}");
	if (dialect->refresh_header && grant->refresh.len)
		rd_reply_header(reply, "Refresh-Token", grant->refresh);
}

void rd_reply_empty(struct rd_reply *reply)
{
	reply->status = 204;
}

static const char *reason(int status)
{
	static const struct {
		int status;
		const char *line;
	} reasons[] = {
	    {200, "200 OK"},
	    {204, "204 No Content"},
	    {400, "400 Bad Request"},
	    {401, "401 Unauthorized"},
	    {403, "403 Forbidden"},
	    {404, "404 Not Found"},
	    {405, "405 Method Not Allowed"},
	    {413, "413 Content Too Large"},
	    {415, "415 Unsupported Media Type"},
	    {429, "429 Too Many Requests"},
	    {503, "503 Service Unavailable"},
	};

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			return reasons[i].line;
	return "500 Internal Server Error";
}

void rd_reply_print_head(const struct rd_reply *reply, struct rd_buf *out)
{
	const bool has_body = reply->status != 204; // else no type and no length: RFC 9110 8.6

	rd_put_lit(out, "Status: ");
	rd_put_str(out, reason(reply->status));
	rd_put_str(out, has_body ? "\r\nContent-Type: " : "");
	rd_put_str(out, !has_body ? "" : reply->type ? reply->type : "application/json");
	rd_put_str(out, reply->max_age_s ? "\r\nCache-Control: public, max-age="
					 : "\r\nCache-Control: no-store");
	if (reply->max_age_s)
		rd_put_u64(out, reply->max_age_s);
	rd_put_lit(out, "\r\nX-Content-Type-Options: nosniff");
	rd_put_str(out, has_body ? "\r\nContent-Length: " : "");
	if (has_body)
		rd_put_u64(out, reply->body.len);
	rd_put_lit(out, "\r\nX-Request-Id: ");
	rd_put_span(out, reply->request_id);
	rd_put_lit(out, "\r\n");
	rd_put(out, reply->head.ptr, reply->head.len);
	rd_put_lit(out, "\r\n");
}
