#include "base/secret.h"
#include "fcgi/listen.h"
#include "fcgi/master.h"
#include "fcgi/verbs.h"
#include "run/keyfile.h"

int rd_verb_serve(const struct rd_config *config, int argc, char **argv)
{
	static struct rd_keys keys;
	static char password[RD_REDIS_PASSWORD_MAX];
	struct rd_service service = {.config = config, .keys = &keys};
	struct rd_worker_setup setup = {.service = &service};
	char reason[512];
	struct rd_buf why = RD_BUF(reason);
	int status;

	if (argc)
		return rd_complain(RD_EXIT_USAGE, "serve: what is '%s'?", argv[0]);
	if (!rd_redis_from(config, password, &setup.redis))
		return RD_EXIT_CONFIG;
	if (!rd_keyfile_load(config->key_file, &keys, &why))
		return rd_complain(RD_EXIT_CONFIG, "%.*s", (int)why.len, why.ptr);
	if (!rd_config_signs(config, &keys, &why))
		return rd_complain(RD_EXIT_CONFIG, "%s: %.*s", config->key_file, (int)why.len,
				   why.ptr);
	service.signer = rd_keys_signer(&keys, config->alg);
	rd_master_hold_signals();
	setup.listen_fd = rd_listen(config->listen, &why);
	if (setup.listen_fd < 0)
		return rd_complain(RD_EXIT_CONFIG, "listen: %.*s", (int)why.len, why.ptr);
	status = rd_master_run(&setup, config->workers);
	rd_keys_wipe(&keys);
	rd_wipe(password, sizeof password);
	return status;
}
