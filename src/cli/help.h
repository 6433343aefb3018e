/* SPDX-License-Identifier: MIT */
#pragma once
/* What the tables of verb.h look like in words: help, manual synopsis, shell completion. */
#include "cli/verb.h"

/* Help on everything (noun NULL), on a noun (verb NULL), or on a verb. */
void help_print(FILE *out, const struct noun *noun, const struct verb *verb);
/* "metac fs mount [-pr] [--transport KIND] URI PATH" */
void help_usage(FILE *out, const struct noun *noun, const struct verb *verb);
/* The synopsis of a noun (NULL: of all) as mdoc source. */
void help_synopsis(FILE *out, const struct noun *noun);

void completion_bash(FILE *out);
void completion_zsh(FILE *out);
