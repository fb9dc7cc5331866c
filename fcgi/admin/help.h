// Help, man pages and completion, made from the tables of verbs and options, so that they cannot
// differ from them.
#pragma once
#include "fcgi/verbs.h"

// Prints rows of a man page in mdoc(7); what: "options", "clients" or "verbs". Returns the exit
// status.
int rd_help_mdoc(const char *what, const struct rd_verb *verbs, size_t count);
// Prints how the verb is called, what it does and the options that matter. Returns 0.
int rd_help_verb(const struct rd_verb *verb);
// Prints a completion script; shell: bash, zsh or fish, NULL: not given. Returns the exit status.
int rd_help_completion(const char *shell, const struct rd_verb *verbs, size_t count);
