// What the binary says of itself, made from the tables of verbs and options, so that it cannot
// differ from them.
#pragma once
#include "fcgi/verbs.h"

// Rows for the man pages, in mdoc(7): what is `options`, `clients` or `verbs`. Returns the exit
// status.
int rd_help_mdoc(const char *what, const struct rd_verb *verbs, size_t count);
// A completion script for bash, zsh or fish. Returns the exit status.
int rd_help_completion(const char *shell, const struct rd_verb *verbs, size_t count);
