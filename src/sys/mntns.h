/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Doing something in another mount namespace (setns(2), mount_namespaces(7)).  For a
 * single-threaded process with CAP_SYS_ADMIN and CAP_SYS_CHROOT.  Everywhere a namespace is
 * given, -EBADF means our own: then nothing happens.
 */
#include "base/macro.h"

enum { MNTNS_OWN = 1, MNTNS_OTHER = 2 };

/* What fd is: MNTNS_OWN, MNTNS_OTHER, or -EINVAL if it is no mount namespace. */
int mntns_check(int fd);
/* True if both are the same namespace. */
bool mntns_same(int a, int b);
/* Enters; root and working directory become that namespace's. Negative errno: still in our own. */
int mntns_enter(int fd);
/* Back to our own, after a successful mntns_enter(fd). Cannot fail short of a bug: the process
 * ends. */
void mntns_leave(int fd);
/* Closes what the module keeps (tests look for descriptors left open). */
void mntns_forget(void);
