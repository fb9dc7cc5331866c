// What the verbs that work on the store share: the keys, and Redis asked one question at a time.
#pragma once
#include "fcgi/verbs.h"
#include "store/redis/blocking.h"
#include "token/keys.h"

struct rd_admin {
	const struct rd_config *config;
	struct rd_keys keys;
	struct rd_redis_config redis;
	char password[RD_REDIS_PASSWORD_MAX];
	struct rd_question question;
	struct rd_answer answer;
	struct rd_blocking line;
};

// 0, or the exit status after a complaint. It holds secrets: rd_admin_close in any case.
[[nodiscard]] int rd_admin_open(struct rd_admin *admin, const struct rd_config *config);
void rd_admin_close(struct rd_admin *admin);
#define RD_ADMIN RD_WIPE(rd_admin_close) struct rd_admin

// Asks admin->question. 0 with admin->answer good until the next one, or the exit status after a
// complaint.
[[nodiscard]] int rd_admin_ask(struct rd_admin *admin);
// Redis' clock; as above.
[[nodiscard]] int rd_admin_clock(struct rd_admin *admin, int64_t *now_ms);
// For an answer that makes no sense: complains.
int rd_admin_bad_answer(void);

struct rd_span rd_admin_prefix(const struct rd_admin *admin);

// One line from stdin, asked for by prompt and not shown when that is a terminal. Returns its
// length without the newline.
size_t rd_read_secret(const char *prompt, char *out, size_t max);

// Takes a flag such as --json out of the words. Returns whether it was there.
[[nodiscard]] bool rd_take_flag(int *argc, char **argv, const char *name);
// The same for a flag with a value, --users FILE or --users=FILE. NULL: not there.
[[nodiscard]] const char *rd_take_value(int *argc, char **argv, const char *name);

// 2026-11-21 01:47:38, UTC.
#define RD_TIME_TEXT_MAX 32
const char *rd_time_text(int64_t ms, char out[static RD_TIME_TEXT_MAX]);
// text on stdout with everything that could steer a terminal replaced; "-" for none.
void rd_print_safe(struct rd_span text);
