// refreshd inspect: what a token is and why it would be refused. The token is read from stdin,
// since every user of the machine sees arguments by ps, and it is never printed.
#include "base/clock.h"
#include "fcgi/admin/admin.h"
#include "fcgi/admin/secret_line.h"
#include "op/access.h"

static void print_name(const char *name)
{
	printf("%-12s ", name);
}

static void print_text(const char *name, struct rd_span text)
{
	print_name(name);
	rd_print_field(text);
	putchar('\n');
}

static void print_words(const char *name, const char *text)
{
	print_text(name, rd_span(text));
}

static void print_time(const char *name, int64_t ms)
{
	char text[RD_TIME_TEXT_MAX];

	print_name(name);
	printf("%s UTC\n", rd_time_text(ms, text));
}

static void print_verdict(const char *text)
{
	print_words("verdict", text);
}

// The client that the token was made for, by its tag; NULL: none of ours.
static const struct rd_client *client_of(const struct rd_admin *admin, const struct rd_token *token)
{
	for (size_t i = 0; i < admin->config->client_count; i++)
		if (rd_token_authentic(token, &admin->keys, rd_span(admin->config->clients[i].id)))
			return &admin->config->clients[i];
	return NULL;
}

// For a token ahead of the store, which proves that Redis has lost writes.
static void print_ahead(const struct rd_config *config, uint32_t ahead)
{
	print_name("verdict");
	if (ahead > RD_ADOPT_MAX)
		printf("refused: %u generations ahead of Redis; at most %d are accepted after a "
		       "restart or failover\n",
		       ahead, RD_ADOPT_MAX);
	else if (!config->heal_window_s)
		printf("refused: %u generation%s ahead of Redis, and heal_window_s is 0\n", ahead,
		       ahead == 1 ? "" : "s");
	else
		printf("%u generation%s ahead of Redis, which has lost writes: accepted within "
		       "heal_window_s (%u s) of its restart or failover, refused otherwise\n",
		       ahead, ahead == 1 ? "" : "s", config->heal_window_s);
}

// What the rotation would make of a token that is not ahead of the store.
static const char *verdict_of(const struct rd_turn *turn, const struct rd_client *client,
			      uint32_t generation)
{
	const struct rd_record *record = &turn->record;
	const int64_t grace_ms = (int64_t)client->grace_s * 1000;
	const bool young = grace_ms && turn->now_ms - record->rotated_ms < grace_ms;

	if (generation == record->generation)
		return young ? "good: the newest, but younger than the grace time, so a refresh "
			       "returns it again"
			     : "good: the newest";
	if (generation + 1 == record->generation && young)
		return "good: spent, but within the grace time, so a refresh returns its successor";
	if (generation + 1 == record->generation)
		return "spent, and past the grace time: presenting it ends the session, unless it "
		       "is a retry after a lost answer (late_retry_s)";
	return "spent long ago: presenting it ends the session";
}

static void judge(const struct rd_admin *admin, const struct rd_turn *turn,
		  const struct rd_client *client, uint32_t generation)
{
	switch (rd_session_state(turn, (int64_t)client->idle_ttl_s * 1000)) {
	case RD_REVOKED:
		print_verdict("refused: the session was revoked");
		break;
	case RD_EXPIRED:
		print_verdict("refused: the session has expired");
		break;
	default:
		if (generation > turn->record.generation)
			print_ahead(admin->config, generation - turn->record.generation);
		else
			print_verdict(verdict_of(turn, client, generation));
	}
}

static void print_record(const struct rd_turn *turn)
{
	const struct rd_record *record = &turn->record;

	print_text("user", record->user);
	print_time("created", record->created_ms);
	print_time("last seen", record->seen_ms);
	print_time("ends by", record->expires_ms);
	if (record->revoked) {
		print_time("revoked", record->seen_ms);
		print_words("reason", record->reason < RD_REASON_COUNT
					  ? rd_reason_names[record->reason]
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

	print_words("kind", "refresh token");
	if (rd_token_parse(text, &token)) {
		print_verdict("refused: damaged, or of another version");
		return 1;
	}
	print_name("made by key");
	printf("%u%s\n", token.kid,
	       admin->keys.refresh[token.kid].kid ? "" : ", which is not in the key file");
	client = client_of(admin, &token);
	print_words("client", client ? client->id : "none of this configuration");
	if (!client) {
		print_verdict("refused: forged, or its key or client no longer exists");
		return 1;
	}
	rd_sid_of(sid, &admin->keys, token.family);
	print_words("sid", sid);
	print_name("generation");
	printf("%u\n", token.generation);
	switch (look_up(admin, token.slot, sid, &turn)) {
	case RD_OK:
		break;
	case RD_NO_RECORD:
		print_verdict("refused: Redis has no such session; it expired or was lost");
		return 1;
	default:
		return RD_EXIT_STORE;
	}
	print_name("newest");
	printf("%u\n", turn.record.generation);
	print_record(&turn);
	if (!rd_token_lineage(&token, &admin->keys, rd_span(client->id), turn.record.seed)) {
		print_verdict(
		    "refused: not made from this session's seed, so the tag key has leaked");
		return 1;
	}
	judge(admin, &turn, client, token.generation);
	return 0;
}

static const char *why_refused(enum rd_result result)
{
	switch (result) {
	case RD_EXPIRED:
		return "refused: expired";
	case RD_FORGED:
		return "refused: not signed by any of our keys";
	default:
		return "refused: not a token, or for another audience";
	}
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

	print_words("kind", "access token, or not one of our tokens");
	if (!result && !rd_access_is_for_client(config, doc, &access))
		result = RD_MALFORMED;
	if (result) {
		print_verdict(why_refused(result));
		return 1;
	}
	print_text("user", access.sub);
	print_text("client", access.client_id);
	print_text("sid", access.sid);
	print_text("scope", access.scope);
	print_time("issued", access.iat_s * 1000);
	print_time("expires", access.exp_s * 1000);
	print_time("logged in", access.auth_time_s * 1000);
	if (access.sid.len != RD_SID_TEXT_LEN)
		return 0;
	rd_slot_of(slot, &admin->keys, access.sub);
	result = look_up(admin, slot, access.sid.ptr, &turn);
	if (result == RD_STORE_OUT)
		return RD_EXIT_STORE;
	if (result)
		print_verdict("good for stateless checks, but its session no longer exists");
	else if (turn.record.revoked)
		print_verdict("good for stateless checks, but its session was revoked");
	else
		print_verdict("good");
	return 0;
}

int rd_verb_inspect(const struct rd_config *config, int argc, char **argv)
{
	RD_ADMIN admin = {0};
	RD_SECRET_LINE line = {0};
	struct rd_span token;
	int status;

	(void)argv; // not repeated: it may be a token
	if (argc)
		return rd_complain(RD_EXIT_USAGE,
				   "inspect: unexpected argument; the token is read from stdin");
	status = rd_admin_open(&admin, config);
	if (!status)
		status = rd_secret_line_read("token: ", &line);
	if (status)
		return status;
	token = rd_secret_line_span(&line);
	return rd_span_begins(token, RD_SPAN("rt1_")) ? inspect_refresh(&admin, token)
						      : inspect_access(&admin, token);
}
