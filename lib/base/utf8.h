// UTF-8 as RFC 3629 section 4 has it: nothing overlong, no surrogate, nothing past U+10FFFF.
#pragma once
#include <stdint.h>
#include "base/span.h"

// The bytes of the character at p, 1..4; 0 when the left bytes there begin with none.
size_t rd_utf8_len(const uint8_t *p, size_t left);

[[nodiscard]] bool rd_utf8_valid(struct rd_span text);

// The code point of the character of len bytes at p, which rd_utf8_len has measured.
uint32_t rd_utf8_code(const uint8_t *p, size_t len);

// Whether a code point may go to a terminal as it is: it neither steers one (C0, DEL, C1), nor
// changes the direction of what is around it, nor is invisible (Unicode's
// Default_Ignorable_Code_Point), nor ends a line, nor is a noncharacter.
[[nodiscard]] bool rd_utf8_prints(uint32_t code);

// The length of the printable text that the left bytes at p begin with; 0: it begins with
// something else, *skip bytes long.
size_t rd_utf8_printable(const uint8_t *p, size_t left, size_t *skip);
