// What is taken, written out again with every byte escaped, is taken again and is the same.
#include "base/buf.h"
#include "http/form.h"
#include "tests/fuzz/fuzz.h"

static void put_escaped(struct rd_buf *out, struct rd_span text)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = (uint8_t)text.ptr[i];

		rd_put(out, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
	}
}

static void check_fields(const struct rd_form *form)
{
	MUST(form->count <= RD_FORM_MAX);
	for (size_t i = 0; i < form->count; i++) {
		MUST(rd_span_is(rd_form_get(form, form->name[i]), form->value[i]));
		MUST(!form->name[i].len || !memchr(form->name[i].ptr, 0, form->name[i].len));
		MUST(!form->value[i].len || !memchr(form->value[i].ptr, 0, form->value[i].len));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *escaped = malloc(4 * size + 64);
	struct rd_buf out = {escaped, 0, 4 * size + 64, false};
	struct rd_form form, again;

	MUST(text && escaped);
	memcpy(text, data, size);
	text[size] = '#';
	if (rd_form_parse(text, size, &form)) {
		check_fields(&form);
		for (size_t i = 0; i < form.count; i++) {
			put_escaped(&out, form.name[i]);
			rd_put_lit(&out, "=");
			put_escaped(&out, form.value[i]);
			rd_put_lit(&out, "&");
		}
		MUST(rd_buf_ok(&out) && rd_form_parse(escaped, out.len, &again));
		MUST(form.count == again.count);
		for (size_t i = 0; i < form.count; i++)
			MUST(rd_span_is(form.name[i], again.name[i]) &&
			     rd_span_is(form.value[i], again.value[i]));
	}
	MUST(text[size] == '#');
	free(text);
	free(escaped);
	return 0;
}
