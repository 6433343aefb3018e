/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Mounts of ordinary users: made with fusermount3, and kept by a process of the user's own that
 * stays in the background until they are unmounted.  It does for its one mount what the filesystem
 * service does for those of the node: starts the worker (metacd --role=9p-mount), and gets it
 * another connection when one is lost (core/mount-control.h).
 *
 * What there is, and how it is, lies in a file for each mount, in $XDG_RUNTIME_DIR/metac or
 * /tmp/metac-UID; the process holds a lock on it, so that one it left behind is told apart.
 */
#include "cli/client.h"

enum { USER_MOUNTS_MAX = 256 };

struct user_mount {
	char path[4096];
	char source[256]; /* the reference without its secret */
	char state[16]; /* "connected", "waiting", "revoked" */
	char error[256]; /* why it is not connected */
	int64_t since; /* of the state, seconds since 1970 */
	int pid; /* of the process that keeps it */
};

/* Mounts what the reference names on path (absolute); returns when it answers. */
int user_mount(struct cli *cli, const char *uri, const char *path);
/* Calls fn for each mount of this user. */
int user_mounts_each(void (*fn)(void *user, const struct user_mount *m), void *user);
/* 1: unmounted; 0: not a mount of this user; negative errno with err set. lazy: also while it is
 * in use. */
int user_umount(const char *path, bool lazy, struct err *err);

/* ---- user-mount-state.c ---- */

/* The file for a mount on that path, locked; -EBUSY: there is one. */
int user_state_open(const char *path, struct err *err);
int user_state_write(int fd, const struct user_mount *m);
void user_state_remove(const char *path);

/* ---- user-mount-fuse.c ---- */

/* Has fusermount3 mount: returns the descriptor of /dev/fuse. */
int user_fuse_mount(const char *path, const char *source, bool read_only, struct err *err);
int user_fuse_umount(const char *path, bool lazy, struct err *err);
