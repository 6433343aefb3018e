/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A view: a path of this host with the restrictions it is offered under.  What Filesystem and File
 * objects are made of.  The path is opened anew at each use, below "/", as the view's user if it is
 * limited to one, without following any symbolic link: but a path below /dev whose links stay there
 * and lead to a block device is that device.
 */
#include "base/err.h"
#include "schema/fs.capnp.h"

#include <sys/types.h>

struct view {
	char *path; /* absolute, no trailing slash; "/" itself is "/" */
	bool read_only;
	bool limited; /* to uid and gid */
	uint32_t uid, gid;
};

/* A copy with `name` (may be empty or ".") appended. 0, -EINVAL (see beneath_check), -ENAMETOOLONG,
 * -ENOMEM. */
int view_at(const struct view *v, struct vat_text name, struct view *ret);
int view_copy(const struct view *v, struct view *ret);
void view_done(struct view *v);

/* Opens (flags as open(2)); O_CREAT makes mode 0644. Writing flags on a read-only view: -EROFS.
 * Returns a descriptor or negative errno with e set. */
int view_open(const struct view *v, int flags, struct err *e);

/* The same for what has content from start to end: a regular file, or a block device of this
 * machine's /dev. Anything else is not even opened: -EISDIR, -EINVAL. */
int view_open_content(const struct view *v, int flags, struct err *e);

/* To and from a stored description. */
void view_describe(const struct view *v, struct fs_tree_description_b b);
int view_at_path(struct vat_text path, struct view *ret); /* of a description; no restrictions */
int view_from_description(struct fs_tree_description_r d, struct view *ret);

/* "/srv/photos, read-only, as 1000:1000" */
void view_summary(const struct view *v, const char *what, char *ret, size_t size);

enum { VIEW_ID_SIZE = 33 };
/* Identifies the object "kind of this view" in the persistence service: hexadecimal. */
void view_id(const struct view *v, const char *kind, char ret[VIEW_ID_SIZE]);
