#include "fcgi/verbs.h"
#include <stdarg.h>
#include "base/utf8.h"
#include "config/keyfile.h"
#include "store/redis/connection.h"

void rd_print_safe(FILE *to, struct rd_span text)
{
	const uint8_t *at = (const uint8_t *)text.ptr;
	size_t left = text.len;

	while (left > 0) {
		size_t skip;
		const size_t printable = rd_utf8_printable(at, left, &skip);

		fwrite(at, 1, printable, to);
		at += printable;
		left -= printable;
		if (left == 0)
			break;
		putc('?', to);
		at += skip;
		left -= skip;
	}
}

static void print_line(FILE *to, const char *format, va_list args)
{
	char line[RD_LINE_MAX];

	vsnprintf(line, sizeof line, format, args);
	rd_print_safe(to, rd_span(line));
	putc('\n', to);
}

void rd_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(stdout, format, args);
	va_end(args);
}

int rd_complain(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("refreshd: ", stderr);
	print_line(stderr, format, args);
	va_end(args);
	return status;
}

int rd_complain_usage(const char *usage)
{
	fprintf(stderr, "%s\n", usage);
	return RD_EXIT_USAGE;
}

int rd_complain_argument(const char *verb, const char *argument)
{
	return rd_complain(RD_EXIT_USAGE, "%s: unexpected argument '%s'", verb, argument);
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
		rd_put_lit(why, "redis_user needs redis_password_file");
		return false;
	}
	rd_config_blame(config, RD_OPTION_redis_password_file, why);
	if (!rd_secret_load(config->redis_password_file, rd_socket_groups(config), password,
			    RD_REDIS_PASSWORD_MAX, why))
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
