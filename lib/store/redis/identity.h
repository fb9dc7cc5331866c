// Which Redis this is, by its INFO. A server that was started recently, or that took another's
// place, may lack writes that were acknowledged.
#pragma once
#include <hiredis/hiredis.h>
#include <stdint.h>
#include "base/buf.h"

#define RD_RUN_ID_LEN 40

struct rd_identity {
	bool known;
	char run_id[RD_RUN_ID_LEN], replication_id[RD_RUN_ID_LEN];
	int64_t since_ms; // monotonic: when this server was started or took another's place
};

// The value of `name:value` at the start of a line of an INFO; empty when there is none. name: with
// its colon.
struct rd_span rd_info_field(struct rd_span info, struct rd_span name);

// Whether an INFO is a replica's; host:port of the server that it follows is appended to primary.
[[nodiscard]] bool rd_info_primary(struct rd_span info, struct rd_buf *primary);

// Appends the commands, the one that tells a replica first. Returns how many replies will come.
int rd_identity_ask(redisContext *ctx);
// Reads one reply; what is not in it stays as it was.
void rd_identity_read(struct rd_identity *identity, struct rd_span info, int64_t now_ms);
