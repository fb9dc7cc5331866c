#include "base/span.h"
#include <assert.h>

bool rd_span_only(struct rd_span span, const char *alphabet)
{
	const size_t len = strlen(alphabet);

	for (size_t i = 0; i < span.len; i++)
		if (!memchr(alphabet, span.ptr[i], len))
			return false;
	return true;
}

struct rd_span rd_span_take(struct rd_span *rest, size_t len)
{
	const struct rd_span taken = {rest->ptr, len};

	assert(len <= rest->len);
	*rest = (struct rd_span){rest->ptr ? rest->ptr + len : NULL, rest->len - len};
	return taken;
}

struct rd_span rd_span_cut(struct rd_span *rest, char mark)
{
	const char *at = rest->len ? memchr(rest->ptr, mark, rest->len) : NULL;
	const struct rd_span cut = rd_span_take(rest, at ? (size_t)(at - rest->ptr) : rest->len);

	if (at)
		(void)rd_span_take(rest, 1);
	return cut;
}

bool rd_span_take_number(struct rd_span *rest, uint64_t most, uint64_t *out)
{
	size_t digits = 0;
	uint64_t n = 0;

	*out = 0;
	for (; digits < rest->len; digits++) {
		const unsigned digit = (unsigned)(unsigned char)rest->ptr[digits] - '0';

		if (digit > 9)
			break;
		if (digit > most || n > (most - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	if (digits == 0)
		return false;
	(void)rd_span_take(rest, digits);
	*out = n;
	return true;
}

bool rd_span_number(struct rd_span text, uint64_t most, uint64_t *out)
{
	if (!rd_span_take_number(&text, most, out))
		return false;
	if (text.len == 0)
		return true;
	*out = 0;
	return false;
}
