/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Mounts as descriptors (open_tree(2), mount_setattr(2), move_mount(2)): made detached, given what
 * restrictions they are to have, passed to another process, attached by whoever has them.  Needs
 * CAP_SYS_ADMIN.
 */
#include "base/macro.h"

/* A detached copy of what is mounted at and below dir (a directory, O_PATH will do), its
 * set-user-id programs and devices off.  What is mounted or unmounted below dir later is seen in it
 * too, where dir's own mount is shared and this one is not read-only. Returns a descriptor, or
 * negative errno. */
int mountfd_clone(int dir, bool read_only);

/* The same restrictions for one that somebody else has made, and read_only: nothing that is mounted
 * below later is seen in it then. 0 or negative errno. */
int mountfd_restrict(int mount, bool read_only);

enum { MOUNTFD_MAPS_MAX = 64 };

/* Ids of the file system from `remote` on, and what they are seen as, from `local` on. */
struct mountfd_map {
	uint32_t remote, local, count;
};

/* Shows the mount's files with other owners (an idmapped mount). Ids that no map names, and that
 * are not taken by one, stay what they are. -EINVAL: maps overlap, or the file system cannot. */
int mountfd_map_ids(int mount, const struct mountfd_map *users, size_t n_users,
	const struct mountfd_map *groups, size_t n_groups);

/* Attaches it upon the directory `to` (O_PATH). */
int mountfd_attach(int mount, int to);

/* The id that /proc/self/mountinfo shows of the mount that fd lies on; never asks its file system.
 * Negative errno. */
int mountfd_id(int fd);

/* The lines of an uid_map: inside, outside, count. Of the ids that no map names, all that are not
 * taken either map to themselves. Returns the length, or -EINVAL (maps overlap), -E2BIG. For
 * tests. */
int mountfd_map_text(const struct mountfd_map *maps, size_t n, char *ret, size_t size);
