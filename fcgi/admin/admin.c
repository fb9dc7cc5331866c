#include "fcgi/admin/admin.h"
#include <time.h>
#include "config/keyfile.h"

int rd_admin_open(struct rd_admin *admin, const struct rd_config *config)
{
	char reason[512];
	struct rd_buf why = RD_BUF(reason);

	memset(admin, 0, sizeof *admin);
	admin->config = config;
	admin->connection.config = &admin->redis;
	if (!rd_redis_from(config, &admin->login, &admin->redis))
		return RD_EXIT_CONFIG;
	if (!rd_keyfile_load(config->key_file, rd_socket_groups(config), &admin->keys, &why))
		return rd_complain(RD_EXIT_CONFIG, "%.*s", (int)why.len, why.ptr);
	return 0;
}

void rd_admin_close(struct rd_admin *admin)
{
	rd_blocking_close(&admin->connection);
	rd_wipe(admin, sizeof *admin);
}

static int complain_of_redis(const struct rd_admin *admin, const struct rd_buf *why)
{
	char text[sizeof admin->redis.address.host + sizeof "[]:65535"];
	struct rd_buf where = RD_BUF(text);

	rd_redis_address_put(&where, &admin->redis.address);
	return rd_complain(RD_EXIT_STORE, "Redis: %.*s: %.*s", (int)where.len, where.ptr,
			   (int)why->len, why->ptr);
}

int rd_admin_ask(struct rd_admin *admin)
{
	char reason[512];
	struct rd_buf why = RD_BUF(reason);

	if (!rd_blocking_ask(&admin->connection, &admin->question, &admin->answer, &why))
		return complain_of_redis(admin, &why);
	return 0;
}

int rd_admin_clock(struct rd_admin *admin, int64_t *now_ms)
{
	char reason[512];
	struct rd_buf why = RD_BUF(reason);

	*now_ms = rd_blocking_clock(&admin->connection, rd_admin_prefix(admin), &why);
	return *now_ms < 0 ? complain_of_redis(admin, &why) : 0;
}

int rd_admin_unexpected_answer(void)
{
	return rd_complain(RD_EXIT_STORE, "Redis: unexpected answer");
}

struct rd_span rd_admin_prefix(const struct rd_admin *admin)
{
	return rd_span(admin->config->redis_prefix);
}

const char *rd_time_text(int64_t ms, char out[static RD_TIME_TEXT_MAX])
{
	const time_t seconds = ms / 1000;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, RD_TIME_TEXT_MAX, "%Y-%m-%d %H:%M:%S", &tm);
	return out;
}

void rd_print_field(struct rd_span text)
{
	rd_print_safe(stdout, text.len ? text : RD_SPAN("-"));
}

bool rd_take_flag(int *argc, char **argv, const char *name)
{
	int kept = 0;
	bool found = false;

	for (int i = 0; i < *argc; i++)
		if (strcmp(argv[i], name) == 0)
			found = true;
		else
			argv[kept++] = argv[i];
	*argc = kept;
	return found;
}

const char *rd_take_value(int *argc, char **argv, const char *name)
{
	const size_t len = strlen(name);
	const char *value = NULL;
	int kept = 0;

	for (int i = 0; i < *argc; i++)
		if (strcmp(argv[i], name) == 0 && i + 1 < *argc)
			value = argv[++i];
		else if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
			value = argv[i] + len + 1;
		else
			argv[kept++] = argv[i];
	*argc = kept;
	return value;
}
