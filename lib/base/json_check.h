// The grammar of RFC 8259 to the letter, with the limits of json.h, ahead of json-c's looser
// parser.
#pragma once
#include "base/span.h"

// Whether text is one acceptable object. Duplicate members and floats past the finite range are not
// seen here. *object: text without the white space around it; *members: how many members its text
// has, at all levels. Pure.
[[nodiscard]] bool rd_json_check(struct rd_span text, struct rd_span *object, size_t *members);
