// What the files of the verb `key` share.
#pragma once
#include "fcgi/verbs.h"
#include "token/keylist.h"

int rd_verb_key_list(const struct rd_config *config, int argc, char **argv);

// How long others hold on to a key under this configuration.
struct rd_key_lives rd_key_lives_of(const struct rd_config *config);

#define RD_TIME_MAX 32
// Writes unix_s as RFC 3339 does, in UTC and whole seconds. Returns out.
const char *rd_key_time(char out[static RD_TIME_MAX], int64_t unix_s);
