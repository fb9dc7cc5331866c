#include "base/secret.h"
#include "fcgi/serve/workers.h"
#include "fcgi/serve/master.h"
#include "fcgi/serve/pid_file.h"
#include "fcgi/serve/reload.h"
#include "fcgi/serve/sockets.h"
#include "fcgi/serve/upgrade.h"
#include "fcgi/verbs.h"
#include "observe/log.h"

// An upgrade does not fail for it: the old workers would have no master. The trial run of one is
// another process. False with why.
static bool write_pid(const struct rd_config *config, const struct rd_inherited *inherited,
		      struct rd_buf *why)
{
	if (inherited->trial)
		return true;
	rd_config_blame(config, RD_OPTION_pid_file, why);
	if (rd_pid_file_write(config->pid_file, why))
		return true;
	if (!inherited->pids)
		return false;
	rd_log(RD_LOG_ERROR, "pid_file.failed", "%.*s", (int)why->len, why->ptr);
	return true;
}

int rd_verb_serve(const struct rd_config *config, int argc, char **argv)
{
	static struct rd_redis_login login;
	struct rd_worker_setup setup = {
	    .config = config,
	    .published = rd_published_new(),
	    .metrics =
		rd_metrics_new(rd_workers_places(config), config->workers + config->login_workers),
	    .listen_fd = {-1, -1}};
	char reason[512];
	struct rd_buf why = RD_BUF(reason);
	struct rd_inherited inherited;
	int status;

	if (argc)
		return rd_complain_argument("serve", argv[0]);
	rd_master_hold_signals();
	if (!rd_redis_from(config, &login, &setup.redis))
		return RD_EXIT_CONFIG;
	if (!setup.published || !setup.metrics)
		return rd_complain(1, "out of memory");
	if (!rd_reload_first(&setup, &why))
		return rd_complain(RD_EXIT_CONFIG, "%.*s", (int)why.len, why.ptr);
	rd_log_least(config->least_level);
	rd_log_worker(0, rd_metrics_counts(setup.metrics, 0));
	if (!rd_sink_open(config->log_file, &why))
		return rd_complain(RD_EXIT_CONFIG, "log_file: %.*s", (int)why.len, why.ptr);
	if (rd_redis_password_advice(config))
		rd_log(RD_LOG_WARN, "config.password", "redis: %s",
		       rd_redis_password_advice(config));
	if (!rd_inherited_take(&setup, &inherited, &why) || !rd_sockets_open(&setup, &why))
		return rd_complain(RD_EXIT_CONFIG, "%.*s", (int)why.len, why.ptr);
	if (!write_pid(config, &inherited, &why)) {
		rd_sockets_close(&setup);
		return rd_complain(RD_EXIT_CONFIG, "%.*s", (int)why.len, why.ptr);
	}
	status = inherited.trial ? 0 : rd_master_run(&setup, &inherited);
	if (!inherited.trial)
		rd_pid_file_remove(config->pid_file);
	rd_redis_login_wipe(&login);
	return status;
}
