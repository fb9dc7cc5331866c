// Where log lines go: a file, or stderr. Never waits for the reader.
#pragma once
#include "base/buf.h"

// path: a file to append to, made with mode 0640; empty: stderr, as before the first call. Borrowed
// for good. False with why when the file cannot be opened; then nothing has changed.
[[nodiscard]] bool rd_sink_open(const char *path, struct rd_buf *why);

// Opens the path again, which may name another file by now. False as above.
[[nodiscard]] bool rd_sink_reopen(struct rd_buf *why);

bool rd_sink_is_terminal(void);

// line: with its \n, at most PIPE_BUF bytes. False when it was lost because the reader is slow or
// the disk full.
[[nodiscard]] bool rd_sink_write(const char *line, size_t len);
