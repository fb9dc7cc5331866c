// GET metadata: where everything is and what it can do (RFC 8414).
#include "base/scope.h"
#include "op/op.h"

#define SCOPES_ROOM 2048 // bytes of the body for scopes; those past it are not told of (section 2)

// What clients can be: confidential by Basic or form, or public. Who introspects is confidential.
#define SECRET_METHODS "\"client_secret_basic\",\"client_secret_post\""

static void member(struct rd_buf *body, const char *name)
{
	rd_put_str(body, body->len ? ",\"" : "{\"");
	rd_put_str(body, name);
	rd_put_lit(body, "\":");
}

// path: of the default location, behind the issuer; set: the option, which wins.
static void endpoint(struct rd_buf *body, const char *name, const struct rd_config *config,
		     const char *set, const char *path)
{
	char text[sizeof config->issuer + 64];
	struct rd_buf url = RD_BUF(text);
	size_t len = strlen(config->issuer);

	if (len && config->issuer[len - 1] == '/')
		len--; // path brings its own
	rd_put(&url, config->issuer, len);
	rd_put_str(&url, path);
	member(body, name);
	rd_put_json(body, *set ? rd_span(set) : rd_buf_span(&url));
}

static void list(struct rd_buf *body, const char *name, const char *values)
{
	member(body, name);
	rd_put_lit(body, "[");
	rd_put_str(body, values);
	rd_put_lit(body, "]");
}

// Whether a client before this one has the scope, so that it is told of already.
static bool told(const struct rd_config *config, size_t client, struct rd_span scope)
{
	for (size_t i = 0; i < client; i++)
		if (rd_scope_covers(rd_span(config->clients[i].scopes), scope))
			return true;
	return false;
}

// All clients' scopes, each once; section 3.2 forbids an empty list.
static void scopes(struct rd_buf *body, const struct rd_config *config)
{
	const size_t most = body->len + SCOPES_ROOM;
	bool first = true;

	for (size_t i = 0; i < config->client_count; i++) {
		struct rd_span rest = rd_span(config->clients[i].scopes), seen = rest, word;

		while (rd_scope_next(&rest, &word)) {
			const size_t before = (size_t)(word.ptr - seen.ptr);

			if (told(config, i, word) || body->len + word.len > most ||
			    rd_scope_covers((struct rd_span){seen.ptr, before}, word))
				continue;
			if (first)
				member(body, "scopes_supported");
			rd_put_str(body, first ? "[" : ",");
			rd_put_json(body, word);
			first = false;
		}
	}
	rd_put_str(body, first ? "" : "]");
}

enum rd_step rd_metadata_ask(struct rd_call *call, struct rd_question *question)
{
	const struct rd_config *c = call->service->config;
	struct rd_buf *body = &call->reply->body;

	(void)question;
	call->reply->status = 200;
	call->reply->max_age_s = c->jwks_max_age_s;
	member(body, "issuer");
	rd_put_json(body, rd_span(c->issuer));
	endpoint(body, "token_endpoint", c, c->token_endpoint, "/oauth2/token");
	endpoint(body, "jwks_uri", c, c->jwks_uri, "/.well-known/jwks.json");
	endpoint(body, "revocation_endpoint", c, c->revocation_endpoint, "/oauth2/revoke");
	endpoint(body, "introspection_endpoint", c, c->introspection_endpoint,
		 "/oauth2/introspect");
	// Section 2 requires this list, section 3.2 forbids it to be empty, and there is no
	// authorization endpoint whose answers it could name. "none" is the registered type that
	// gives nothing out (OAuth 2.0 Multiple Response Type Encoding Practices, section 4), and
	// readers that insist on the list, such as Authlib, take it; any other name would promise
	// what is not there. Some servers leave the list out instead (OpenID4VCI issue 248).
	list(body, "response_types_supported", "\"none\"");
	list(body, "grant_types_supported", "\"refresh_token\"");
	list(body, "token_endpoint_auth_methods_supported", SECRET_METHODS ",\"none\"");
	list(body, "revocation_endpoint_auth_methods_supported", SECRET_METHODS ",\"none\"");
	list(body, "introspection_endpoint_auth_methods_supported", SECRET_METHODS);
	scopes(body, c);
	rd_put_lit(body, "}");
	return RD_STEP_REPLY;
}
