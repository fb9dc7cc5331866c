// refreshd -t: tests what must be right before the service starts, a line for each.
#include "fcgi/serve/sockets.h"
#include "fcgi/verbs.h"
#include "config/keyfile.h"
#include "config/option.h"
#include "store/redis/check.h"

#define TIMEOUT_MS 5000 // a person is waiting for the result

static int report_failure(const char *what, struct rd_span why)
{
	rd_say("FAIL %s: %.*s", what, (int)why.len, why.ptr);
	return RD_EXIT_CONFIG;
}

int rd_test_config_failed(struct rd_span why)
{
	return report_failure("config", why);
}

static int test_sockets(const struct rd_config *config)
{
	static const enum rd_option_id options[] = {RD_OPTION_listen, RD_OPTION_login_listen};
	const char *const addresses[] = {config->listen, config->login_listen};
	struct rd_socket_access access;
	char reason[512];
	struct rd_buf why = RD_BUF(reason);
	int status = 0;

	if (!rd_sockets_access(config, &access, &why))
		status = report_failure("config", rd_buf_span(&why));
	for (size_t i = 0; i < 2; i++) {
		why.len = 0;
		rd_config_blame(config, options[i], &why);
		rd_put_str(&why, i == 0 ? "listen: " : "login_listen: ");
		if (!rd_listen_address(addresses[i], &why))
			status = report_failure("config", rd_buf_span(&why));
	}
	return status;
}

static int test_config(const struct rd_config *config)
{
	const int status = test_sockets(config);

	if (!status)
		rd_say("ok   config: %s, %zu client%s", config->path ? config->path : "no file",
		       config->client_count, config->client_count == 1 ? "" : "s");
	return status;
}

static int test_keys(const struct rd_config *config)
{
	struct rd_keys *keys = sodium_malloc(sizeof *keys);
	char reason[512];
	struct rd_buf why = RD_BUF(reason);
	bool fine;

	if (!keys)
		return report_failure("keys", RD_SPAN("out of memory"));
	rd_config_blame(config, RD_OPTION_key_file, &why);
	fine = rd_keyfile_load(config->key_file, rd_socket_groups(config), keys, &why);
	if (fine) {
		why.len = 0;
		fine = rd_config_signs(config, keys, &why);
	}
	sodium_free(keys); // wipes them
	if (!fine)
		return report_failure("keys", rd_buf_span(&why));
	rd_say("ok   keys: %s", config->key_file);
	return 0;
}

static void report_finding(struct rd_redis_check *check, enum rd_fit fit, const char *text)
{
	static const char *const words[] = {"ok  ", "warn", "FAIL", "FAIL", "FAIL"};
	int *status = check->user;

	rd_say("%s redis: %s", words[fit], text);
	if (fit == RD_FIT_AWAY && !*status)
		*status = RD_EXIT_STORE;
	else if (fit == RD_FIT_REFUSED || fit == RD_FIT_UNFIT)
		*status = RD_EXIT_CONFIG;
}

static int test_redis(const struct rd_config *config)
{
	RD_REDIS_LOGIN login;
	char reason[512];
	char address_text[400];
	struct rd_buf why = RD_BUF(reason), address = RD_BUF(address_text);
	struct rd_redis_config redis;
	int status = 0;
	struct rd_redis_check check = {.config = &redis,
				       .prefix = rd_span(config->redis_prefix),
				       .durable = config->durable,
				       .timeout_ms = TIMEOUT_MS,
				       .found = report_finding,
				       .user = &status};

	if (!rd_redis_read(config, &login, &redis, &why))
		return report_failure("redis", rd_buf_span(&why));
	if (rd_redis_password_advice(config))
		rd_say("warn redis: %s", rd_redis_password_advice(config));
	rd_redis_check(&check);
	rd_option_put(config, rd_option_at(RD_OPTION_redis), &address);
	if (!status)
		rd_say("ok   redis: %.*s, user %s has all rights", (int)address.len, address.ptr,
		       redis.user ? redis.user : "default");
	return status;
}

int rd_verb_test(const struct rd_config *config, int argc, char **argv)
{
	int status, keys, redis;

	if (argc)
		return rd_complain_argument("-t", argv[0]);
	status = test_config(config);
	keys = test_keys(config);
	redis = test_redis(config);
	if (!status)
		status = keys;
	return status ? status : redis;
}
