#include "base/json_write.h"

static void begin_member(struct rd_buf *buf, const char *name)
{
	const char before = buf->len ? buf->ptr[buf->len - 1] : '{';
	const bool first = before == '{' || before == '[';

	if (!name) {
		rd_put_str(buf, first ? "" : ",");
		return;
	}
	rd_put_str(buf, first ? "\"" : ",\"");
	rd_put_str(buf, name);
	rd_put_lit(buf, "\":");
}

void rd_json_put(struct rd_buf *buf, const char *name, const char *value)
{
	begin_member(buf, name);
	rd_put_str(buf, value);
}

void rd_json_put_text(struct rd_buf *buf, const char *name, struct rd_span value)
{
	begin_member(buf, name);
	rd_put_json(buf, value);
}

void rd_json_put_number(struct rd_buf *buf, const char *name, uint64_t value)
{
	begin_member(buf, name);
	rd_put_u64(buf, value);
}

void rd_json_put_bool(struct rd_buf *buf, const char *name, bool value)
{
	rd_json_put(buf, name, value ? "true" : "false");
}
