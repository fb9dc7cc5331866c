#include "store/redis/check.h"
#include <stdarg.h>
#include <stdio.h>
#include "store/redis/dial.h"
#include "store/redis/hint.h"
#include "store/redis/identity.h"
#include "store/redis/script.h"

// PEXPIRETIME, SET with PXAT in scripts, ACL of what scripts call. Valkey began with 7.2.
#define MAJOR_LEAST   7
#define VERSION_LEAST "Redis 7.0 or Valkey 7.2, or later"

static const char rights_script[] =
#include "redis/rights.lua.h"
    ;

[[gnu::format(printf, 3, 4)]] static void report(struct rd_redis_check *check, enum rd_fit fit,
						 const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	check->found(check, fit, text);
}

static const char *user_of(const struct rd_redis_check *check)
{
	return check->config->user ? check->config->user : "default";
}

static bool has_one_of(const char *error, const char *const words[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(error, words[i]))
			return true;
	return false;
}

// Redis has no error codes for these, only texts, which differ: the first ones are those of 7.0,
// the last ones those of 7.2 and later and of Valkey.
static const char *const of_rights[] = {"NOPERM", "can't run this command", "can't access",
					"ACL failure", "no permissions"};
static const char *const of_keys[] = {"the keys", "access a key"};
#define HAS_ONE_OF(error, words) has_one_of(error, words, sizeof(words) / sizeof *(words))

// Reports what an error reply to command (as an ACL names it) means.
static void report_error(struct rd_redis_check *check, const char *command, const char *error)
{
	const bool about_rights = HAS_ONE_OF(error, of_rights);

	if (about_rights && HAS_ONE_OF(error, of_keys))
		report(check, RD_FIT_REFUSED, "user %s lacks the keys ~%.*s* (for %s)",
		       user_of(check), (int)check->prefix.len, check->prefix.ptr, command);
	else if (about_rights)
		report(check, RD_FIT_REFUSED, "user %s lacks +%s", user_of(check), command);
	else if (strstr(error, "Unknown Redis command"))
		report(check, RD_FIT_UNFIT, "it has no command %s", command);
	else if (strncmp(error, "NOAUTH", 6) == 0)
		report(check, RD_FIT_REFUSED, "%s Set redis_password_file", error);
	else if (strncmp(error, "WRONGPASS", 9) == 0)
		report(check, RD_FIT_REFUSED, "%s", error);
	else if (strncmp(error, "ERR ", 4) == 0)
		report(check, RD_FIT_UNFIT, "%s: %s", command, error);
	else // LOADING, READONLY, MASTERDOWN, OOM, BUSY ...: it may pass
		report(check, RD_FIT_AWAY, "%s: %s", command, error);
}

// Valkey says in redis_version which Redis it was made from.
static void check_version(struct rd_redis_check *check, struct rd_span info)
{
	const struct rd_span valkey = rd_info_field(info, RD_SPAN("valkey_version:"));
	const struct rd_span redis = rd_info_field(info, RD_SPAN("redis_version:"));
	const struct rd_span version = valkey.len ? valkey : redis;
	struct rd_span digits = version;
	uint64_t major;
	const bool fits = rd_span_take_number(&digits, INT32_MAX, &major) && major >= MAJOR_LEAST;

	report(check, fits ? RD_FIT_OK : RD_FIT_UNFIT, "%s %.*s%s", valkey.len ? "Valkey" : "Redis",
	       (int)version.len, version.ptr, fits ? "" : "; must be " VERSION_LEAST);
}

static void check_replication(struct rd_redis_check *check, struct rd_span info)
{
	char primary[300];
	struct rd_buf buf = RD_BUF(primary);

	if (rd_info_primary(info, &buf))
		report(check, RD_FIT_AWAY,
		       "it is a replica of %.*s; must be the primary, which can write",
		       (int)buf.len, buf.ptr);
	else if (check->durable &&
		 rd_span_is(rd_info_field(info, RD_SPAN("connected_slaves:")), RD_SPAN("0")))
		report(
		    check, RD_FIT_WARN,
		    "durability is replica, and no replica is connected: no session can be ended");
}

// A store that evicts sessions when memory is short logs users out; one that evicts revocations
// lets thieves in.
static void check_memory(struct rd_redis_check *check, struct rd_span info)
{
	const struct rd_span policy = rd_info_field(info, RD_SPAN("maxmemory_policy:"));
	const bool fits = rd_span_is(policy, RD_SPAN("noeviction"));

	if (!policy.len)
		report(check, RD_FIT_WARN,
		       "it does not say its maxmemory-policy; must be noeviction");
	else
		report(check, fits ? RD_FIT_OK : RD_FIT_UNFIT, "maxmemory-policy is %.*s%s",
		       (int)policy.len, policy.ptr, fits ? "" : "; must be noeviction");
	check->appends = rd_span_is(rd_info_field(info, RD_SPAN("aof_enabled:")), RD_SPAN("1"));
	if (check->appends)
		report(check, RD_FIT_OK, "appendonly is yes");
	else
		report(check, RD_FIT_WARN,
		       "appendonly is no: sessions, revocations and users since the last snapshot "
		       "are gone when it restarts; should be yes");
}

static void check_info(struct rd_redis_check *check, const redisReply *reply)
{
	const struct rd_span info = {reply->str, (size_t)reply->len};

	if (reply->type != REDIS_REPLY_STRING) {
		report(check, RD_FIT_UNFIT, "info: an answer that makes no sense");
		return;
	}
	check_version(check, info);
	check_replication(check, info);
	check_memory(check, info);
}

