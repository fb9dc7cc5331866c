#include "http/request.h"
#include <sodium.h>
#include <strings.h>
#include "http/cookie.h"
#include "token/refresh.h"

// Whether a header's scheme is this one; then *rest is what follows it.
static bool has_scheme(struct rd_span header, struct rd_span name, struct rd_span *rest)
{
	if (header.len <= name.len || strncasecmp(header.ptr, name.ptr, name.len) != 0 ||
	    header.ptr[name.len] != ' ')
		return false;
	while (name.len < header.len && header.ptr[name.len] == ' ')
		name.len++;
	*rest = (struct rd_span){header.ptr + name.len, header.len - name.len};
	return true;
}

enum rd_result rd_decode_bearer(const struct rd_params *params, struct rd_span *out)
{
	*out = (struct rd_span){0};
	if (rd_params_repeated(params, RD_PARAM_AUTHORIZATION))
		return RD_BAD_REQUEST;
	if (!has_scheme(params->value[RD_PARAM_AUTHORIZATION], RD_SPAN("Bearer"), out) || !out->len)
		return RD_MISSING_TOKEN;
	return RD_OK;
}

enum rd_result rd_decode_basic(const struct rd_params *params, char *scratch,
			       struct rd_client_claim *out)
{
	struct rd_span text;
	char *colon;
	size_t len;
	long id, secret;

