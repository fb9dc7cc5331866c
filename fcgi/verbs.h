// What the verbs of the command line share: how they are called, how they end, and how they print.
#pragma once
#include <stdio.h>
#include "config/config.h"
#include "store/redis/connection.h"

// Exit statuses besides 0 and 1, of sysexits.h.
#define RD_EXIT_USAGE  64
#define RD_EXIT_STORE  69 // Redis, or for ping and stats the service, is away
#define RD_EXIT_CONFIG 78

struct rd_verb {
	const char *name, *args, *help;
	// argc, argv: what is left behind the name. Returns the exit status.
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
int rd_verb_setup(const struct rd_config *config, int argc, char **argv);
int rd_verb_nginx(const struct rd_config *config, int argc, char **argv);
int rd_verb_user(const struct rd_config *config, int argc, char **argv);

// How the verbs of several forms are called, of one or more lines.
extern const char rd_user_usage[], rd_session_usage[], rd_key_usage[], rd_doctor_usage[];

// Text that may come from users, clients, Redis or files: each byte or character that does not
// print (rd_utf8_prints) becomes a `?`, so that none can steer the administrator's terminal or
// begin a line of its own.
void rd_print_safe(FILE *to, struct rd_span text);
// A line on stdout, printed so; at most RD_LINE_MAX bytes.
#define RD_LINE_MAX 8192
[[gnu::format(printf, 1, 2)]] void rd_say(const char *format, ...);
// The same on stderr, behind "refreshd: ". Returns status.
[[gnu::format(printf, 2, 3)]] int rd_complain(int status, const char *format, ...);
// Prints the usage of a verb, our own text of one or more lines, on stderr. Returns RD_EXIT_USAGE.
int rd_complain_usage(const char *usage);
// Complains of an argument that the verb does not take, of a flag without its value, which may be a
// password. Returns RD_EXIT_USAGE.
int rd_complain_argument(const char *verb, const char *argument);

// The address and the credentials of config's Redis. login: what out points into. False with why.
[[nodiscard]] bool rd_redis_read(const struct rd_config *config, struct rd_redis_login *login,
				 struct rd_redis_config *out, struct rd_buf *why);
// The same. False after a complaint.
[[nodiscard]] bool rd_redis_from(const struct rd_config *config, struct rd_redis_login *login,
				 struct rd_redis_config *out);
// Says where the password in the option redis can be seen, and what is better. NULL: the option has
// none.
const char *rd_redis_password_advice(const struct rd_config *config);
