/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * /dev/metac/NAME: a symbolic link to the device that is attached under that name.
 *
 * Only links that this node made are ever removed or replaced.  Each is noted in the runtime
 * directory (block-links/NAME, a link that leads to the same), for the next one if this service
 * is killed.
 */
#include "base/err.h"

/* [A-Za-z0-9._-]{1,64}, the first not a dot. */
bool links_name_is_valid(const char *name);
/* device: "/dev/loop3". 0 or negative errno with e set: -EEXIST somebody else's is there. */
int links_make(int runtime, const char *name, const char *device, struct err *e);
void links_remove(int runtime, const char *name);
/* What a predecessor that was killed left behind. */
void links_remove_stale(int runtime);
/* For tests: in that directory instead of /dev/metac. */
void links_set_directory(const char *path);
