#include <sodium.h>
#include "base/b64.h"

void rd_b64_encode(char *out, const void *bytes, size_t len)
{
	sodium_bin2base64(out, RD_B64_LEN(len) + 1, bytes, len,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

long rd_b64_decode(void *out, size_t max, struct rd_span text)
{
	size_t len = 0;
	uint8_t all = 0;

	// libsodium 1.0.18 takes every byte past ASCII for '_'.
	for (size_t i = 0; i < text.len; i++)
		all |= (uint8_t)text.ptr[i];
	// Else it is strict: no padding, no stray bits in the last character, nothing left over.
	if (all >= 0x80 || sodium_base642bin(out, max, text.ptr, text.len, NULL, &len, NULL,
					     sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return -1;
	return (long)len;
}
