// What a service answers to ping and stats: what is taken from it lies in what has come.
#include <stdlib.h>
#include "fcgi/admin/fastcgi_client.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size + 1);
	struct rd_fastcgi_reply reply;

	MUST(bytes);
	memcpy(bytes, data, size);
	if (rd_fastcgi_read(bytes, size, &reply))
		MUST(reply.body.ptr >= bytes && reply.body.ptr + reply.body.len <= bytes + size);
	free(bytes);
	return 0;
}
