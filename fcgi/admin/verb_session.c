// refreshd session: lists and ends sessions, for the administrator.
#include "base/json_write.h"
#include "fcgi/admin/sweep.h"
#include "op/text.h"

const char rd_session_usage[] =
    "usage: refreshd session list [--json] USER\n"
    "       refreshd session revoke USER SID\n"
    "       refreshd session revoke-all [FILTER] USER | --users FILE | --everyone\n"
    "       refreshd session clean\n"
    "FILTER: --client ID, --before 2026-11-21T04:31:49Z or 2026-11-21 (UTC)\n"
    "revoke-all and clean also take --dry-run and --json";

static void put_text(struct rd_buf *out, const char *name, struct rd_span text)
{
	rd_json_put(out, name, "");
	rd_put_json_any(out, text);
}

static void print_json(struct rd_span sid, const struct rd_record *record)
{
	char text[2048];
	struct rd_buf out = RD_BUF(text);

	rd_json_put(&out, NULL, "{");
	put_text(&out, "sid", sid);
	rd_json_put_number(&out, "created", (uint64_t)record->created_ms / 1000);
	rd_json_put_number(&out, "last_seen", (uint64_t)record->seen_ms / 1000);
	rd_json_put_number(&out, "expires", (uint64_t)record->expires_ms / 1000);
	put_text(&out, "client_id", record->client);
	put_text(&out, "ip", record->ip);
	rd_put_lit(&out, "}");
	if (rd_buf_ok(&out))
		printf("%.*s\n", (int)out.len, out.ptr);
}

static void print_row(struct rd_span sid, const struct rd_record *record)
{
	char created[RD_TIME_TEXT_MAX], seen[RD_TIME_TEXT_MAX];

	rd_print_field(sid);
	printf("  %s  %s  ", rd_time_text(record->created_ms, created),
	       rd_time_text(record->seen_ms, seen));
	rd_print_field(record->client);
	printf("  ");
	rd_print_field(record->ip);
	printf("  ");
	rd_print_field(record->agent);
	putchar('\n');
}

static int list_sessions(struct rd_admin *admin, const uint8_t *slot, bool json)
{
	struct rd_sessions page;
	struct rd_record record;
	struct rd_span sid;
	size_t skip = 0;

	if (!json)
		printf("%-22s  %-19s  %-19s  client  ip  user agent\n", "sid", "created (UTC)",
		       "last seen");
	for (;;) {
		const size_t before = skip;
		int status;

		rd_ask_sessions(&admin->question, rd_admin_prefix(admin), slot, skip, NULL);
		status = rd_admin_ask(admin);
		if (status)
			return status;
		if (rd_read_sessions(&admin->answer, &page))
			return rd_admin_unexpected_answer();
		for (; rd_sessions_next(&page, &sid, &record); skip++)
			(json ? print_json : print_row)(sid, &record);
		if (skip == before || skip >= page.total)
			return 0;
	}
}

static int revoke_session(struct rd_admin *admin, const uint8_t *slot, const char *sid)
{
	uint32_t count;
	int status;

	rd_ask_revoke(&admin->question, &(struct rd_revocation){.prefix = rd_admin_prefix(admin),
								.slot = slot,
								.sid = sid,
								.reason = RD_REASON_ADMIN,
								.durable = admin->config->durable});
	status = rd_admin_ask(admin);
	if (status)
		return status;
	switch (rd_read_revoke(&admin->answer, &count)) {
	case RD_OK:
		printf("%u session%s ended\n", count, count == 1 ? "" : "s");
		return 0;
	case RD_NO_RECORD:
		return rd_complain(1, "no such session");
	default:
		return rd_admin_unexpected_answer();
	}
}

// Reads which sessions of a user to end. Returns 0, or the exit status after a complaint.
static int read_filter(struct rd_sweep_job *job, int *argc, char **argv)
{
	const char *before = rd_take_value(argc, argv, "--before");
	const char *client = rd_take_value(argc, argv, "--client");

	if (client && !*client) // a script's variable that is not set: it would mean any client
		return rd_complain(RD_EXIT_USAGE, "session revoke-all: --client needs a client id");
	job->client = rd_span(client);
	if (before)
		job->before_ms = rd_time_from(before);
	if (job->before_ms < 0)
		return rd_complain(RD_EXIT_USAGE,
				   "session revoke-all: --before needs a time in UTC, such as "
				   "2026-11-21T04:31:49Z or 2026-11-21");
	return 0;
}

// Reads whose sessions to end. Returns the same.
static int read_users(struct rd_sweep_job *job, int *argc, char **argv)
{
	job->users = rd_take_value(argc, argv, "--users");
	job->everyone = rd_take_flag(argc, argv, "--everyone");
	job->user = *argc == 2 ? argv[1] : NULL;
	if (job->user && strncmp(job->user, "--", 2) == 0) // as a user's name it would end nothing
		return rd_complain(RD_EXIT_USAGE,
				   "session revoke-all: unknown flag, or a flag without its value: "
				   "'%s'",
				   job->user);
	if (*argc > 2 || !!job->user + !!job->users + job->everyone != 1)
		return rd_complain_usage(rd_session_usage);
	if (job->user && !rd_text_is_user(rd_span(job->user)))
		return rd_complain(RD_EXIT_USAGE, "session revoke-all: " RD_USER_NAME_RULE);
	return 0;
}

static int read_job(struct rd_sweep_job *job, int *argc, char **argv)
{
	int status;

	if (strcmp(argv[0], "clean") == 0) {
		job->event = "session.clean";
		job->everyone = true;
		return *argc == 1 ? 0 : rd_complain_usage(rd_session_usage);
	}
	job->event = "session.revoke_all";
	job->ends = true;
	status = read_filter(job, argc, argv);
	return status ? status : read_users(job, argc, argv);
}

static int sweep(const struct rd_config *config, int argc, char **argv)
{
	RD_ADMIN admin = {0};
	struct rd_sweep_job job = {.json = rd_take_flag(&argc, argv, "--json"),
				   .dry = rd_take_flag(&argc, argv, "--dry-run")};
	int status = read_job(&job, &argc, argv);

	if (!status)
		status = rd_admin_open(&admin, config);
	return status ? status : rd_sweep_run(&admin, &job);
}

int rd_verb_session(const struct rd_config *config, int argc, char **argv)
{
	RD_ADMIN admin = {0};
	const bool json =
	    argc > 0 && strcmp(argv[0], "list") == 0 && rd_take_flag(&argc, argv, "--json");
	const bool revoking = argc == 3 && strcmp(argv[0], "revoke") == 0;
	uint8_t slot[RD_SLOT_LEN];
	int status;

	if (argc > 0 && (strcmp(argv[0], "revoke-all") == 0 || strcmp(argv[0], "clean") == 0))
		return sweep(config, argc, argv);
	if (!revoking && !(argc == 2 && strcmp(argv[0], "list") == 0))
		return rd_complain_usage(rd_session_usage);
	if (revoking && strlen(argv[2]) != RD_SID_TEXT_LEN)
		return rd_complain(RD_EXIT_USAGE, "session revoke: a session id has %d characters",
				   RD_SID_TEXT_LEN);
	status = rd_admin_open(&admin, config);
	if (status)
		return status;
	rd_slot_of(slot, &admin.keys, rd_span(argv[1]));
	return revoking ? revoke_session(&admin, slot, argv[2]) : list_sessions(&admin, slot, json);
}
