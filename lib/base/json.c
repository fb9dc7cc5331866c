#include <json-c/printbuf.h>
#include <limits.h>
#include <math.h>
#include "base/json.h"
#include "base/json_check.h"

// One for all: making one costs more than most parses. Not for several threads. Without
// JSON_TOKENER_STRICT: rd_json_check is stricter, and strict json-c 0.18 refuses every string with
// a byte past 0x7f (json-c issue 892).
static struct json_tokener *tokener(size_t text_len)
{
	static struct json_tokener *tok;

	if (!tok) {
		tok = json_tokener_new_ex(RD_JSON_DEPTH + 2); // json-c counts differently
	}
	if (!tok)
		return NULL;
	// It collects every string in this buffer. Growing it on the way would free copies of
	// secrets unwiped, so it is made large enough before.
	if (printbuf_memset(tok->pb, 0, 0, (int)text_len + 1) < 0)
		return NULL;
	json_tokener_reset(tok);
	return tok;
}

static struct json_object *parse(struct rd_span object)
{
	struct json_object *obj;
	struct json_tokener *tok;

	if (object.len > INT_MAX / 4)
		return NULL;
	tok = tokener(object.len);
	if (!tok)
		return NULL;
	obj = json_tokener_parse_ex(tok, object.ptr, (int)object.len);
	if (obj && json_tokener_get_parse_end(tok) != object.len) {
		rd_json_free(obj);
		obj = NULL;
	}
	rd_wipe(tok->pb->buf, object.len + 1);
	return obj;
}

// Adds the members at all levels to *members. False when a float is not finite (1e400).
static bool count(struct json_object *obj, size_t *members)
{
	switch (json_object_get_type(obj)) {
	case json_type_double:
		return isfinite(json_object_get_double(obj));
	case json_type_array:
		for (size_t i = 0; i < json_object_array_length(obj); i++)
			if (!count(json_object_array_get_idx(obj, i), members))
				return false;
		return true;
	case json_type_object: {
		json_object_object_foreach(obj, key, inner)
		{
			(void)key;
			(*members)++;
			if (!count(inner, members))
				return false;
		}
		return true;
	}
	default:
		return true;
	}
}

struct json_object *rd_json_parse(struct rd_span text)
{
	struct json_object *obj;
	struct rd_span object;
	size_t in_text, in_tree = 0;

	if (!rd_json_check(text, &object, &in_text))
		return NULL;
	obj = parse(object);
	// Of members with one name json-c keeps the last: fewer in the tree than in the text.
	if (obj && (!count(obj, &in_tree) || in_tree != in_text)) {
		rd_json_free(obj);
		obj = NULL;
	}
	return obj;
}

static void wipe_strings(struct json_object *obj)
{
	switch (json_object_get_type(obj)) {
	case json_type_string:
		rd_wipe((char *)(uintptr_t)json_object_get_string(obj),
			(size_t)json_object_get_string_len(obj));
		break;
	case json_type_array:
		for (size_t i = 0; i < json_object_array_length(obj); i++)
			wipe_strings(json_object_array_get_idx(obj, i));
		break;
	case json_type_object: {
		json_object_object_foreach(obj, key, inner)
		{
			(void)key;
			wipe_strings(inner);
		}
		break;
	}
	default:
		break;
	}
}

void rd_json_free(struct json_object *obj)
{
	wipe_strings(obj);
	json_object_put(obj);
}

static int member(struct json_object *obj, const char *key, enum json_type type,
		  struct json_object **out)
{
	if (!json_object_object_get_ex(obj, key, out) || !*out)
		return 0;
	return json_object_is_type(*out, type) ? 1 : -1;
}

int rd_json_str(struct json_object *obj, const char *key, struct rd_span *out)
{
	struct json_object *found;
	int has = member(obj, key, json_type_string, &found);

	if (has == 1)
		*out = (struct rd_span){json_object_get_string(found),
					(size_t)json_object_get_string_len(found)};
	return has;
}

int rd_json_int(struct json_object *obj, const char *key, int64_t *out)
{
	struct json_object *found;
	int has = member(obj, key, json_type_int, &found);

	if (has == 1)
		*out = json_object_get_int64(found);
	return has;
}

int rd_json_bool(struct json_object *obj, const char *key, bool *out)
{
	struct json_object *found;
	int has = member(obj, key, json_type_boolean, &found);

	if (has == 1)
		*out = json_object_get_boolean(found);
	return has;
}

int rd_json_obj(struct json_object *obj, const char *key, struct json_object **out)
{
	struct json_object *found;
	int has = member(obj, key, json_type_object, &found);

	if (has == 1)
		*out = found;
	return has;
}
