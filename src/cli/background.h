/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For a command that stays in the background once it has begun well: the process forks, the child
 * begins, and its parent, which is what the user waits for, tells how that went.
 */
#include "base/err.h"

/* In the child: 0, and *ret_report is to be used by background_report(). In the parent, when the
 * child has reported: 1, or what it failed with, in err. Negative errno with err set as well if
 * there is no child. */
int background_fork(int *ret_report, struct err *err);

/* Tells the parent, which then ends: e->code 0 is good. Then nothing of the terminal that it was
 * started from is used any more. Takes report. 0 or negative errno: nobody is told. */
int background_report(int report, const struct err *e);
