// base64url without padding, RFC 4648 section 5, canonical only, in constant time (libsodium).
#pragma once
#include <stdint.h>
#include "base/span.h"

#define RD_B64_LEN(bytes) ((4 * (bytes) + 2) / 3)

// out: RD_B64_LEN(len) bytes and a NUL.
void rd_b64_encode(char *out, const void *bytes, size_t len);
// Decodes all of text. Returns the byte count, or -1 when text is not canonical or is longer than
// max.
[[nodiscard]] long rd_b64_decode(void *out, size_t max, struct rd_span text);
