#include "store/redis/hint.h"
#include <errno.h>
#include <string.h>

// hiredis quotes the first byte, and keeps nothing else of what came.
static const char *hint_at_first_byte(const char *errstr)
{
	if (strstr(errstr, "got \"H\"") || strstr(errstr, "got \"<\"")) // HTTP/1.1, <html>
		return "; what answers there speaks HTTP, not Redis";
	if (strstr(errstr, "got \"\\x15\"")) // an alert, RFC 8446 section 5.1
		return "; what answers there speaks TLS, which is not supported yet";
	return "; what answers there is not Redis";
}

static bool was_closed(const redisContext *ctx)
{
	return ctx->err == REDIS_ERR_EOF ||
	       (ctx->err == REDIS_ERR_IO && (strcmp(ctx->errstr, strerror(ECONNRESET)) == 0 ||
					     strcmp(ctx->errstr, strerror(EPIPE)) == 0));
}

const char *rd_redis_hint(const redisContext *ctx, bool answered)
{
	if (answered)
		return "";
	if (ctx->err == REDIS_ERR_PROTOCOL)
		return hint_at_first_byte(ctx->errstr);
	return was_closed(ctx) ? "; closed before any answer: does it speak TLS? That is not "
				 "supported yet"
			       : "";
}
