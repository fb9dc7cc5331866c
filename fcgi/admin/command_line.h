// What a command line asks for. Options may stand before or behind the verb: `refreshd --config F
// serve`, `refreshd serve --config F`.
#pragma once
#include "fcgi/verbs.h"

enum rd_asked { RD_ASKED_VERB, RD_ASKED_HELP, RD_ASKED_VERSION };

struct rd_command {
	enum rd_asked asked;
	const struct rd_verb *verb; // NULL: help or version of all
	int argc;                   // of argv: the rest, in order, without program name and verb
	char **argv;
};

// Help is asked for by -h or --help in place of the verb or right behind it, or by --help as the
// last word; version by -V or --version in place of the verb. Moves what is in argv, which *out
// then borrows. Returns 0, or the exit status after a complaint.
int rd_command_read(struct rd_command *out, int argc, char **argv, const struct rd_verb *verbs,
		    size_t count);