static void check_commands(struct rd_redis_check *check, const redisReply *reply)
{
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		const redisReply *name = reply->element[i], *error = reply->element[i + 1];
		char lower[32];

		if (name->type != REDIS_REPLY_STRING || error->type != REDIS_REPLY_STRING)
			continue;
		snprintf(lower, sizeof lower, "%s", name->str);
		for (char *c = lower; *c; c++)
			*c |= 0x20;
		report_error(check, lower, error->str);
	}
}

// Redis 7 reads its append only file as the user default, and silently drops each transaction in it
// that this user has no right to. What a script writes is one, and would be gone at the next
// restart.
static void check_default_user(struct rd_redis_check *check, const redisReply *reply)
{
	if (!check->appends || check->default_reported || reply->type == REDIS_REPLY_STATUS)
		return;
	check->default_reported = true;
	if (reply->type == REDIS_REPLY_ERROR)
		report(
		    check, RD_FIT_WARN,
		    "user %s lacks +acl|dryrun, so it cannot be seen whether the user default has "
		    "all rights; without them a restart loses sessions",
		    user_of(check));
	else
		report(
		    check, RD_FIT_UNFIT,
		    "the user default has too few rights, so Redis forgets sessions when it reads "
		    "its append only file; needs `user default off resetpass ~* &* +@all`");
}

// One command, and what is done with its reply.
struct step {
	const char *command; // as an ACL names it; NULL: read is called for errors too
	// NULL: any reply but an error is good
	void (*read)(struct rd_redis_check *check, const redisReply *reply);
};

#define STEPS_MAX 10

static size_t ask_all(redisContext *ctx, const struct rd_redis_check *check,
		      struct step steps[static STEPS_MAX])
{
	const char *prefix = check->prefix.ptr;
	const size_t len = check->prefix.len;
	size_t n = 0;

	for (int logins = rd_script_append_login(ctx, check->config); logins > 0; logins--)
		steps[n++] = (struct step){
		    logins == 1 && check->config->address.db ? "select" : "auth", NULL};
	redisAppendCommand(ctx, "INFO");
	steps[n++] = (struct step){"info", check_info};
	redisAppendCommand(ctx, "ACL DRYRUN default SET %b{rights}:s 1", prefix, len);
	steps[n++] = (struct step){NULL, check_default_user};
	redisAppendCommand(ctx, "ACL DRYRUN default ZADD %b{rights}:z 1 a", prefix, len);
	steps[n++] = (struct step){NULL, check_default_user};
	redisAppendCommand(ctx, "SCRIPT LOAD %s", rights_script);
	steps[n++] = (struct step){"script|load", NULL};
	redisAppendCommand(ctx, "EVALSHA %s 0", "0000000000000000000000000000000000000000");
	steps[n++] = (struct step){"evalsha", NULL};
	redisAppendCommand(ctx, "EVAL %s 3 %b{rights}:s %b{rights}:h %b{rights}:z", rights_script,
			   prefix, len, prefix, len, prefix, len);
	steps[n++] = (struct step){"eval", check_commands};
	if (check->durable) {
		redisAppendCommand(ctx, "WAIT 0 1");
		steps[n++] = (struct step){"wait", NULL};
	}
	return n;
}

// Whether everything else would be refused for the same reason.
static bool is_about_login(const struct step *step, const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR &&
	       (strncmp(reply->str, "NOAUTH", 6) == 0 ||
		(step->command && strcmp(step->command, "auth") == 0));
}

// Returns false when no more answers will come, or none that says more.
static bool read_step(redisContext *ctx, struct rd_redis_check *check, const struct step *step)
{
	redisReply *reply = NULL;
	bool over;

	if (redisGetReply(ctx, (void **)&reply) != REDIS_OK) {
		report(check, RD_FIT_AWAY, "%s%s", ctx->errstr,
		       rd_redis_hint(ctx, check->answered));
		return false;
	}
	check->answered = true;
	// No script has that digest, so NOSCRIPT means that we may call scripts.
	if (step->command && reply->type == REDIS_REPLY_ERROR &&
	    strncmp(reply->str, "NOSCRIPT", 8) != 0)
		report_error(check, step->command, reply->str);
	else if (step->read)
		step->read(check, reply);
	over = is_about_login(step, reply);
	freeReplyObject(reply);
	return !over;
}

void rd_redis_check(struct rd_redis_check *check)
{
	const struct rd_redis_address *a = &check->config->address;
	const struct timeval limit = {check->timeout_ms / 1000, check->timeout_ms % 1000 * 1000L};
	char why[RD_DIAL_WHY_MAX], address[sizeof a->host + sizeof "[]:65535"];
	struct rd_buf where = RD_BUF(address);
	redisContext *ctx = rd_dial_wait(a, limit, why);
	struct step steps[STEPS_MAX];
	size_t count;

	if (!ctx) {
		rd_redis_address_put(&where, a);
		report(check, RD_FIT_AWAY, "%.*s: %s", (int)where.len, where.ptr, why);
		return;
	}
	redisSetTimeout(ctx, limit);
	count = ask_all(ctx, check, steps);
	for (size_t i = 0; i < count && read_step(ctx, check, &steps[i]); i++)
		;
	redisFree(ctx);
}
