// Scopes: printable words divided by single blanks, RFC 6749 section 3.3.
#pragma once
#include "base/span.h"

// By its alphabet; the empty scope is valid. How long it may be is the caller's to say.
[[nodiscard]] bool rd_scope_valid(struct rd_span scope);

// Takes the first word off *rest; false when there is none left.
[[nodiscard]] bool rd_scope_next(struct rd_span *rest, struct rd_span *word);

// Whether every word of asked is one of granted.
[[nodiscard]] bool rd_scope_covers(struct rd_span granted, struct rd_span asked);
