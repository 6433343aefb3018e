/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Landlock: a process takes from itself the right to touch files, except beneath directories it
 * names.  Raw system calls; what the running kernel does not know is left out (each right that is
 * known is handled, so forbidden unless allowed); a kernel without Landlock makes all of
 * this do nothing.  TCP bind and connect are forbidden too where the kernel can (ABI 4), abstract
 * unix sockets and signals to processes outside from ABI 6.
 *
 * Descriptors that are open already keep working.  A restricted process can not mount.
 */
#include "base/macro.h"

struct landlock {
	int fd; /* of the ruleset; -EBADF: the kernel has none */
	int abi;
};

/* Rights for landlock_allow(). */
#define LANDLOCK_MAY_EXECUTE UINT64_C(0x1)
#define LANDLOCK_MAY_READ UINT64_C(0xc) /* files, and listing directories */
#define LANDLOCK_MAY_WRITE UINT64_C(0x4002) /* into files there are, truncate */
#define LANDLOCK_MAY_CHANGE \
	UINT64_C(0x3ff0) /* make, remove, rename and link entries of all kinds */
#define LANDLOCK_MAY_IOCTL UINT64_C(0x8000) /* on device files opened later */

/* The kernel's ABI version, 0 = no Landlock. */
int landlock_abi(void);

int landlock_init(struct landlock *ret);
/* The same, but leaves the network (and signals) alone: for who connects to other machines. */
int landlock_init_files(struct landlock *ret);
/* Allows `rights` (or what the kernel knows of them) beneath the directory (or on the file) fd,
 * which is borrowed; an O_PATH descriptor will do. */
int landlock_allow(struct landlock *l, int fd, uint64_t rights);
/* The same by path; a path that does not exist is passed over. */
int landlock_allow_path(struct landlock *l, const char *path, uint64_t rights);
/* Sets no_new_privs and restricts this thread and its future children; frees the ruleset, also on
 * failure. Returns the ABI in force (0: none, nothing happened) or negative errno. */
int landlock_restrict(struct landlock *l);
void landlock_done(struct landlock *l);
