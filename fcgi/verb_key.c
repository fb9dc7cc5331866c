#include <stdio.h>
#include "fcgi/verbs.h"
#include "run/keyfile.h"

int rd_verb_key(const struct rd_config *config, int argc, char **argv)
{
	char reason[512];
	struct rd_buf why = RD_BUF(reason);

	if (argc != 1 || strcmp(argv[0], "new") != 0)
		return rd_complain(RD_EXIT_USAGE, "usage: refreshd key new");
	switch (rd_keyfile_create(config->key_file, &why)) {
	case 1:
		printf("made %s\n", config->key_file);
		return 0;
	case 0:
		printf("%s is there already; nothing done\n", config->key_file);
		return 0;
	default:
		return rd_complain(1, "%.*s", (int)why.len, why.ptr);
	}
}
