#include "http/form.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

long rd_form_unescape(char *text, size_t len)
{
	size_t to = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			if (len - i < 3 || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
				return -1;
			c = (char)(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
			i += 2;
		}
		if (c == 0)
			return -1;
		text[to++] = c;
	}
	return (long)to;
}

static bool add_field(struct rd_form *form, char *field, size_t len)
{
	char *equals = memchr(field, '=', len);
	size_t name_len = equals ? (size_t)(equals - field) : len;
	long name_size = rd_form_unescape(field, name_len);
	long value_size = equals ? rd_form_unescape(equals + 1, len - name_len - 1) : 0;
	struct rd_span name;

	if (name_size < 0 || value_size < 0 || form->count == RD_FORM_MAX)
		return false;
	name = (struct rd_span){field, (size_t)name_size};
	for (size_t i = 0; i < form->count; i++)
		if (rd_span_is(form->name[i], name))
			return false;
	form->name[form->count] = name;
	form->value[form->count++] =
	    (struct rd_span){equals ? equals + 1 : field, (size_t)value_size};
	return true;
}

bool rd_form_parse(char *text, size_t len, struct rd_form *out)
{
	out->count = 0;
	while (len) {
		char *amp = memchr(text, '&', len);
		size_t field = amp ? (size_t)(amp - text) : len;

		if (field && !add_field(out, text, field))
			return false;
		if (!amp)
			break;
		text += field + 1;
		len -= field + 1;
	}
	return true;
}

struct rd_span rd_form_get(const struct rd_form *form, struct rd_span name)
{
	for (size_t i = 0; i < form->count; i++)
		if (rd_span_is(form->name[i], name))
			return form->value[i];
	return (struct rd_span){0};
}
