// GET metadata: the endpoints and what they support (RFC 8414).
#include "base/json_write.h"
#include "base/scope.h"
#include "op/op.h"

#define SCOPES_ROOM 2048 // bytes of the body for scopes; section 2 lets us leave out others

// Confidential clients use one of these, public ones "none"; introspect is for the former.
#define SECRET_METHODS "\"client_secret_basic\",\"client_secret_post\""

// path: of the default location, behind the issuer; option: set by the operator, wins over it.
static void put_endpoint(struct rd_buf *body, const char *name, const struct rd_config *config,
			 const char *option, const char *path)
{
	char text[sizeof config->issuer + 64];
	struct rd_buf url = RD_BUF(text);
	size_t len = strlen(config->issuer);

	if (len && config->issuer[len - 1] == '/')
		len--; // path brings its own
	rd_put(&url, config->issuer, len);
	rd_put_str(&url, path);
	rd_json_put_text(body, name, *option ? rd_span(option) : rd_buf_span(&url));
}

// values: JSON strings with commas between them.
static void put_list(struct rd_buf *body, const char *name, const char *values)
{
	rd_json_put(body, name, "[");
	rd_put_str(body, values);
	rd_put_lit(body, "]");
}

// Whether a client before this one has the scope too, so that it has been listed.
static bool listed_before(const struct rd_config *config, size_t client, struct rd_span scope)
{
	for (size_t i = 0; i < client; i++)
		if (rd_scope_covers(rd_span(config->clients[i].scopes), scope))
			return true;
	return false;
}

// All clients' scopes, each once; section 3.2 forbids an empty list.
static void put_scopes(struct rd_buf *body, const struct rd_config *config)
{
	const size_t most = body->len + SCOPES_ROOM;
	bool first = true;

	for (size_t i = 0; i < config->client_count; i++) {
		struct rd_span rest = rd_span(config->clients[i].scopes), seen = rest, word;

		while (rd_scope_next(&rest, &word)) {
			const size_t before = (size_t)(word.ptr - seen.ptr);

			if (listed_before(config, i, word) || body->len + word.len > most ||
			    rd_scope_covers((struct rd_span){seen.ptr, before}, word))
				continue;
			if (first)
				rd_json_put(body, "scopes_supported", "[");
			first = false;
			rd_json_put_text(body, NULL, word);
		}
	}
	if (!first)
		rd_put_lit(body, "]");
}

enum rd_step rd_metadata_ask(struct rd_call *call, struct rd_question *question)
{
	const struct rd_config *c = call->service->config;
	struct rd_buf *body = &call->reply->body;

	(void)question;
	call->reply->status = 200;
	call->reply->max_age_s = c->jwks_max_age_s;
	rd_put_lit(body, "{");
	rd_json_put_text(body, "issuer", rd_span(c->issuer));
	put_endpoint(body, "token_endpoint", c, c->token_endpoint, "/oauth2/token");
	put_endpoint(body, "jwks_uri", c, c->jwks_uri, "/.well-known/jwks.json");
	put_endpoint(body, "revocation_endpoint", c, c->revocation_endpoint, "/oauth2/revoke");
	put_endpoint(body, "introspection_endpoint", c, c->introspection_endpoint,
		     "/oauth2/introspect");
	// Section 2 requires this list, section 3.2 forbids it to be empty, and there is no
	// authorization endpoint whose answers it could name. "none" is the registered type that
	// gives nothing out (OAuth 2.0 Multiple Response Type Encoding Practices, section 4), and
	// readers that insist on the list, such as Authlib, take it; any other name would promise
	// what is not there. Some servers leave the list out instead (OpenID4VCI issue 248).
	put_list(body, "response_types_supported", "\"none\"");
	put_list(body, "grant_types_supported", "\"refresh_token\"");
	put_list(body, "token_endpoint_auth_methods_supported", SECRET_METHODS ",\"none\"");
	put_list(body, "revocation_endpoint_auth_methods_supported", SECRET_METHODS ",\"none\"");
	put_list(body, "introspection_endpoint_auth_methods_supported", SECRET_METHODS);
	put_scopes(body, c);
	rd_put_lit(body, "}");
	return RD_STEP_REPLY;
}
