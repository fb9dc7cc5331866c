// The verbs of the command line. Each gets what is left of argv behind its name and gives the exit
// status, one of sysexits.h.
#pragma once
#include "config/config.h"

#define RD_EXIT_USAGE  64
#define RD_EXIT_STORE  69
#define RD_EXIT_CONFIG 78

struct rd_verb {
	const char *name, *args, *help;
	int (*run)(const struct rd_config *config, int argc, char **argv);
};

int rd_verb_test(const struct rd_config *config, int argc, char **argv);
// For a configuration that cannot be read. Returns the exit status.
int rd_test_config_failed(struct rd_span why);
int rd_verb_serve(const struct rd_config *config, int argc, char **argv);
int rd_verb_ping(const struct rd_config *config, int argc, char **argv);
int rd_verb_stats(const struct rd_config *config, int argc, char **argv);
int rd_verb_key(const struct rd_config *config, int argc, char **argv);
int rd_verb_session(const struct rd_config *config, int argc, char **argv);
int rd_verb_inspect(const struct rd_config *config, int argc, char **argv);
int rd_verb_doctor(const struct rd_config *config, int argc, char **argv);
int rd_verb_user(const struct rd_config *config, int argc, char **argv);

// For verbs: complains on stderr and gives status.
[[gnu::format(printf, 2, 3)]] int rd_complain(int status, const char *format, ...);
// The address and password of config's Redis. password: RD_REDIS_PASSWORD_MAX bytes, must live as
// long as out. False with why.
#define RD_REDIS_PASSWORD_MAX 512
struct rd_redis_config;
[[nodiscard]] bool rd_redis_read(const struct rd_config *config, char *password,
				 struct rd_redis_config *out, struct rd_buf *why);
// The same. False after a complaint.
[[nodiscard]] bool rd_redis_from(const struct rd_config *config, char *password,
				 struct rd_redis_config *out);
