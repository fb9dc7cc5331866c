#include <stdio.h>
#include <termios.h>
#include <unistd.h>
#include "base/secret.h"
#include "fcgi/verbs.h"
#include "op/text.h"
#include "run/keyfile.h"
#include "store/redis.h"
#include "token/password.h"

// One line from stdin, without showing it on a terminal. Gives its length, 0 for none.
static size_t read_password(char *out, size_t max)
{
	const bool terminal = isatty(STDIN_FILENO);
	struct termios before, quiet;
	size_t len = 0;

	if (terminal && tcgetattr(STDIN_FILENO, &before) == 0) {
		fputs("password: ", stderr);
		quiet = before;
		quiet.c_lflag &= (tcflag_t)~ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	// read, not stdio, whose buffer would keep a copy
	while (len < max && read(STDIN_FILENO, out + len, 1) == 1 && out[len] != '\n')
		len++;
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	return len;
}

static int store(const struct rd_config *config, const struct rd_keys *keys,
		 const struct rd_account *account, bool if_missing)
{
	char password[RD_REDIS_PASSWORD_MAX], reason[512];
	struct rd_buf why = RD_BUF(reason);
	struct rd_redis_config redis;
	struct rd_question question;
	struct rd_answer answer;
	uint8_t slot[RD_SLOT_LEN];
	void *handle;
	bool ok, away;

	if (!rd_redis_from(config, password, &redis))
		return RD_EXIT_CONFIG;
	rd_slot_of(slot, keys, account->name);
	rd_ask_account(&question, rd_span(config->redis_prefix), slot, "add", account,
		       (struct rd_span){0});
	ok = rd_redis_call(&redis, &question, &answer, &handle, &why);
	rd_wipe(password, sizeof password);
	if (!ok)
		return rd_complain(RD_EXIT_STORE, "Redis: %.*s", (int)why.len, why.ptr);
	away = answer.away;
	ok = answer.integer == 1 || if_missing;
	rd_redis_release(handle);
	if (away)
		return rd_complain(RD_EXIT_STORE, "Redis: an answer that makes no sense");
	return ok ? 0
		  : rd_complain(1, "user '%.*s' exists", (int)account->name.len, account->name.ptr);
}

int rd_verb_user(const struct rd_config *config, int argc, char **argv)
{
	static struct rd_keys keys;
	const struct rd_argon2 cost = {config->argon2_ops, config->argon2_mem_kib};
	const bool if_missing = argc == 3 && strcmp(argv[1], "--if-missing") == 0;
	char password[RD_PASSWORD_MAX + 1], hash[RD_PASSWORD_HASH_MAX], reason[512];
	struct rd_buf why = RD_BUF(reason);
	struct rd_account account;
	size_t len;
	int status;

	if (argc != 2 + if_missing || strcmp(argv[0], "add") != 0)
		return rd_complain(RD_EXIT_USAGE, "usage: refreshd user add [--if-missing] NAME");
	account.name = rd_span(argv[argc - 1]);
	if (!rd_text_is_user(account.name))
		return rd_complain(RD_EXIT_USAGE,
				   "a name has 1 to 255 bytes, no control character");
	if (!rd_keyfile_load(config->key_file, &keys, &why))
		return rd_complain(RD_EXIT_CONFIG, "%.*s", (int)why.len, why.ptr);
	len = read_password(password, sizeof password);
	if (len == 0 || len > RD_PASSWORD_MAX)
		status =
		    rd_complain(RD_EXIT_USAGE, "a password has 1 to %d bytes", RD_PASSWORD_MAX);
	else if (!rd_password_hash(hash, (struct rd_span){password, len}, &cost))
		status = rd_complain(1, "not enough memory for argon2_mem_kib");
	else {
		account.hash = rd_span(hash);
		status = store(config, &keys, &account, if_missing);
	}
	rd_wipe(password, sizeof password);
	rd_keys_wipe(&keys);
	return status;
}
