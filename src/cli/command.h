/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The command line: [OPTIONS] NOUN VERB [OPTIONS] ARGUMENTS, understood by means of the tables of
 * verb.h.  Options may stand anywhere before a `--', except after the first argument of a verb
 * that runs another program.
 */
#include "cli/verb.h"

struct command {
	const struct noun *noun; /* NULL: only options were given */
	const struct verb *verb; /* NULL: only a noun was given (then with --help) */
	uint64_t given; /* OPT_... of the options present */
	struct cli cli;
};

/* Returns 0, or -EINVAL: ret->cli.err says what is wrong, noun and verb are set as far as known.
 * argv's words are borrowed and put in another order. */
int command_parse(int argc, char **argv, struct command *ret);

/* "fs mount", "fs" or "" into buf. */
void command_name(const struct command *c, char *buf, size_t size);
