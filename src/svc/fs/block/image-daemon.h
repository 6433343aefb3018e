/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The process of qemu's storage daemon (package qemu-system-common).
 *
 * It has a QMP monitor (its descriptor 3), a listening socket for NBD (4) and the image (5).  It
 * may open the image again, for reading only if that is all, read its libraries, and nothing else
 * (Landlock); make no socket, no connection and no process, and execute nothing but itself
 * (seccomp, Landlock); and use a limited amount of memory.  Whatever an image names besides (a
 * backing file, an extent, a URL) it does not get.
 */
#include "svc/fs/block/image-control.h"

#include <sys/types.h>

struct image_daemon {
	pid_t pid;
	int pidfd, qmp; /* owned */
};

#define IMAGE_DAEMON_MISSING \
	"qemu-storage-daemon is not installed (Debian package qemu-system-common)"

/* Where it is; NULL: it is not installed. */
const char *image_daemon_program(void);

/* 0 or negative errno (-ENOENT: not installed). That it could not be confined (-ENOSYS: no
 * Landlock), or executed, shows when it ends. */
int image_daemon_start(bool read_only, struct image_daemon *ret);
void image_daemon_kill(const struct image_daemon *d);
/* Waits for its end; closes the descriptors. Its exit status (that of one that could not begin is
 * an errno value), or negative errno: -EIO it was killed. */
int image_daemon_end(struct image_daemon *d);
