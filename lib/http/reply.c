#include "http/reply.h"
#include <assert.h>
#include "base/json_write.h"

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

// Members that the dialect has no name for, and empty texts, are left out.
static void put_text(struct rd_buf *body, const char *name, struct rd_span value)
{
	if (name && value.len)
		rd_json_put_text(body, name, value);
}

// A token's alphabet needs no escaping, and looking for what does would cost a third of a
// microsecond.
static void put_token(struct rd_buf *body, const char *name, struct rd_span value)
{
	if (!name || !value.len)
		return;
	rd_json_put(body, name, "\"");
	rd_put_span(body, value);
	rd_put_lit(body, "\"");
}

static void put_seconds(struct rd_buf *body, const char *name, int64_t value_s)
{
	if (name)
		rd_json_put_number(body, name, value_s < 0 ? 0 : (uint64_t)value_s);
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
	rd_put_lit(&reply->body, "{");
	put_text(&reply->body, dialect->error, rd_span(text));
	rd_put_lit(&reply->body, "}");
}

void rd_reply_describe(struct rd_reply *reply, struct rd_span text)
{
	assert(reply->body.len && reply->body.ptr[reply->body.len - 1] == '}');
	reply->body.len--;
	rd_json_put_text(&reply->body, "error_description", text);
	rd_put_lit(&reply->body, "}");
}

struct cookie {
	const char *name;
	struct rd_span value;
	int64_t max_age_s;
	bool for_scripts;
};

// RFC 6265bis section 4.1: for this host only, never added to requests of foreign pages, and but
// for the one for scripts out of their reach. A browser ignores a __Host- cookie with other
// attributes, also when it is to be deleted.
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
			const struct rd_token_response *response)
{
	const struct cookie refresh = {.name = dialect->cookie,
				       .value = response->refresh,
				       .max_age_s = response->idle_left_s};
	const struct cookie csrf = {.name = dialect->csrf,
				    .value = response->csrf,
				    .max_age_s = response->idle_left_s,
				    .for_scripts = true};

	set_cookie(reply, &refresh);
	if (csrf.name && csrf.value.len)
		set_cookie(reply, &csrf);
}

void rd_reply_clear_cookies(struct rd_reply *reply, const struct rd_dialect *dialect, bool csrf)
{
	const struct cookie no_refresh = {.name = dialect->cookie};
	const struct cookie no_csrf = {.name = dialect->csrf, .for_scripts = true};

	if (no_refresh.name)
		set_cookie(reply, &no_refresh);
	if (no_csrf.name && csrf)
		set_cookie(reply, &no_csrf);
}

void rd_reply_token_response(struct rd_reply *reply, const struct rd_dialect *dialect,
			     const struct rd_token_response *response)
{
	struct rd_buf *body = &reply->body;

	reply->status = 200;
	rd_put_lit(body, "{");
	put_token(body, dialect->access, response->access);
	if (dialect->oauth || response->bearer_type)
		put_text(body, "token_type", RD_SPAN("Bearer"));
	put_seconds(body, dialect->expires_in, response->expires_in_s);
	if (response->by_cookie && response->refresh.len)
		set_cookies(reply, dialect, response);
	else
		put_token(body, dialect->refresh, response->refresh);
	if (dialect->oauth || response->bearer_type)
		put_text(body, "scope", response->scope);
	if (dialect->oauth) {
		put_seconds(body, "refresh_token_timeout", response->idle_left_s);
		put_seconds(body, "authorization_expires_in", response->absolute_left_s);
		rd_reply_header(reply, "Pragma", RD_SPAN("no-cache"));
	}
	rd_put_lit(body, "}");
	if (dialect->refresh_header && response->refresh.len)
		rd_reply_header(reply, "Refresh-Token", response->refresh);
}

void rd_reply_empty(struct rd_reply *reply)
{
	reply->status = 204;
}

static const char *status_line(int status)
{
	static const struct {
		int status;
		const char *line;
	} lines[] = {
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

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (lines[i].status == status)
			return lines[i].line;
	return "500 Internal Server Error";
}

void rd_reply_print_head(const struct rd_reply *reply, struct rd_buf *out)
{
	const bool has_body = reply->status != 204; // else no type and no length: RFC 9110 8.6

	rd_put_lit(out, "Status: ");
	rd_put_str(out, status_line(reply->status));
	if (has_body) {
		rd_put_lit(out, "\r\nContent-Type: ");
		rd_put_str(out, reply->type ? reply->type : "application/json");
	}
	if (reply->max_age_s) {
		rd_put_lit(out, "\r\nCache-Control: public, max-age=");
		rd_put_u64(out, reply->max_age_s);
	} else {
		rd_put_lit(out, "\r\nCache-Control: no-store");
	}
	rd_put_lit(out, "\r\nX-Content-Type-Options: nosniff");
	if (has_body) {
		rd_put_lit(out, "\r\nContent-Length: ");
		rd_put_u64(out, reply->body.len);
	}
	rd_put_lit(out, "\r\nX-Request-Id: ");
	rd_put_span(out, reply->request_id);
	rd_put_lit(out, "\r\n");
	rd_put(out, reply->head.ptr, reply->head.len);
	rd_put_lit(out, "\r\n");
}
