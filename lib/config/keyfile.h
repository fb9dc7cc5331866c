// The key file on disk. See token/keys.h for what is in it.
#pragma once
#include "token/keys.h"

#define RD_KEYFILE_MAX      16384
#define RD_KEYFILE_PATH_MAX 4096

// Refused: not a regular file, owned by somebody else than root or us, any access for group or
// others. False with the reason in why. keys holds secrets: rd_keys_wipe.
[[nodiscard]] bool rd_keyfile_load(const char *path, struct rd_keys *keys, struct rd_buf *why);

// Writes a new file of mode 0600 in one step (written aside, synced, linked); never over an old
// one. 1: made, 0: a file is there already, -1: failed with the reason in why.
[[nodiscard]] int rd_keyfile_create(const char *path, struct rd_buf *why);

// A key file that is held for an edit: until it is closed, nobody else edits it. The caller reads
// text and keys and writes the whole new text to out.
struct rd_keyfile {
	int fd; // locked
	struct rd_keys keys;
	struct rd_span text;
	struct rd_buf out;
	char path[RD_KEYFILE_PATH_MAX]; // of the file itself, where key_file is a link to it
	char read[RD_KEYFILE_MAX], written[RD_KEYFILE_MAX - 1];
};

// Waits for who holds it. Same requirements as rd_keyfile_load. False with why; file is closed
// then.
[[nodiscard]] bool rd_keyfile_open(const char *path, struct rd_keyfile *file, struct rd_buf *why);

// Puts out in the file's place in one step, with its owner and mode, so that every reader finds the
// old text or the new one. What does not parse is not written. keys are those of the new text then,
// text is still the old one. False with why.
[[nodiscard]] bool rd_keyfile_replace(struct rd_keyfile *file, struct rd_buf *why);

void rd_keyfile_close(struct rd_keyfile *file); // and wipes; for RD_WIPE

// Reads a small secret, e.g. a password: the file's first line. Same requirements. False with why.
[[nodiscard]] bool rd_secret_load(const char *path, char *out, size_t max, struct rd_buf *why);
