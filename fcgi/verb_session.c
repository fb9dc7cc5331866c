// refreshd session: a user's sessions, for the administrator.
#include <stdio.h>
#include "base/secret.h"
#include "fcgi/admin.h"
#include "op/text.h"

#define USAGE                                                                                    \
	"usage: refreshd session list [--json] USER | revoke USER SID | revoke-all [--dry-run] " \
	"USER"

static void print_json(struct rd_span sid, const struct rd_record *record)
{
	char text[2048];
	struct rd_buf out = RD_BUF(text);

	rd_put_lit(&out, "{\"sid\":");
	rd_put_json(&out, sid);
	rd_put_lit(&out, ",\"created\":");
	rd_put_u64(&out, (uint64_t)record->created_ms / 1000);
	rd_put_lit(&out, ",\"last_seen\":");
	rd_put_u64(&out, (uint64_t)record->seen_ms / 1000);
	rd_put_lit(&out, ",\"expires\":");
	rd_put_u64(&out, (uint64_t)record->expires_ms / 1000);
	rd_put_lit(&out, ",\"client_id\":");
	rd_put_json(&out, record->client);
	rd_put_lit(&out, ",\"ip\":");
	rd_put_json(&out, record->ip);
	rd_put_lit(&out, "}");
	if (rd_buf_ok(&out))
		printf("%.*s\n", (int)out.len, out.ptr);
}

static void print_row(struct rd_span sid, const struct rd_record *record)
{
	char created[RD_TIME_TEXT_MAX], seen[RD_TIME_TEXT_MAX];

	printf("%.*s  %s  %s  ", (int)sid.len, sid.ptr, rd_time_text(record->created_ms, created),
	       rd_time_text(record->seen_ms, seen));
	rd_print_safe(record->client);
	printf("  ");
	rd_print_safe(record->ip);
	printf("  ");
	rd_print_safe(record->agent);
	putchar('\n');
}

static int list(struct rd_admin *admin, const uint8_t *slot, bool json)
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
			return rd_admin_odd();
		for (; rd_sessions_next(&page, &sid, &record); skip++)
			(json ? print_json : print_row)(sid, &record);
		if (skip == before || skip >= page.total)
			return 0;
	}
}

// sid: NULL for all.
static int revoke(struct rd_admin *admin, const uint8_t *slot, const char *sid)
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
		printf("%u sessions ended\n", count);
		return 0;
	case RD_ABSENT:
		return rd_complain(1, "no such session");
	default:
		return rd_admin_odd();
	}
}

static int count_only(struct rd_admin *admin, const uint8_t *slot)
{
	struct rd_sessions page;
	int status;

	rd_ask_sessions(&admin->question, rd_admin_prefix(admin), slot, 0, NULL);
	status = rd_admin_ask(admin);
	if (status)
		return status;
	if (rd_read_sessions(&admin->answer, &page))
		return rd_admin_odd();
	printf("%u sessions would end\n", page.total);
	return 0;
}

int rd_verb_session(const struct rd_config *config, int argc, char **argv)
{
	RD_ADMIN admin = {0};
	const bool json = rd_take_flag(&argc, argv, "--json"),
		   dry = rd_take_flag(&argc, argv, "--dry-run");
	const bool one = argc == 3 && strcmp(argv[0], "revoke") == 0;
	const bool all = argc == 2 && strcmp(argv[0], "revoke-all") == 0;
	uint8_t slot[RD_SLOT_LEN];
	int status;

	if (!one && !all && !(argc == 2 && strcmp(argv[0], "list") == 0))
		return rd_complain(RD_EXIT_USAGE, USAGE);
	if (one && strlen(argv[2]) != RD_SID_TEXT_LEN)
		return rd_complain(RD_EXIT_USAGE, "a sid has %d characters", RD_SID_TEXT_LEN);
	status = rd_admin_open(&admin, config);
	if (status)
		return status;
	rd_slot_of(slot, &admin.keys, rd_span(argv[1]));
	if (all && dry)
		return count_only(&admin, slot);
	if (one || all)
		return revoke(&admin, slot, one ? argv[2] : NULL);
	return list(&admin, slot, json);
}
