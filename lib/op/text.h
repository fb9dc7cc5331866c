// What user ids, scopes and addresses may consist of.
#pragma once
#include "base/span.h"

// 1..RD_USER_MAX bytes of UTF-8 without control characters, as it goes into headers, logs and JSON.
// No blank at either end: whoever reads the header would cut it off and read another user's name.
[[nodiscard]] bool rd_text_is_user(struct rd_span text);
// A scope (base/scope.h) of at most RD_SCOPE_MAX bytes; it may be empty.
[[nodiscard]] bool rd_text_is_scope(struct rd_span text);
// The characters of an IPv4 or IPv6 address, at most RD_IP_MAX; it may be empty.
[[nodiscard]] bool rd_text_is_ip(struct rd_span text);
