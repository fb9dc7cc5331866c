// refreshd ping: whether the service answers, for health checks. Exit status 0: it does, 1: it
// answers that it cannot work, 69: nobody answers.
#include "fcgi/admin/admin.h"
#include "fcgi/admin/fastcgi_client.h"

#define PATIENCE_MS 2000

int rd_verb_ping(const struct rd_config *config, int argc, char **argv)
{
	const bool ready = rd_take_flag(&argc, argv, "--ready");
	char bytes[4096], reason[512];
	struct rd_buf text = RD_BUF(bytes), why = RD_BUF(reason);
	struct rd_fastcgi_reply reply;

	if (argc)
		return rd_complain_argument("ping", argv[0]);
	switch (rd_fastcgi_get(config->listen, ready ? "ready" : "health", PATIENCE_MS, &text,
			       &reply, &why)) {
	case RD_FASTCGI_OK:
		break;
	case RD_FASTCGI_AWAY:
		return rd_complain(RD_EXIT_STORE, "%.*s", (int)why.len, why.ptr);
	case RD_FASTCGI_ODD:
		return rd_complain(1, "%.*s", (int)why.len, why.ptr);
	}
	if (reply.status != 200)
		return rd_complain(1, "status %d: %.*s", reply.status, (int)reply.body.len,
				   reply.body.ptr);
	puts("ok");
	return 0;
}
