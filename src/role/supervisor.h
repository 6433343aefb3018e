/* SPDX-License-Identifier: MIT */
#pragma once
/* What metacd is when a person starts it: see supervisor.c. */
#include "role/place.h"

/* Runs a node until it is told to stop. Returns the exit status. */
int supervisor_run(const struct place_options *o);
