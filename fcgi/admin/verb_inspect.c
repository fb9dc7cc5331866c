// refreshd inspect: what a token is and why it would be refused. The token is read from stdin,
// since arguments are shown to everybody by ps, and is never printed.
#include <stdio.h>
#include "base/clock.h"
#include "base/secret.h"
#include "fcgi/admin/admin.h"
#include "op/access.h"

static void line(const char *name, const char *text)
{
	printf("%-12s %s\n", name, text);
}

static void line_safe(const char *name, struct rd_span text)
{
	printf("%-12s ", name);
	rd_print_safe(text);
	putchar('\n');
}

static void line_time(const char *name, int64_t ms)
{
	char text[RD_TIME_TEXT_MAX];

	printf("%-12s %s UTC\n", name, rd_time_text(ms, text));
}

// The client for whom the token's tag is right; NULL for none.
static const struct rd_client *client_of(const struct rd_admin *admin, const struct rd_token *token)
{
	for (size_t i = 0; i < admin->config->client_count; i++)
		if (rd_token_authentic(token, &admin->keys, rd_span(admin->config->clients[i].id)))
			return &admin->config->clients[i];
	return NULL;
}

// What the rotation would say of generation n.
static const char *verdict(const struct rd_turn *turn, const struct rd_client *client, uint32_t n)
{
	const struct rd_record *record = &turn->record;
	const int64_t grace_ms = (int64_t)client->grace_s * 1000;
	const bool young = grace_ms && turn->now_ms - record->rotated_ms < grace_ms;

	switch (rd_session_state(turn, (int64_t)client->idle_ttl_s * 1000)) {
	case RD_REVOKED:
		return "refused: the session was revoked";
	case RD_EXPIRED:
		return "refused: the session has expired";
	default:
		break;
	}
	if (n > record->generation)
		return "ahead of the store: Redis has lost writes; taken for heal_window_s after "
		       "its "
		       "restart, else refused";
	if (n == record->generation)
		return young ? "good: the newest, younger than the grace; it would be given back"
			     : "good: the newest";
	if (n + 1 == record->generation && young)
		return "good: spent, but within the grace; its successor would be given";
	if (n + 1 == record->generation)
		return "spent: past the grace; unless a lost answer explains it (late_retry_s), "
		       "presenting it ends the session";
	return "spent long ago: presenting it ends the session";
}

static void print_record(const struct rd_turn *turn)
{
	const struct rd_record *record = &turn->record;

	line_safe("user", record->user);
	line_time("created", record->created_ms);
	line_time("last seen", record->seen_ms);
	line_time("ends by", record->expires_ms);
	if (record->revoked) {
		line_time("revoked", record->seen_ms);
		line("reason", record->reason < RD_REASON_COUNT ? rd_reason_names[record->reason]
								: "unknown");
	}
}

// Asks for the session. RD_OK, RD_NO_RECORD, or RD_STORE_OUT after a complaint.
static enum rd_result look_up(struct rd_admin *admin, const uint8_t *slot, const char *sid,
			      struct rd_turn *turn)
{
	rd_ask_session(&admin->question, rd_admin_prefix(admin), slot, sid);
	return rd_admin_ask(admin) ? RD_STORE_OUT : rd_read_session(&admin->answer, turn);
}

static int inspect_refresh(struct rd_admin *admin, struct rd_span text)
{
	RD_WIPE(rd_token_wipe) struct rd_token token = {0};
	const struct rd_client *client;
	char sid[RD_SID_TEXT_LEN + 1];
	struct rd_turn turn;

	line("kind", "refresh token");
	if (rd_token_parse(text, &token)) {
		line("verdict", "refused: damaged, or of another version");
		return 1;
	}
	printf("%-12s %u%s\n", "made by key", token.kid,
	       admin->keys.refresh[token.kid].kid ? "" : ", which is not in the key file");
	client = client_of(admin, &token);
	line("client", client ? client->id : "none whose token this is");
	if (!client) {
		line("verdict", "refused: forged, or its key or client is gone");
		return 1;
	}
	rd_sid_of(sid, &admin->keys, token.family);
	line("sid", sid);
	printf("%-12s %u\n", "generation", token.generation);
	switch (look_up(admin, token.slot, sid, &turn)) {
	case RD_OK:
		break;
	case RD_NO_RECORD:
		line("verdict", "refused: Redis knows no such session; it expired or was lost");
		return 1;
	default:
		return RD_EXIT_STORE;
	}
	printf("%-12s %u\n", "newest", turn.record.generation);
	print_record(&turn);
	if (!rd_token_lineage(&token, &admin->keys, rd_span(client->id), turn.record.seed)) {
		line("verdict",
		     "refused: not made from this session's seed: the tag key has leaked");
		return 1;
	}
	line("verdict", verdict(&turn, client, token.generation));
	return 0;
}

static int inspect_access(struct rd_admin *admin, struct rd_span text)
{
	const struct rd_config *config = admin->config;
	const struct rd_jwt_wants wants = {
	    .iss = rd_span(config->issuer), .aud = {0}, .now_s = rd_wall_ms() / 1000};
	RD_JSON *doc = NULL;
	struct rd_access access;
	enum rd_result result = rd_jwt_verify(text, &admin->keys, &wants, &doc, &access);
	uint8_t slot[RD_SLOT_LEN];
	struct rd_turn turn;

	line("kind", "access token, or none of ours");
	if (!result && !rd_access_is_for_client(config, doc, &access))
		result = RD_MALFORMED;
	if (result) {
		line("verdict", result == RD_EXPIRED ? "refused: expired"
				: result == RD_FORGED
				    ? "refused: no key of ours has signed it"
				    : "refused: no token, or for another audience");
		return 1;
	}
	line_safe("user", access.sub);
	line_safe("client", access.client_id);
	line_safe("sid", access.sid);
	line_safe("scope", access.scope);
	line_time("issued", access.iat_s * 1000);
	line_time("expires", access.exp_s * 1000);
	line_time("logged in", access.auth_time_s * 1000);
	if (access.sid.len != RD_SID_TEXT_LEN)
		return 0;
	rd_slot_of(slot, &admin->keys, access.sub);
	result = look_up(admin, slot, access.sid.ptr, &turn);
	if (result == RD_STORE_OUT)
		return RD_EXIT_STORE;
	if (result)
		line("verdict", "good for stateless checks; its session is gone");
	else
		line("verdict", turn.record.revoked
				    ? "good for stateless checks; its session was revoked"
				    : "good");
	return 0;
}

int rd_verb_inspect(const struct rd_config *config, int argc, char **argv)
{
	RD_ADMIN admin = {0};
	char text[RD_JWT_MAX + 2];
	size_t len;
	int status;

	(void)argv; // not said again: it may be a token
	if (argc)
		return rd_complain(RD_EXIT_USAGE, "inspect: the token comes on stdin");
	status = rd_admin_open(&admin, config);
	if (status)
		return status;
	len = rd_read_secret("token: ", text, sizeof text);
	status = len >= 4 && memcmp(text, "rt1_", 4) == 0
		     ? inspect_refresh(&admin, (struct rd_span){text, len})
		     : inspect_access(&admin, (struct rd_span){text, len});
	rd_wipe(text, sizeof text);
	return status;
}
