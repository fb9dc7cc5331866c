#include "base/secret.h"
#include "fcgi/listen.h"
#include "fcgi/master.h"
#include "fcgi/reload.h"
#include "fcgi/verbs.h"

int rd_verb_serve(const struct rd_config *config, int argc, char **argv)
{
	static char password[RD_REDIS_PASSWORD_MAX];
	struct rd_worker_setup setup = {.config = config, .published = rd_published_new()};
	char reason[512];
	struct rd_buf why = RD_BUF(reason);
	int status;

	if (argc)
		return rd_complain(RD_EXIT_USAGE, "serve: what is '%s'?", argv[0]);
	if (!rd_redis_from(config, password, &setup.redis))
		return RD_EXIT_CONFIG;
	if (!setup.published)
		return rd_complain(1, "out of memory");
	if (!rd_reload(config, setup.published, &why))
		return rd_complain(RD_EXIT_CONFIG, "%.*s", (int)why.len, why.ptr);
	rd_master_hold_signals();
	setup.listen_fd = rd_listen(config->listen, &why);
	if (setup.listen_fd < 0)
		return rd_complain(RD_EXIT_CONFIG, "listen: %.*s", (int)why.len, why.ptr);
	status = rd_master_run(&setup, config->workers);
	rd_wipe(password, sizeof password);
	return status;
}
