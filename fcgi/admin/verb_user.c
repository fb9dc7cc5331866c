// refreshd user: the accounts of the embedded user store.
#include "fcgi/admin/admin.h"
#include "fcgi/admin/secret_line.h"
#include "op/text.h"
#include "token/password.h"

const char rd_user_usage[] = "usage: refreshd user add [--if-missing] NAME\n"
			     "       refreshd user passwd [--keep-sessions] NAME\n"
			     "       refreshd user disable|enable|delete NAME\n"
			     "       refreshd user list";

// done: said afterwards; NULL: the account is a new one. An account that changes hands or ends
// takes its sessions along. It is deleted only when they have ended for certain, so that the verb
// can be repeated until then.
static const struct action {
	const char *verb, *change, *done;
	bool password, ends_sessions, deletes;
} actions[] = {
    {"add", "add", NULL, true, false, false},
    {"passwd", "password", "password changed", true, true, false},
    {"disable", "disable", "disabled", false, true, false},
    {"enable", "enable", "enabled", false, false, false},
    {"delete", "disable", "deleted", false, true, true},
};

// Returns 0 with the hash of a password from stdin, or the exit status after a complaint.
static int hash_password(const struct rd_config *config, char hash[static RD_PASSWORD_HASH_MAX])
{
	const struct rd_argon2 cost = {config->argon2_ops, config->argon2_mem_kib};
	RD_SECRET_LINE password = {0};
	const int status = rd_secret_line_read("password: ", &password);

	if (status)
		return status;
	if (password.len == 0 || password.len > RD_PASSWORD_MAX)
		return rd_complain(RD_EXIT_USAGE, "user: a password must have 1 to %d bytes",
				   RD_PASSWORD_MAX);
	if (!rd_password_hash(hash, rd_secret_line_span(&password), &cost))
		return rd_complain(1, "user: not enough memory for argon2_mem_kib");
	return 0;
}

static int end_sessions(struct rd_admin *admin, const uint8_t *slot)
{
	uint32_t count;
	int status;

	rd_ask_revoke(&admin->question, &(struct rd_revocation){.prefix = rd_admin_prefix(admin),
								.slot = slot,
								.reason = RD_REASON_ACCOUNT,
								.durable = admin->config->durable});
	status = rd_admin_ask(admin);
	if (status)
		return status;
	if (rd_read_revoke(&admin->answer, &count))
		return rd_admin_unexpected_answer();
	printf("%u session%s ended\n", count, count == 1 ? "" : "s");
	return 0;
}

// Returns 0 with *changed, false when add finds an account or another change finds none; or the
// exit status after a complaint.
static int ask_change(struct rd_admin *admin, const uint8_t *slot, const char *change,
		      const struct rd_account *account, bool *changed)
{
	int status;

	rd_ask_account(&admin->question, rd_admin_prefix(admin), slot, change, account);
	status = rd_admin_ask(admin);
	if (status)
		return status;
	*changed = admin->answer.integer == 1;
	return admin->answer.away ? rd_admin_unexpected_answer() : 0;
}

static int change_account(struct rd_admin *admin, const struct action *action, struct rd_span name,
			  bool if_missing, bool keep_sessions)
{
	char hash[RD_PASSWORD_HASH_MAX] = "";
	uint8_t slot[RD_SLOT_LEN];
	struct rd_account account = {.name = name};
	int status = action->password ? hash_password(admin->config, hash) : 0;
	bool changed;

	if (status)
		return status;
	account.hash = rd_span(hash);
	rd_slot_of(slot, &admin->keys, name);
	status = ask_change(admin, slot, action->change, &account, &changed);
	if (status)
		return status;
	if (!changed && !(if_missing && !action->done))
		return rd_complain(
		    1, action->done ? "there is no user '%.*s'" : "there is already a user '%.*s'",
		    (int)name.len, name.ptr);
	if (action->done && !action->deletes)
		printf("%s\n", action->done);
	if (action->ends_sessions && !keep_sessions)
		status = end_sessions(admin, slot);
	if (status || !action->deletes)
		return status;
	status = ask_change(admin, slot, "delete", &account, &changed);
	if (!status)
		printf("%s\n", action->done);
	return status;
}

static int list_accounts(struct rd_admin *admin)
{
	char cursor[24] = "0";

	do {
		struct rd_account account;
		struct rd_span rest;
		int status;

		rd_ask_accounts(&admin->question, rd_admin_prefix(admin), rd_span(cursor));
		status = rd_admin_ask(admin);
		if (status)
			return status;
		if (admin->answer.away || admin->answer.count != 2 ||
		    admin->answer.part[0].len >= sizeof cursor)
			return rd_admin_unexpected_answer();
		rest = admin->answer.part[1];
		while (rd_accounts_next(&rest, &account)) {
			rd_print_field(account.name);
			puts(account.disabled ? "  disabled" : "");
		}
		memcpy(cursor, admin->answer.part[0].ptr, admin->answer.part[0].len);
		cursor[admin->answer.part[0].len] = 0;
	} while (strcmp(cursor, "0") != 0);
	return 0;
}

int rd_verb_user(const struct rd_config *config, int argc, char **argv)
{
	RD_ADMIN admin = {0};
	const struct action *action = NULL;
	const bool if_missing = rd_take_flag(&argc, argv, "--if-missing");
	const bool keep = rd_take_flag(&argc, argv, "--keep-sessions");
	const bool listing = argc == 1 && strcmp(argv[0], "list") == 0;
	int status;

	for (size_t i = 0; argc == 2 && i < sizeof actions / sizeof *actions; i++)
		if (strcmp(argv[0], actions[i].verb) == 0)
			action = &actions[i];
	if (!action && !listing)
		return rd_complain_usage(rd_user_usage);
	if (action && !rd_text_is_user(rd_span(argv[1])))
		return rd_complain(RD_EXIT_USAGE, "user %s: " RD_USER_NAME_RULE, argv[0]);
	status = rd_admin_open(&admin, config);
	if (status)
		return status;
	if (listing)
		return list_accounts(&admin);
	return change_account(&admin, action, rd_span(argv[1]), if_missing, keep);
}
