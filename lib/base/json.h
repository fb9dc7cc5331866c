// Strict JSON (RFC 8259) over json-c, which by itself accepts duplicate keys, NaN, single quotes,
// control characters, NUL, clamped numbers and broken UTF-8. One spelling, one meaning, or no
// object.
#pragma once
#include <json-c/json.h>
#include <stdint.h>
#include "base/secret.h"
#include "base/span.h"

#define RD_JSON_DEPTH 32 // nested arrays and objects

// text must be one JSON object and nothing else but white space. Refused: NUL and \u0000, duplicate
// members at any level, numbers that do not fit int64 or are not finite, bad UTF-8 (also as lone
// surrogates), depth past RD_JSON_DEPTH. Returns the object, owned by the caller, or NULL.
[[nodiscard]] struct json_object *rd_json_parse(struct rd_span text);

// Wipes every string in it, then frees it. NULL is fine.
void rd_json_free(struct json_object *obj);
static inline void rd_json_freep(struct json_object **obj)
{
	rd_json_free(*obj);
}
#define RD_JSON RD_WIPE(rd_json_freep) struct json_object

// Typed members. 1: found, 0: not there (or null), -1: there with another type.
// *out is written only for 1 and borrows from obj.
[[nodiscard]] int rd_json_str(struct json_object *obj, const char *key, struct rd_span *out);
[[nodiscard]] int rd_json_int(struct json_object *obj, const char *key, int64_t *out);
[[nodiscard]] int rd_json_bool(struct json_object *obj, const char *key, bool *out);
[[nodiscard]] int rd_json_obj(struct json_object *obj, const char *key, struct json_object **out);
