/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Giving privileges up: user and groups, capability sets, no_new_privs.  Every step is checked
 * afterwards by asking the kernel; a process that could not become what it should be must end.
 *
 * A process that changed its user is not dumpable any more, which is wanted: another process of the
 * same user can neither trace it nor look at its descriptors.  (So /proc/self/fd is closed to it
 * too.)
 */
#include "base/macro.h"

#include <linux/capability.h>
#include <sys/types.h>

#define PRIV_CAP(cap) (UINT64_C(1) << (cap))
#define PRIV_CAPS_NONE UINT64_C(0)
#define PRIV_CAPS_ALL (~UINT64_C(0))

struct priv_user {
	uid_t uid;
	gid_t gid;
};

/* "name" (its primary group), "name:group", or numbers "uid" (gid = uid) and "uid:gid".
 * 0, -ENOENT: no such user or group, -EINVAL. Uses NSS: call it before any lock-down. */
int priv_user_lookup(const char *text, struct priv_user *ret);

struct priv_drop {
	const struct priv_user *user; /* NULL: stay who we are */
	uint64_t keep; /* permitted and effective afterwards: never more than now */
	bool ambient; /* `keep` also survives an exec (a program started later has it) */
};

/*
 * Becomes `user`, or stays who it is, with no supplementary groups (where it may drop them: those
 * of the shell that started a daemon would go along with any identity taken later), keeps exactly
 * those capabilities of `keep` that it has, limits the bounding set to them, clears the inheritable
 * set, locks the securebits (root is nothing special any more: exec as root gives nothing) where it
 * may, and sets no_new_privs. The parent-death signal, which the kernel clears when credentials
 * change, is set again. Works for a process that has no privileges to begin with (user must then be
 * NULL or itself). May be repeated.
 */
int priv_drop(const struct priv_drop *d);

/* What this process has now. */
int priv_caps_permitted(uint64_t *ret);
int priv_caps_effective(uint64_t *ret);
/* Makes only `mask` effective (permitted stays): to do one step without, say, CAP_DAC_OVERRIDE. */
int priv_caps_set_effective(uint64_t mask);
