// A file is taken with everything in its range, or refused with a reason.
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/scope.h"
#include "config/config.h"
#include "observe/log.h"
#include "tests/fuzz/fuzz.h"

// In place of the log of the library, which the linker leaves out then.
void rd_log(enum rd_log_level level, const char *event, const char *format, ...)
{
	(void)level, (void)event, (void)format;
}

void rd_log_audit(const struct rd_audit *audit)
{
	(void)audit;
}

void rd_log_worker(unsigned number, struct rd_counts *counts)
{
	(void)number, (void)counts;
}

static void is_sound(const struct rd_config *c)
{
#define NUMBER(name, group, change, def, least, most, help) \
	MUST((long long)c->name >= (least) && c->name <= (most));
#define TEXT(name, group, change, def, longest, help) \
	MUST(strnlen(c->name, (longest) + 1) <= (longest));
#define WORD(name, group, change, field, def, words, help) MUST(c->field < 4);
#define ROW(kind, ...)                                     kind(__VA_ARGS__)
	RD_OPTIONS(ROW)
	MUST(c->access_jitter_s < c->access_ttl_s);
	MUST(*c->audience || !*c->issuer);
	MUST(c->client_count >= 1 && c->client_count <= RD_CLIENTS_MAX);
	MUST(rd_config_client(c, rd_span(c->default_client)));
	for (size_t i = 0; i < c->client_count; i++) {
		const struct rd_client *client = &c->clients[i];

		MUST(rd_config_client(c, rd_span(client->id)) == client);
		MUST(client->confidential ==
		     (client->key_line[RD_CLIENT_OPTION_secret_sha256] != 0));
		MUST(client->confidential || (!client->issue && !client->introspect));
		MUST(rd_scope_valid(rd_span(client->scopes)));
		MUST(*client->audience || !*c->audience);
		MUST(client->access_ttl_s >= 1 && client->access_ttl_s <= 86400);
		MUST(client->access_jitter_s < client->access_ttl_s);
		MUST(client->alg_name == 0 ||
		     (client->alg_name == 1 && client->access_alg == RD_ALG_EDDSA));
		MUST(client->grace_s <= 300 && client->idle_ttl_s >= 1 && client->max_ttl_s >= 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rd_config config;
	char path[40], text[700];
	struct rd_buf why = RD_BUF(text);
	int argc = 0, fd = memfd_create("conf", MFD_CLOEXEC);
	bool ok;

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ok = rd_config_load(&config, path, &argc, (char *[]){NULL}, &why);
	close(fd);
	MUST(ok == (why.len == 0) && rd_buf_ok(&why));
	if (ok)
		is_sound(&config);
	return 0;
}
