// The key file on disk. See token/keys.h for what is in it.
#pragma once
#include "token/keys.h"

#define RD_KEYFILE_MAX 16384

// Refused: not a regular file, owned by somebody else than root or us, any access for group or
// others. False with the reason in why. keys holds secrets: rd_keys_wipe.
[[nodiscard]] bool rd_keyfile_load(const char *path, struct rd_keys *keys, struct rd_buf *why);

// Writes a new file of mode 0600 in one step (written aside, synced, linked); never over an old
// one. 1: made, 0: a file is there already, -1: failed with the reason in why.
[[nodiscard]] int rd_keyfile_create(const char *path, struct rd_buf *why);

// Reads a small secret, e.g. a password: the file's first line. Same demands. False with why.
[[nodiscard]] bool rd_secret_load(const char *path, char *out, size_t max, struct rd_buf *why);
