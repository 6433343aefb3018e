/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Whose number here is whose number there: users (or groups) of this host by other numbers at the
 * server.
 *
 *	LOCAL:REMOTE	that one here is that one there, in both directions
 *	LOCAL:REMOTE:COUNT
 *			so many of them, from these on (0 is 1)
 *	*:REMOTE	all others here are that one there; whoever else owns something there
 *			is shown as F9_NOBODY
 *
 * Where nothing is said about a number it is the same on both sides, except with a `*`.  The first
 * that was said about a number counts.  All numbers of 9P messages go through this, those inside
 * of POSIX access control lists too; the server decides in any case with its own.
 */
#include "base/macro.h"

#include <sys/types.h>

enum { F9_IDMAP_MAX = 256, F9_NOBODY = 65534 };

struct f9_idmap {
	unsigned n;
	struct {
		uint32_t local, remote, count;
	} pairs[F9_IDMAP_MAX];
	bool squash; /* `*` was given: */
	uint32_t rest; /* who all others are there */
};

/* Adds what `text` says. -EINVAL: it is not of that form; -ENOSPC: too many. */
int f9_idmap_parse(struct f9_idmap *m, const char *text);

/* For who asks for something. m NULL: the same number. */
uint32_t f9_idmap_remote(const struct f9_idmap *m, uint32_t local);
/* For who shall own something: false if nobody there stands for just this one. */
bool f9_idmap_owner(const struct f9_idmap *m, uint32_t local, uint32_t *ret);
/* For who owns something. */
uint32_t f9_idmap_local(const struct f9_idmap *m, uint32_t remote);

/* Translates the numbers in the value of system.posix_acl_access or _default, in place: to the
 * server's, or to ours.  -EINVAL: it is not such a list, or names somebody whom nobody there stands
 * for. */
int f9_idmap_acl(const struct f9_idmap *users, const struct f9_idmap *groups, bool to_remote,
	void *value, size_t len);
