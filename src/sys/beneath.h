/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Walking below a directory that must not be left: openat2(2) with RESOLVE_BENEATH,
 * RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS, so that no race (a directory moved, a symbolic
 * link swapped in) can lead outside; only beneath_follow() allows links.  Paths are relative; ""
 * and "." mean the directory itself.
 */
#include "base/macro.h"

#include <sys/stat.h>

enum { BENEATH_PATH_MAX = 4095, BENEATH_DEPTH_MAX = 256 };

/* 0, or -EINVAL: a leading slash, an empty component, ".." (also "." inside), a NUL (len counts),
 * or too long/deep. Trailing slashes are not accepted. Needs no descriptor. */
int beneath_check(const char *path, size_t len);

/* Opens; flags as open(2) (O_CLOEXEC is added), mode used with O_CREAT. Returns a descriptor (owned
 * by the caller) or negative errno: -ELOOP a symbolic link was met, -EXDEV the path leads out. */
int beneath_open(int dir_fd, const char *path, int flags, mode_t mode);

/* The same with O_PATH, following symbolic links as long as they stay below the directory and on
 * its file system (relative ones, that is): -EXDEV when one does not, -ELOOP too many. */
int beneath_follow(int dir_fd, const char *path);

/* Descriptor (O_PATH) of the directory that holds path's last component; *ret_name points into
 * path. */
int beneath_open_parent(int dir_fd, const char *path, const char **ret_name);
