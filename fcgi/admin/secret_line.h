// A secret that somebody types or pipes in: a password, a token.
#pragma once
#include <stddef.h>
#include "base/secret.h"
#include "base/span.h"
#include "token/jwt.h"

struct rd_secret_line {
	size_t len;
	char text[RD_JWT_MAX + 1]; // not NUL-terminated; the longest token, and one byte too many
};
static inline void rd_secret_line_wipe(struct rd_secret_line *line)
{
	rd_wipe(line, sizeof *line);
}
#define RD_SECRET_LINE RD_WIPE(rd_secret_line_wipe) struct rd_secret_line

static inline struct rd_span rd_secret_line_span(const struct rd_secret_line *line)
{
	return (struct rd_span){line->text, line->len};
}

// Reads one line from stdin, without its newline; what does not fit is left there. On a terminal it
// prompts on stderr and does not echo; a signal that ends or stops the process restores the
// terminal first. Returns 0, or the exit status after a complaint of a read that failed.
[[nodiscard]] int rd_secret_line_read(const char *prompt, struct rd_secret_line *out);
