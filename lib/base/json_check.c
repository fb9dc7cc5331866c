#include <stdint.h>
#include "base/json.h"
#include "base/json_check.h"
#include "base/utf8.h"

struct scan {
	const uint8_t *at, *end;
	unsigned depth;
	size_t members;
};

static bool value(struct scan *s);

static void skip_space(struct scan *s)
{
	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
		s->at++;
}

static bool take(struct scan *s, uint8_t c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static bool word(struct scan *s, struct rd_span text)
{
	if ((size_t)(s->end - s->at) < text.len || memcmp(s->at, text.ptr, text.len) != 0)
		return false;
	s->at += text.len;
	return true;
}

static bool digits(struct scan *s)
{
	const uint8_t *from = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > from;
}

static bool fits_int64(const uint8_t *from, size_t len, bool negative)
{
	if (len != 19)
		return len < 19;
	return memcmp(from, negative ? "9223372036854775808" : "9223372036854775807", 19) <= 0;
}

static bool number(struct scan *s)
{
	bool negative = take(s, '-'), whole = true;
	const uint8_t *from = s->at;
	size_t len;

	if (!digits(s))
		return false;
	len = (size_t)(s->at - from);
	if (*from == '0' && len > 1)
		return false;
	if (take(s, '.')) {
		whole = false;
		if (!digits(s))
			return false;
	}
	if (take(s, 'e') || take(s, 'E')) {
		whole = false;
		if (!take(s, '+'))
			take(s, '-');
		if (!digits(s))
			return false;
	}
	return !whole || fits_int64(from, len, negative);
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Takes \u and four hexadecimal digits.
static bool code_unit(struct scan *s, unsigned *unit)
{
	if (s->end - s->at < 6 || s->at[0] != '\\' || s->at[1] != 'u')
		return false;
	*unit = 0;
	for (int i = 2; i < 6; i++) {
		int digit = hex_digit(s->at[i]);

		if (digit < 0)
			return false;
		*unit = *unit << 4 | (unsigned)digit;
	}
	s->at += 6;
	return true;
}

static bool escape(struct scan *s)
{
	unsigned unit, low;

	if (s->end - s->at < 2)
		return false;
	if (s->at[1] != 'u') {
		s->at += 2;
		return memchr("\"\\/bfnrt", s->at[-1], 8) != NULL;
	}
	if (!code_unit(s, &unit) || unit == 0)
		return false;
	if (unit < 0xd800 || unit > 0xdfff)
		return true;
	return unit < 0xdc00 && code_unit(s, &low) && low >= 0xdc00 && low <= 0xdfff;
}

static bool string(struct scan *s)
{
	if (!take(s, '"'))
		return false;
	while (s->at < s->end) {
		uint8_t c = *s->at;

		if (c == '"')
			return take(s, c);
		if (c < 0x20)
			return false;
		if (c == '\\') {
			if (!escape(s))
				return false;
		} else if (c >= 0x80) {
			const size_t len = rd_utf8_len(s->at, (size_t)(s->end - s->at));

			if (len == 0)
				return false;
			s->at += len;
		} else {
			s->at++;
		}
	}
	return false;
}

static bool object(struct scan *s)
{
	take(s, '{');
	skip_space(s);
	if (take(s, '}'))
		return true;
	do {
		skip_space(s);
		if (!string(s))
			return false;
		skip_space(s);
		if (!take(s, ':') || !value(s))
			return false;
		s->members++;
		skip_space(s);
	} while (take(s, ','));
	return take(s, '}');
}

static bool array(struct scan *s)
{
	take(s, '[');
	skip_space(s);
	if (take(s, ']'))
		return true;
	do {
		if (!value(s))
			return false;
		skip_space(s);
	} while (take(s, ','));
	return take(s, ']');
}

static bool nested(struct scan *s, bool (*inner)(struct scan *))
{
	bool ok;

	if (s->depth == RD_JSON_DEPTH)
		return false;
	s->depth++;
	ok = inner(s);
	s->depth--;
	return ok;
}

static bool value(struct scan *s)
{
	skip_space(s);
	if (s->at == s->end)
		return false;
	switch (*s->at) {
	case '{':
		return nested(s, object);
	case '[':
		return nested(s, array);
	case '"':
		return string(s);
	case 't':
		return word(s, RD_SPAN("true"));
	case 'f':
		return word(s, RD_SPAN("false"));
	case 'n':
		return word(s, RD_SPAN("null"));
	default:
		return number(s);
	}
}

bool rd_json_check(struct rd_span text, struct rd_span *object_text, size_t *members)
{
	struct scan s = {.at = (const uint8_t *)text.ptr};
	const uint8_t *from;

	if (text.len == 0)
		return false;
	s.end = s.at + text.len;
	skip_space(&s);
	from = s.at;
	if (from == s.end || *from != '{' || !nested(&s, object))
		return false;
	*object_text = (struct rd_span){(const char *)from, (size_t)(s.at - from)};
	*members = s.members;
	skip_space(&s);
	return s.at == s.end;
}
