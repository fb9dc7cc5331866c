#include "base/utf8.h"

size_t rd_utf8_len(const uint8_t *p, size_t left)
{
	size_t len;

	if (left > 0 && p[0] < 0x80)
		return 1;
	if (left == 0 || p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (left < len || (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool rd_utf8_valid(struct rd_span text)
{
	const uint8_t *p = (const uint8_t *)text.ptr;
	size_t left = text.len, len;

	for (; left > 0; p += len, left -= len) {
		len = rd_utf8_len(p, left);
		if (len == 0)
			return false;
	}
	return true;
}
