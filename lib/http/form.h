// application/x-www-form-urlencoded (RFC 6749 appendix B), decoded in place.
#pragma once
#include "base/span.h"

#define RD_FORM_MAX 32 // fields; more is refused

struct rd_form {
	size_t count;
	struct rd_span name[RD_FORM_MAX], value[RD_FORM_MAX];
};

// Decodes the len bytes at text, in place; *out borrows from them. False for a bad %, a NUL, the
// same name twice, or too many fields. A name without a value counts as absent (RFC 6749 section
// 3.2).
[[nodiscard]] bool rd_form_parse(char *text, size_t len, struct rd_form *out);

// Returns the value, empty when absent.
struct rd_span rd_form_get(const struct rd_form *form, struct rd_span name);

// Decodes %XX and + in place. Returns the new length, or -1 for a bad % or a NUL.
[[nodiscard]] long rd_form_unescape(char *text, size_t len);
