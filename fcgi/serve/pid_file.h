// The file with the master's process id, where pid_file names one.
#pragma once
#include "base/buf.h"

// Writes our process id and a newline aside, with mode 0644, and renames it to path, so that a
// reader finds all of it. No-op for an empty path. False with why.
[[nodiscard]] bool rd_pid_file_write(const char *path, struct rd_buf *why);
// Removes it if it holds our process id: another service may have taken the name meanwhile.
void rd_pid_file_remove(const char *path);
