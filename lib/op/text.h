// What a user id, a scope and an address may be made of.
#pragma once
#include "base/span.h"

// 1..RD_USER_MAX bytes of UTF-8 without control characters: it goes into headers, logs and JSON. No
// blank at either end, which a header's reader would cut off and so read another user's name.
[[nodiscard]] bool rd_text_is_user(struct rd_span text);
// RFC 6749 section 3.3: printable words divided by single blanks; or empty.
[[nodiscard]] bool rd_text_is_scope(struct rd_span text);
// An IPv4 or IPv6 address by its alphabet and length; or empty.
[[nodiscard]] bool rd_text_is_ip(struct rd_span text);
