/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who uses what is mounted on a path: processes that work in it, have it as their root, run a
 * program from it, or have a file in it open or mapped.  Nothing here asks the mounted file system,
 * which may not answer.
 */
#include "base/err.h"

#include <sys/types.h>

enum { BUSY_LISTED_MAX = 16, BUSY_MOUNTS_MAX = 256 };

struct busy_user {
	pid_t pid;
	char name[16]; /* of its program, as the kernel knows it; what is no text is '?' */
	const char *how; /* "works in it", ... */
};

/* The first of them in ret; returns how many there are in all, or negative errno. Those that this
 * process may not look at are passed over. */
int busy_find(const char *path, struct busy_user ret[BUSY_LISTED_MAX]);

/* The same for those that wait for any FUSE file system to answer: who waits for the mount while
 * looking up a name is among them. */
int busy_find_waiting(struct busy_user ret[BUSY_LISTED_MAX]);

/* "/mnt is in use by vim (123, has a file in it open) ..." into e; returns -EBUSY. */
int busy_explain(const char *path, const struct busy_user *users, int n, struct err *e);
