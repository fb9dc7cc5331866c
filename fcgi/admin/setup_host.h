// What refreshd setup does to a machine, one thing at a time: each is left alone where it is there
// already, said on stdout, and only said in a dry run.
#pragma once
#include <sys/types.h>
#include "base/buf.h"

struct rd_setup {
	bool dry_run;
	bool systemd; // it runs this machine
	bool failed;  // something could not be done
	uid_t user;   // refreshd's, once they are there
	gid_t group;
};

// A line each: what there was already, what is left to the administrator, what went wrong.
[[gnu::format(printf, 1, 2)]] void rd_setup_kept(const char *format, ...);
[[gnu::format(printf, 1, 2)]] void rd_setup_todo(const char *format, ...);
[[gnu::format(printf, 2, 3)]] void rd_setup_failed(struct rd_setup *s, const char *format, ...);
// Says what is made now, or would be. Returns whether to make it.
[[gnu::format(printf, 2, 3)]] bool rd_setup_making(const struct rd_setup *s, const char *format,
						   ...);

// Runs a program of PATH, its output on our stderr. argv: ends with NULL. Returns whether it ended
// with status 0; else says so.
bool rd_setup_run(struct rd_setup *s, const char *const *argv);
// A folder of that mode. owner, group: (uid_t)-1 and (gid_t)-1 leave root's.
void rd_setup_folder(struct rd_setup *s, const char *path, mode_t mode, uid_t owner, gid_t group);
// A file of that text and mode 0644, in a folder that is made as well.
void rd_setup_file(struct rd_setup *s, const char *path, struct rd_span text);
// Links in folder to all files of source, an absolute path, whose names begin with refreshd-.
void rd_setup_links(struct rd_setup *s, const char *folder, const char *source);
