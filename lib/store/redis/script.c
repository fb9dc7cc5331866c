#include "store/redis/script.h"
#include <assert.h>

const char *const rd_script_texts[RD_SCRIPT_COUNT] = {
    // clang-format off
    [RD_SCRIPT_ROTATE] =
#include "rotate.lua.h"
    ,
    [RD_SCRIPT_ISSUE] =
#include "issue.lua.h"
    ,
    [RD_SCRIPT_REVOKE] =
#include "revoke.lua.h"
    ,
    [RD_SCRIPT_SESSION] =
#include "session.lua.h"
    ,
    [RD_SCRIPT_SESSIONS] =
#include "sessions.lua.h"
    ,
    [RD_SCRIPT_SWEEP] =
#include "sweep.lua.h"
    ,
    [RD_SCRIPT_USERS] =
#include "users.lua.h"
    ,
    [RD_SCRIPT_LOGIN] =
#include "login.lua.h"
    ,
    [RD_SCRIPT_ACCOUNT] =
#include "account.lua.h"
    ,
    [RD_SCRIPT_ACCOUNTS] =
#include "accounts.lua.h"
    ,
    // clang-format on
};

void rd_script_append(redisContext *ctx, const struct rd_question *question, const char *sha)
{
	const char *argv[3 + RD_KEYS_PER_QUESTION + RD_ARGS_PER_QUESTION];
	size_t len[3 + RD_KEYS_PER_QUESTION + RD_ARGS_PER_QUESTION];
	const char keys[2] = {(char)('0' + question->keys), 0};
	int n = 3;

	assert(rd_question_sound(question));
	argv[0] = sha ? "EVALSHA" : "EVAL";
	argv[1] = sha ? sha : rd_script_texts[question->script];
	argv[2] = keys;
	len[0] = strlen(argv[0]);
	len[1] = sha ? RD_SHA_LEN : strlen(argv[1]);
	len[2] = 1;
	for (size_t i = 0; i < question->keys; i++, n++) {
		argv[n] = question->key[i].ptr;
		len[n] = question->key[i].len;
	}
	for (size_t i = 0; i < question->args; i++, n++) {
		argv[n] = question->arg[i].ptr;
		len[n] = question->arg[i].len;
	}
	redisAppendCommandArgv(ctx, n, argv, len);
}

int rd_script_append_login(redisContext *ctx, const struct rd_redis_config *config)
{
	int replies = 0;

	if (config->password && config->user)
		redisAppendCommand(ctx, "AUTH %s %s", config->user, config->password);
	else if (config->password)
		redisAppendCommand(ctx, "AUTH %s", config->password);
	replies += config->password != NULL;
	if (config->address.db)
		redisAppendCommand(ctx, "SELECT %d", config->address.db);
	replies += config->address.db != 0;
	return replies;
}

static struct rd_span part_of(const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_STRING)
		return (struct rd_span){reply->str, (size_t)reply->len};
	return (struct rd_span){0};
}

void rd_script_answer(const redisReply *reply, struct rd_answer *out)
{
	*out = (struct rd_answer){.away = true};
	if (reply->type == REDIS_REPLY_INTEGER) {
		out->integer = reply->integer;
		out->away = false;
	} else if (reply->type == REDIS_REPLY_STRING) {
		out->part[0] = part_of(reply);
		out->count = 1;
		out->away = false;
	} else if (reply->type == REDIS_REPLY_ARRAY && reply->elements <= RD_ANSWER_PARTS) {
		for (size_t i = 0; i < reply->elements; i++)
			out->part[i] = part_of(reply->element[i]);
		out->count = reply->elements;
		out->away = false;
	}
}

// hiredis allocates as many members as a reply announces, before any has come, and frees them one
// by one. No answer of ours has more than RD_ANSWER_PARTS.
#if HIREDIS_MAJOR >= 1
typedef size_t list_length;
#else
typedef int list_length;
#endif
static redisReplyObjectFunctions limited_functions;
static void *(*create_array)(const redisReadTask *task, list_length members);

static void *create_short_array(const redisReadTask *task, list_length members)
{
	return members > RD_ANSWER_PARTS ? NULL : create_array(task, members);
}

void rd_script_limit_lists(redisReader *reader)
{
	if (!create_array) {
		limited_functions = *reader->fn;
		create_array = limited_functions.createArray;
		limited_functions.createArray = create_short_array;
	}
	reader->fn = &limited_functions;
}
