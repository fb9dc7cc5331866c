// What is taken has one meaning: written out again it is taken again, and is the same.
#include "base/buf.h"
#include "base/json.h"
#include "tests/fuzz/fuzz.h"

static void strings_survive_our_writer(struct json_object *obj)
{
	json_object_object_foreach(obj, key, inner)
	{
		char text[4096];
		struct rd_buf buf = RD_BUF(text);
		struct rd_span was, is;
		RD_JSON *again = NULL;

		(void)inner;
		if (rd_json_str(obj, key, &was) != 1)
			continue;
		rd_put_lit(&buf, "{\"s\":");
		rd_put_json(&buf, was);
		rd_put_lit(&buf, "}");
		if (!rd_buf_ok(&buf))
			continue;
		again = rd_json_parse(rd_buf_span(&buf));
		MUST(rd_json_str(again, "s", &is) == 1 && rd_span_is(was, is));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	RD_JSON *obj = rd_json_parse(input(data, size));
	RD_JSON *again = NULL;

	if (!obj)
		return 0;
	again = rd_json_parse(rd_span(json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PLAIN)));
	MUST(again && json_object_equal(obj, again));
	strings_survive_our_writer(obj);
	return 0;
}
