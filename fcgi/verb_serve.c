#include "base/secret.h"
#include "fcgi/listen.h"
#include "fcgi/master.h"
#include "fcgi/reload.h"
#include "fcgi/verbs.h"
#include "run/log.h"

// Logins first: who finds the general socket may rely on the other.
static bool listen_all(struct rd_worker_setup *setup, struct rd_buf *why)
{
	setup->listen_fd[RD_ROLE_LOGIN] = rd_listen(setup->config->login_listen, why);
	if (setup->listen_fd[RD_ROLE_LOGIN] < 0)
		return false;
	setup->listen_fd[RD_ROLE_GENERAL] = rd_listen(setup->config->listen, why);
	if (setup->listen_fd[RD_ROLE_GENERAL] < 0)
		rd_unlisten(setup->config->login_listen);
	return setup->listen_fd[RD_ROLE_GENERAL] >= 0;
}

int rd_verb_serve(const struct rd_config *config, int argc, char **argv)
{
	static char password[RD_REDIS_PASSWORD_MAX];
	struct rd_worker_setup setup = {
	    .config = config,
	    .published = rd_published_new(),
	    .metrics = rd_metrics_new(config->workers + config->login_workers),
	};
	char reason[512];
	struct rd_buf why = RD_BUF(reason);
	int status;

	if (argc)
		return rd_complain(RD_EXIT_USAGE, "serve: what is '%s'?", argv[0]);
	if (!rd_redis_from(config, password, &setup.redis))
		return RD_EXIT_CONFIG;
	if (!setup.published || !setup.metrics)
		return rd_complain(1, "out of memory");
	if (!rd_reload(config, setup.published, &why))
		return rd_complain(RD_EXIT_CONFIG, "%.*s", (int)why.len, why.ptr);
	rd_log_least(config->least_level);
	rd_log_worker(0, rd_metrics_counts(setup.metrics, 0));
	if (!rd_sink_open(config->log_file, &why))
		return rd_complain(RD_EXIT_CONFIG, "log_file: %.*s", (int)why.len, why.ptr);
	rd_master_hold_signals();
	if (!listen_all(&setup, &why))
		return rd_complain(RD_EXIT_CONFIG, "listen: %.*s", (int)why.len, why.ptr);
	status = rd_master_run(&setup);
	rd_wipe(password, sizeof password);
	return status;
}
