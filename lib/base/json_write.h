// Writing JSON (RFC 8259) member by member. A comma comes by itself, but behind `{` and `[` and at
// the beginning of buf. name: of a member, one of our own words, written as it is; NULL: an item of
// a list.
#pragma once
#include "base/buf.h"

void rd_json_put(struct rd_buf *buf, const char *name, const char *value); // `true`, `{`, `[`
void rd_json_put_text(struct rd_buf *buf, const char *name, struct rd_span value);
void rd_json_put_number(struct rd_buf *buf, const char *name, uint64_t value);
void rd_json_put_bool(struct rd_buf *buf, const char *name, bool value);
