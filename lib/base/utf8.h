// UTF-8 as RFC 3629 section 4 has it: nothing overlong, no surrogate, nothing past U+10FFFF.
#pragma once
#include <stdint.h>
#include "base/span.h"

// The bytes of the character at p, 1..4; 0 when the left bytes there begin with none.
size_t rd_utf8_len(const uint8_t *p, size_t left);

[[nodiscard]] bool rd_utf8_valid(struct rd_span text);