	if (rd_params_repeated(params, RD_PARAM_AUTHORIZATION))
		return RD_BAD_REQUEST;
	if (!params->value[RD_PARAM_AUTHORIZATION].len)
		return RD_OK;
	out->basic = true;
	if (!has_scheme(params->value[RD_PARAM_AUTHORIZATION], RD_SPAN("Basic"), &text) ||
	    sodium_base642bin((unsigned char *)scratch, RD_BASIC_MAX, text.ptr, text.len, NULL,
			      &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return RD_BAD_CLIENT;
	colon = memchr(scratch, ':', len);
	if (!colon)
		return RD_BAD_CLIENT;
	id = rd_form_unescape(scratch, (size_t)(colon - scratch));
	secret = rd_form_unescape(colon + 1, (size_t)(scratch + len - colon - 1));
	if (id <= 0 || secret < 0)
		return RD_BAD_CLIENT;
	out->id = (struct rd_span){scratch, (size_t)id};
	out->secret = (struct rd_span){colon + 1, (size_t)secret};
	return RD_OK;
}

// Before nginx 1.23 CONTENT_TYPE is the first header's; where nginx passes all headers, each also
// comes as HTTP_.
static bool type_repeated(const struct rd_params *params)
{
	return rd_params_header_repeated(params, RD_PARAM_CONTENT_TYPE) ||
	       rd_params_header_repeated(params, RD_PARAM_TYPE_HEADER);
}

// Compares the media type without parameters such as charset (RFC 9110 section 8.3.1).
static bool is_type(const struct rd_params *params, struct rd_span type)
{
	struct rd_span given = params->value[RD_PARAM_CONTENT_TYPE];
	size_t at = type.len;

	if (given.len < type.len || strncasecmp(given.ptr, type.ptr, type.len) != 0)
		return false;
	while (at < given.len && (given.ptr[at] == ' ' || given.ptr[at] == '\t'))
		at++;
	return at == given.len || given.ptr[at] == ';';
}

enum rd_result rd_decode_json(const struct rd_request *request, struct json_object **out)
{
	*out = NULL;
	if (type_repeated(request->params))
		return RD_BAD_REQUEST;
	if (!is_type(request->params, RD_SPAN("application/json")))
		return RD_BAD_TYPE;
	*out = rd_json_parse((struct rd_span){request->body, request->body_len});
	return *out ? RD_OK : RD_BAD_REQUEST;
}

static enum rd_result from_json(const struct rd_request *request, struct json_object **json,
				struct rd_span *out)
{
	enum rd_result result;
	int found;

	if (request->body_len == 0)
		return RD_MISSING_TOKEN; // no body, no type
	result = rd_decode_json(request, json);
	if (result)
		return result;
	found = rd_json_str(*json, request->dialect->member, out);
	if (found < 0)
		return RD_BAD_REQUEST;
	return found && out->len ? RD_OK : RD_MISSING_TOKEN;
}

// Without a body there is only the header; a body must be JSON and hold no token beside it.
static enum rd_result from_json_or_bearer(const struct rd_request *request,
					  struct json_object **json, struct rd_span *out)
{
	struct rd_span member = {0};
	enum rd_result result = rd_decode_bearer(request->params, out);

	if (result == RD_BAD_REQUEST || request->body_len == 0)
		return result;
	if (result == RD_MISSING_TOKEN)
		return from_json(request, json, out);
	result = from_json(request, json, &member);
	if (result == RD_MISSING_TOKEN)
		return RD_OK;
	return result ? result : RD_BAD_REQUEST;
}

static enum rd_result from_json_or_cookie(const struct rd_request *request,
					  struct json_object **json, struct rd_credential *out)
{
	struct rd_span cookie;
	enum rd_result in_body = from_json(request, json, &out->token);
	enum rd_result result =
	    rd_cookie_find(request->params, rd_span(request->dialect->cookie), &cookie);

	if (result == RD_MISSING_TOKEN || (in_body != RD_OK && in_body != RD_MISSING_TOKEN))
		return in_body;
	if (result == RD_OK && in_body == RD_OK)
		return RD_BAD_REQUEST; // which one is meant?
	if (!result)
		result = rd_cookie_same_origin(request->params, &out->unnamed_origin);
	out->token = cookie;
	out->by_cookie = true;
	return result;
}

// A foreign page cannot declare JSON by a form or a link (Fetch standard, CORS-safelisted headers),
// so the type is required even without a body.
enum rd_result rd_decode_page(const struct rd_request *request, bool *unnamed_origin)
{
	enum rd_result result = rd_cookie_same_origin(request->params, unnamed_origin);

	if (result)
		return result;
	if (type_repeated(request->params))
		return RD_BAD_REQUEST;
	return is_type(request->params, RD_SPAN("application/json")) ? RD_OK : RD_BAD_TYPE;
}

static enum rd_result from_cookie(const struct rd_request *request, struct json_object **json,
				  struct rd_credential *out)
{
	struct rd_span member = {0};
	enum rd_result result = rd_decode_page(request, &out->unnamed_origin);

	if (result)
		return result;
	result = from_json(request, json, &member);
	if (result != RD_MISSING_TOKEN)
		return result ? result : RD_BAD_REQUEST; // scripts cannot read it
	out->by_cookie = true;
	return rd_cookie_find(request->params, rd_span(request->dialect->cookie), &out->token);
}

static enum rd_result from_header(const struct rd_params *params, struct rd_span *out)
{
	*out = params->value[RD_PARAM_REFRESH_TOKEN];
	if (rd_params_header_repeated(params, RD_PARAM_REFRESH_TOKEN))
		return RD_BAD_REQUEST;
	return out->len ? RD_OK : RD_MISSING_TOKEN;
}

enum rd_result rd_decode_form(const struct rd_request *request, char *scratch, struct rd_form *form,
			      struct rd_client_claim *client)
{
	struct rd_span id, secret;
	enum rd_result result;

	*client = (struct rd_client_claim){0};
	if (type_repeated(request->params) || request->body_len == 0)
		return RD_BAD_REQUEST;
	if (!is_type(request->params, RD_SPAN("application/x-www-form-urlencoded")))
		return RD_BAD_TYPE;
	if (!rd_form_parse(request->body, request->body_len, form))
		return RD_BAD_REQUEST;
	result = rd_decode_basic(request->params, scratch, client);
	if (result)
		return result;
	id = rd_form_get(form, RD_SPAN("client_id"));
	secret = rd_form_get(form, RD_SPAN("client_secret"));
	if (client->basic && (secret.len || (id.len && !rd_span_is(id, client->id))))
		return RD_BAD_REQUEST;
	if (!client->basic)
		*client = (struct rd_client_claim){.id = id, .secret = secret};
	return RD_OK;
}

// RFC 6749 section 6. grant: grant_type is required, and scope is read.
static enum rd_result from_form(const struct rd_request *request, char *scratch, bool grant,
				struct rd_credential *out)
{
	struct rd_form form;
	struct rd_span type;
	enum rd_result result = rd_decode_form(request, scratch, &form, &out->client);

	if (result)
		return result;
	type = rd_form_get(&form, RD_SPAN("grant_type"));
	if (grant && !type.len)
		return RD_BAD_REQUEST;
	if (grant && !rd_span_is(type, RD_SPAN("refresh_token")))
		return RD_BAD_GRANT_TYPE;
	out->scope = grant ? rd_form_get(&form, RD_SPAN("scope")) : (struct rd_span){0};
	out->token = rd_form_get(&form, RD_SPAN("refresh_token"));
	return out->token.len ? RD_OK : RD_MISSING_TOKEN;
}

enum rd_result rd_decode_refresh(const struct rd_request *request, char *scratch,
				 struct json_object **json, struct rd_credential *out)
{
	*out = (struct rd_credential){0};
	*json = NULL;
	switch (request->dialect->in) {
	case RD_IN_BEARER:
		return rd_decode_bearer(request->params, &out->token);
	case RD_IN_HEADER:
		return from_header(request->params, &out->token);
	case RD_IN_JSON:
		return from_json(request, json, &out->token);
	case RD_IN_JSON_OR_BEARER:
		return from_json_or_bearer(request, json, &out->token);
	case RD_IN_JSON_OR_COOKIE:
		return from_json_or_cookie(request, json, out);
	case RD_IN_COOKIE:
		return from_cookie(request, json, out);
	case RD_IN_FORM:
		return from_form(request, scratch, true, out);
	}
	return RD_INTERNAL;
}

// The refresh token where the dialect has it, but for Authorization, which rd_decode_logout reads.
static enum rd_result from_own_place(const struct rd_request *request, char *scratch,
				     struct json_object **json, struct rd_credential *out)
{
	switch (request->dialect->in) {
	case RD_IN_BEARER:
		return RD_MISSING_TOKEN;
	case RD_IN_JSON_OR_BEARER:
		return from_json(request, json, &out->token);
	case RD_IN_FORM:
		return request->body_len ? from_form(request, scratch, false, out)
					 : RD_MISSING_TOKEN;
	default:
		return rd_decode_refresh(request, scratch, json, out);
	}
}

enum rd_result rd_decode_logout(const struct rd_request *request, char *scratch,
				struct json_object **json, struct rd_credential *out)
{
	struct rd_span bearer;
	enum rd_result result, beside = rd_decode_bearer(request->params, &bearer);
	bool access;

	*out = (struct rd_credential){0};
	*json = NULL;
	if (beside == RD_BAD_REQUEST)
		return beside;
	access = !rd_span_begins(bearer, RD_SPAN(RD_TOKEN_PREFIX));
	result = from_own_place(request, scratch, json, out);
	if (result == RD_OK)
		return beside == RD_OK && !access ? RD_BAD_REQUEST : RD_OK;
	if (result == RD_MISSING_TOKEN && beside == RD_OK) {
		out->token = bearer;
		out->access = access;
		out->by_cookie = false;
		return RD_OK;
	}
	return result;
}
