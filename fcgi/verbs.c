// What the verbs share.
#include "fcgi/verbs.h"
#include <stdarg.h>
#include <stdio.h>
#include "config/keyfile.h"
#include "store/redis/connection.h"

int rd_complain(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("refreshd: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return status;
}

bool rd_redis_read(const struct rd_config *config, char *password, struct rd_redis_config *out,
		   struct rd_buf *why)
{
	*out = (struct rd_redis_config){.timeout_ms = (int)config->redis_timeout_ms};
	rd_config_blame(config, RD_OPTION_redis, why);
	rd_put_lit(why, "redis: ");
	if (!rd_redis_address(rd_span(config->redis), &out->address, why))
		return false;
	why->len = 0;
	if (!*config->redis_password_file) {
		if (!*config->redis_user)
			return true;
		rd_config_blame(config, RD_OPTION_redis_user, why);
		rd_put_lit(why, "redis_user wants redis_password_file");
		return false;
	}
	rd_config_blame(config, RD_OPTION_redis_password_file, why);
	if (!rd_secret_load(config->redis_password_file, password, RD_REDIS_PASSWORD_MAX, why))
		return false;
	why->len = 0;
	out->password = password;
	out->user = *config->redis_user ? config->redis_user : NULL;
	return true;
}

bool rd_redis_from(const struct rd_config *config, char *password, struct rd_redis_config *out)
{
	char reason[512];
	struct rd_buf why = RD_BUF(reason);

	if (rd_redis_read(config, password, out, &why))
		return true;
	rd_complain(RD_EXIT_CONFIG, "%.*s", (int)why.len, why.ptr);
	return false;
}
