/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Mount points: checking, mounting (FUSE, kernel v9fs), unmounting.  Needs CAP_SYS_ADMIN.
 *
 * All our mounts have a source that starts with "metac:NODE-ADDRESS", so that a node finds again
 * what a killed predecessor left.
 */
#include "base/err.h"

/* What the mount worker writes to its status descriptor, one byte each. */
#define FS_MOUNT_ATTACHED 'A' /* the 9P session is there, requests are answered */
#define FS_MOUNT_LOST 'L' /* the connection is gone, EIO from now on */

/* path: absolute. Is it an existing, empty directory that nothing is mounted on? 0, or negative
 * errno with e set: -ENOENT, -ENOTDIR, -EBUSY, -ENOTEMPTY, -EINVAL (not absolute), -ELOOP (symbolic
 * link). */
int fs_mount_check(const char *path, struct err *e);

/* Mounts FUSE (allow_other, default_permissions, nosuid, nodev). Returns /dev/fuse's descriptor,
 * owned by the caller, or negative errno with e set. */
int fs_mount_fuse(const char *path, const char *source, bool read_only, struct err *e);

/* Mounts kernel v9fs on a connected socket (borrowed). -ENODEV: this kernel has no v9fs. */
int fs_mount_v9fs(const char *path, const char *source, int conn_fd, bool read_only, struct err *e);

/* Takes what is mounted at path off it, also when it is in use (MNT_DETACH). 0 if nothing is. */
int fs_mount_detach(const char *path);

/* Detaches every mount whose source is that of this node's address. Returns how many. */
int fs_mount_detach_stale(const char *address);
