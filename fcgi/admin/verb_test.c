// refreshd -t: one line for each thing that must be right before serving.
#include <stdio.h>
#include "base/secret.h"
#include "fcgi/serve/listen.h"
#include "fcgi/verbs.h"
#include "config/keyfile.h"
#include "store/redis/check.h"

#define TIMEOUT_MS 5000 // somebody is waiting for the result

static int failed(const char *what, struct rd_span why)
{
	printf("FAIL %s: %.*s\n", what, (int)why.len, why.ptr);
	return RD_EXIT_CONFIG;
}

int rd_test_config_failed(struct rd_span why)
{
	return failed("config", why);
}

static int test_sockets(const struct rd_config *config)
{
	static const enum rd_option_id options[] = {RD_OPTION_listen, RD_OPTION_login_listen};
	const char *const addresses[] = {config->listen, config->login_listen};
	int status = 0;

	for (size_t i = 0; i < 2; i++) {
		char reason[512];
		struct rd_buf why = RD_BUF(reason);

		rd_config_blame(config, options[i], &why);
		rd_put_str(&why, i == 0 ? "listen: " : "login_listen: ");
		if (!rd_listen_address(addresses[i], &why))
			status = failed("config", rd_buf_span(&why));
	}
	return status;
}

static int test_config(const struct rd_config *config)
{
	const int status = test_sockets(config);

	if (!status)
		printf("ok   config: %s, %zu client%s\n", config->path ? config->path : "no file",
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
		return failed("keys", RD_SPAN("out of memory"));
	rd_config_blame(config, RD_OPTION_key_file, &why);
	fine = rd_keyfile_load(config->key_file, keys, &why);
	if (fine) {
		why.len = 0;
		fine = rd_config_signs(config, keys, &why);
	}
	sodium_free(keys); // wipes them
	if (!fine)
		return failed("keys", rd_buf_span(&why));
	printf("ok   keys: %s\n", config->key_file);
	return 0;
}

static void found(struct rd_redis_check *check, enum rd_fit fit, const char *text)
{
	static const char *const words[] = {"ok  ", "warn", "FAIL", "FAIL", "FAIL"};
	int *status = check->user;

	printf("%s redis: %s\n", words[fit], text);
	if (fit == RD_FIT_AWAY && !*status)
		*status = RD_EXIT_STORE;
	else if (fit == RD_FIT_REFUSED || fit == RD_FIT_UNFIT)
		*status = RD_EXIT_CONFIG;
}

static int test_redis(const struct rd_config *config)
{
	char password[RD_REDIS_PASSWORD_MAX], reason[512];
	struct rd_buf why = RD_BUF(reason);
	struct rd_redis_config redis;
	int status = 0;
	struct rd_redis_check check = {.config = &redis,
				       .prefix = rd_span(config->redis_prefix),
				       .durable = config->durable,
				       .timeout_ms = TIMEOUT_MS,
				       .found = found,
				       .user = &status};

	if (!rd_redis_read(config, password, &redis, &why))
		return failed("redis", rd_buf_span(&why));
	rd_redis_check(&check);
	rd_wipe(password, sizeof password);
	if (!status)
		printf("ok   redis: %s, user %s has all rights\n", config->redis,
		       redis.user ? redis.user : "default");
	return status;
}

int rd_verb_test(const struct rd_config *config, int argc, char **argv)
{
	int status, keys, redis;

	if (argc)
		return rd_complain(RD_EXIT_USAGE, "-t: what is '%s'?", argv[0]);
	status = test_config(config);
	keys = test_keys(config);
	redis = test_redis(config);
	return status ? status : keys ? keys : redis;
}
