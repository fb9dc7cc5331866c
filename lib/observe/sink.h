// Where log lines go: a file, or stderr. Never waits for whoever reads it.
#pragma once
#include "base/buf.h"

// path: appended to, made with mode 0640; empty: stderr. Until it is called, stderr. False with why
// when the file cannot be opened; then nothing has changed.
[[nodiscard]] bool rd_sink_open(const char *path, struct rd_buf *why);

// Opens the file of the same name again, which by now may be another one. False as above.
[[nodiscard]] bool rd_sink_reopen(struct rd_buf *why);

bool rd_sink_is_terminal(void);

// line: with its \n, at most PIPE_BUF bytes. False when it was lost, as nobody reads or the disk is
// full.
[[nodiscard]] bool rd_sink_write(const char *line, size_t len);
