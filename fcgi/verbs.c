#include "fcgi/verbs.h"
#include <assert.h>
#include <stdarg.h>
#include "base/utf8.h"
#include "config/keyfile.h"

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
	const bool flag = strncmp(argument, "--", 2) == 0;
	const size_t len = flag ? strcspn(argument, "=") : strlen(argument);

	return rd_complain(RD_EXIT_USAGE, "%s: unexpected argument '%.*s'", verb, (int)len,
			   argument);
}

// Blames the option and says why it cannot be. Returns false.
static bool refuse_option(const struct rd_config *config, enum rd_option_id option,
			  const char *reason, struct rd_buf *why)
{
	rd_config_blame(config, option, why);
	rd_put_str(why, reason);
	return false;
}

// User and password of the options for them, over those in the URL.
static bool read_login(const struct rd_config *config, struct rd_redis_login *login,
		       struct rd_buf *why)
{
	const bool in_url = *login->password;

	if (in_url && *config->redis_user)
		return refuse_option(config, RD_OPTION_redis_user,
				     "redis_user: the URL of redis names a user or password too; "
				     "keep one of both",
				     why);
	if (in_url && *config->redis_password_file)
		return refuse_option(config, RD_OPTION_redis_password_file,
				     "redis_password_file: the URL of redis has a password too; "
				     "keep one of both",
				     why);
	if (*config->redis_user && !*config->redis_password_file)
		return refuse_option(config, RD_OPTION_redis_user,
				     "redis_user needs redis_password_file", why);
	if (!*config->redis_password_file)
		return true;
	static_assert(sizeof config->redis_user == sizeof login->user);
	memcpy(login->user, config->redis_user, sizeof login->user);
	rd_config_blame(config, RD_OPTION_redis_password_file, why);
	if (!rd_secret_load(config->redis_password_file, rd_socket_groups(config), login->password,
			    sizeof login->password, why))
		return false;
	why->len = 0;
	return true;
}

bool rd_redis_read(const struct rd_config *config, struct rd_redis_login *login,
		   struct rd_redis_config *out, struct rd_buf *why)
{
	*out = (struct rd_redis_config){.timeout_ms = (int)config->redis_timeout_ms};
	rd_config_blame(config, RD_OPTION_redis, why);
	rd_put_lit(why, "redis: ");
	if (!rd_redis_address(rd_span(config->redis), &out->address, login, why))
		return false;
	why->len = 0;
	if (!read_login(config, login, why))
		return false;
	out->user = *login->user ? login->user : NULL;
	out->password = *login->password ? login->password : NULL;
	return true;
}

bool rd_redis_from(const struct rd_config *config, struct rd_redis_login *login,
		   struct rd_redis_config *out)
{
	char reason[512];
	struct rd_buf why = RD_BUF(reason);

	if (rd_redis_read(config, login, out, &why))
		return true;
	rd_complain(RD_EXIT_CONFIG, "%.*s", (int)why.len, why.ptr);
	return false;
}

const char *rd_redis_password_advice(const struct rd_config *config)
{
#define ADVICE "; better is redis_password_file, a file that only its owner can read"
	static const char *const seen[] = {
	    [RD_FROM_FILE] = "the password in the URL shows to whoever can read the "
			     "configuration file" ADVICE,
	    [RD_FROM_ENVIRONMENT] = "the password in the URL shows in the environment, and to "
				    "whoever sees how the service is started" ADVICE,
	    [RD_FROM_FLAG] = "the password in the URL shows in the list of processes, to every "
			     "user of this machine" ADVICE};
#undef ADVICE
	struct rd_redis_address address;
	RD_REDIS_LOGIN login;
	char reason[200];
	struct rd_buf why = RD_BUF(reason);

	if (!rd_redis_address(rd_span(config->redis), &address, &login, &why) || !*login.password)
		return NULL;
	return seen[config->origin[RD_OPTION_redis].from];
}
