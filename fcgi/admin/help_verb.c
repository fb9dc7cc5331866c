// The help of one verb.
#include <stdio.h>
#include "fcgi/admin/help.h"

#define REDIS "redis redis_prefix redis_user redis_password_file "

// usage: as the verb prints it when it is used wrongly; NULL: what the table of verbs has. options:
// the ones that matter, divided by blanks; NULL: all.
static const struct {
	const char *verb, *usage, *options;
} rows[] = {
    {"serve", NULL, NULL},
    {"ping", NULL, "listen"},
    {"stats", NULL, "listen"},
    {"user", rd_user_usage, REDIS "key_file argon2_ops argon2_mem_kib durability"},
    {"session", rd_session_usage, REDIS "key_file durability"},
    {"inspect", NULL, REDIS "key_file issuer heal_window_s"},
    {"key", rd_key_usage, "key_file access_alg jwks_max_age_s access_ttl_s refresh_max_ttl_s"},
    {"-t", NULL, NULL},
    {"-T", NULL, NULL},
    {"doctor", rd_doctor_usage, NULL},
    {"completion", NULL, ""},
    {"version", NULL, ""},
    {"help", NULL, ""},
};

static void print_options(const char *names)
{
	if (names && !*names)
		return;
	printf("\noptions%s: --config FILE, and as flags --%s or variables REFRESHD_%s\n",
	       names ? " that matter" : "", "NAME VALUE", "NAME");
	rd_config_help(names);
}

int rd_help_verb(const struct rd_verb *verb)
{
	const char *usage = NULL, *options = NULL;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].verb, verb->name) == 0) {
			usage = rows[i].usage;
			options = rows[i].options;
		}
	if (usage)
		puts(usage);
	else
		printf("usage: refreshd %s%s%s\n", verb->name, *verb->args ? " " : "", verb->args);
	putchar('\n');
	rd_help_line("", 3, verb->help);
	print_options(options);
	return 0;
}
