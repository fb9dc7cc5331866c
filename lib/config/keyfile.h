// The key file on disk. token/keys.h has what stands in it.
#pragma once
#include "config/socket_groups.h"
#include "token/keys.h"

#define RD_KEYFILE_MAX      16384
#define RD_KEYFILE_PATH_MAX 4096

// Refuses what is not a regular file, belongs to anybody but root or us, or gives others any
// access. Root may read anybody's: refreshd -t and the other verbs are run by root on keys that
// belong to the service's user. Its group may read a file of root's (mode 0440), as PostgreSQL has
// it for the keys of server and libpq (postgresql.org/docs/current/ssl-tcp.html, libpq-ssl.html): a
// service that is not root has no other way to a secret that it cannot change, such as a Secret of
// Kubernetes, root's and of the pod's fsGroup. Not where that group is one of sockets. A credential
// of systemd may have an ACL, which shows as its group's right to read. path may be a link: what it
// names is looked at. False with why. keys holds secrets: rd_keys_wipe.
[[nodiscard]] bool rd_keyfile_load(const char *path, struct rd_socket_groups sockets,
				   struct rd_keys *keys, struct rd_buf *why);

// Makes a new file of mode 0600 in one step (written aside, synced, linked), never over an old one.
// Returns 1: made, 0: a file is there already, -1: failed, with why. When it is made but its folder
// cannot be synced, so that it may not survive a power cut, 1 with a warning in why.
[[nodiscard]] int rd_keyfile_create(const char *path, struct rd_buf *why);

// A key file that is open for an edit: until it is closed, nobody else edits it. The caller reads
// text and keys and writes the whole new text to out.
struct rd_keyfile {
	int fd;         // locked
	bool read_only; // rd_keyfile_replace found that the file cannot be replaced where it is
	struct rd_keys keys;
	struct rd_span text;
	struct rd_buf out;
	char path[RD_KEYFILE_PATH_MAX]; // of the file itself, where key_file is a link to it
	char read[RD_KEYFILE_MAX], written[RD_KEYFILE_MAX - 1];
};

// Waits until nobody else edits it. Refuses what rd_keyfile_load does. False with why; then file is
// closed.
[[nodiscard]] bool rd_keyfile_open(const char *path, struct rd_socket_groups sockets,
				   struct rd_keyfile *file, struct rd_buf *why);

// Puts out in the file's place in one step, with its owner and mode, so that every reader finds the
// old text or the new one. Text that does not parse is not written. Afterwards keys are those of
// the new text; text is still the old one. False with why; then the old file stands. When the
// folder cannot be synced, true with a warning in why, as above.
[[nodiscard]] bool rd_keyfile_replace(struct rd_keyfile *file, struct rd_buf *why);

void rd_keyfile_close(struct rd_keyfile *file); // and wipes; for RD_WIPE

// Reads a small secret, such as a password: the file's first line, NUL-terminated, fewer than max
// bytes. Refuses what rd_keyfile_load does. False with why.
[[nodiscard]] bool rd_secret_load(const char *path, struct rd_socket_groups sockets, char *out,
				  size_t max, struct rd_buf *why);
