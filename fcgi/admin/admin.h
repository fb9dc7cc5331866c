// What the verbs that work on the store share: the keys, and Redis asked one question at a time.
#pragma once
#include "fcgi/verbs.h"
#include "store/redis/blocking.h"
#include "token/keys.h"

struct rd_admin {
	const struct rd_config *config;
	struct rd_keys keys;
	struct rd_redis_config redis;
	struct rd_redis_login login;
	struct rd_question question;
	struct rd_answer answer;
	struct rd_blocking connection;
};

// Reads the keys and where Redis is; connects at the first question. Returns 0, or the exit status
// after a complaint. It holds secrets, also after a failure: declare it RD_ADMIN.
[[nodiscard]] int rd_admin_open(struct rd_admin *admin, const struct rd_config *config);
void rd_admin_close(struct rd_admin *admin);
#define RD_ADMIN RD_WIPE(rd_admin_close) struct rd_admin

// Asks admin->question. Returns 0, with admin->answer good until the next one, or the exit status
// after a complaint.
[[nodiscard]] int rd_admin_ask(struct rd_admin *admin);
// Reads Redis' clock; returns the same.
[[nodiscard]] int rd_admin_clock(struct rd_admin *admin, int64_t *now_ms);
// Complains of an answer that no script of ours gives. Returns RD_EXIT_STORE.
int rd_admin_unexpected_answer(void);

struct rd_span rd_admin_prefix(const struct rd_admin *admin);

// Takes a flag such as --json out of the words. Returns whether it was there.
[[nodiscard]] bool rd_take_flag(int *argc, char **argv, const char *name);
// The same for a flag with a value, --users FILE or --users=FILE. Returns the value; NULL: not
// there, or the last word.
[[nodiscard]] const char *rd_take_value(int *argc, char **argv, const char *name);

// What rd_text_is_user asks for, in words.
#define RD_USER_NAME_RULE                                                                       \
	"a user name has 1 to 255 bytes of UTF-8, without control characters or blanks at its " \
	"ends"

// 2026-11-21 01:47:38, UTC. Returns out.
#define RD_TIME_TEXT_MAX 32
const char *rd_time_text(int64_t ms, char out[static RD_TIME_TEXT_MAX]);
// A field of a table or list on stdout: rd_print_safe, "-" for an empty one.
void rd_print_field(struct rd_span text);
