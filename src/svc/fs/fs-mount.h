/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Mount points: checking, mounting (FUSE, kernel v9fs), unmounting.  Needs CAP_SYS_ADMIN.
 *
 * All our mounts have a source that starts with "metac:NODE-ADDRESS", so that a node finds again
 * what a killed predecessor left.
 */
#include "base/err.h"

/* Bytes the kernel asks for ahead when a file is read in order: several requests under way
 * together, which a line of some milliseconds needs to be kept busy. */
enum { FS_MOUNT_READ_AHEAD = 4 * 1024 * 1024 };

/* path: absolute. Is it an existing directory that nothing is mounted on, and, unless may_cover,
 * empty? 0, or negative errno with e set: -ENOENT, -ENOTDIR, -EBUSY, -ENOTEMPTY, -EINVAL (not
 * absolute), -ELOOP (symbolic link). */
int fs_mount_check(const char *path, bool may_cover, struct err *e);

/* Mounts FUSE (allow_other, default_permissions, nosuid, nodev). anew: in place of what is mounted
 * there, which is taken off. Returns /dev/fuse's descriptor, owned by the caller, or negative errno
 * with e set. */
int fs_mount_fuse(const char *path, const char *source, bool read_only, bool anew, struct err *e);

/* Mounts kernel v9fs on a connected socket (borrowed). -ENODEV: this kernel has no v9fs. */
int fs_mount_v9fs(const char *path, const char *source, int conn_fd, bool read_only, struct err *e);

/* Attaches a detached mount (sys/mountfd.h). 0 or negative errno with e set. */
int fs_mount_bind(const char *path, int mount_fd, struct err *e);

/* The number that the mount table has of what is mounted at path, on top; -ENOENT: nothing is. */
int fs_mount_id(const char *path);
bool fs_mount_id_is_there(int id);
bool fs_mount_has_children(int id);
/* Somebody uses it: has a file open in it, works in it, has mounted something in it. */
bool fs_mount_is_busy(const char *path);

/* Takes the mount of that number (-1: any) off path, also when it is in use: requests under way
 * fail. sync: the kernel is given a moment to write back first. 0 also if another one, or nothing,
 * is mounted there: a node that was just started may have mounted it anew. */
int fs_mount_detach(const char *path, int id, bool sync);
/* Only off the path: who uses it can go on. */
int fs_mount_detach_lazily(const char *path);
/* If the mount of that number is at path. */
int fs_mount_detach_id(const char *path, int id);

/* Detaches every mount whose source is that of this node's address. Returns how many. */
int fs_mount_detach_stale(const char *address);
