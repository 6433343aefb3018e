/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Reading /proc/self/mountinfo (proc(5)): fields are separated by spaces, and bytes that would be
 * mistaken (space, tab, newline, backslash) are octal escapes, also in file system type and source.
 * Lines that do not fit the format are passed over.
 */
#include "base/macro.h"

#include <sys/types.h>

struct mountinfo { /* strings are unescaped and borrowed for the duration of the callback */
	int id, parent;
	dev_t dev;
	const char *root; /* which part of the file system is mounted */
	const char *target; /* the mount point as this process sees it */
	const char *options; /* of the mount: "rw,nosuid" */
	const char *fstype;
	const char *source;
	const char *super_options;
};

/* Return non-zero to stop; that is then what the caller gets. */
typedef int (*mountinfo_fn)(void *user, const struct mountinfo *m);

/* 0 at the end, fn's non-zero, or negative errno. Takes the order of mounting: a later line with
 * the same target covers the earlier one. */
int mountinfo_each(mountinfo_fn fn, void *user);
/* The same for a text (changed in place). */
int mountinfo_parse(char *text, mountinfo_fn fn, void *user);

/* 1 if something is mounted exactly at path (absolute, no "." or "..", no trailing slash, no
 * symbolic link), 0 if not, or negative errno. Looks at the table only: a dead mount does not block
 * it. */
int mountinfo_is_mount_point(const char *path);
