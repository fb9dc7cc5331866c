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

uint32_t rd_utf8_code(const uint8_t *p, size_t len)
{
	static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = p[0] & lead_bits[len];

	for (size_t i = 1; i < len; i++)
		code = code << 6 | (p[i] & 0x3f);
	return code;
}

// In order. Unicode 15.1: DerivedCoreProperties.txt (Default_Ignorable_Code_Point), the separators
// U+2028 and U+2029, interlinear annotation, and the block of noncharacters.
static const struct {
	uint32_t first, last;
} unprintable[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x061c, 0x061c},
    {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
    {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

bool rd_utf8_prints(uint32_t code)
{
	if ((code & 0xfffe) == 0xfffe) // the last two of each plane are noncharacters
		return false;
	for (size_t i = 0; i < sizeof unprintable / sizeof *unprintable; i++)
		if (code <= unprintable[i].last)
			return code < unprintable[i].first;
	return true;
}

size_t rd_utf8_printable(const uint8_t *p, size_t left, size_t *skip)
{
	size_t printable = 0, len = 0;

	for (; printable < left; printable += len) {
		len = rd_utf8_len(p + printable, left - printable);
		if (len == 0 || !rd_utf8_prints(rd_utf8_code(p + printable, len)))
			break;
	}
	*skip = len ? len : 1;
	return printable;
}
