/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One side of a copy: a tree of files that is read from or written to, be it the command's own
 * files (side-local.c) or those behind a 9P connection (side-remote.c).
 *
 * A node is a thing in the tree, held open.  All functions are called from fibers and wait.  A name
 * is one component, checked by the caller (p9_name_valid); nothing here follows a symbolic link, so
 * nothing is read or written outside the tree below the root.
 *
 * All return 0 or negative errno unless they say otherwise.
 */
#include "base/macro.h"

#include <sys/stat.h>
#include <time.h>

enum { SIDE_XATTR_MAX = 65536 };

struct side;

struct node {
	struct side *side;
	unsigned refs;
};

struct attr {
	uint32_t mode, uid, gid;
	uint64_t nlink, size, blocks;
	uint32_t major, minor;
	uint64_t key; /* tells the things of one tree apart */
	struct timespec atime, mtime;
};

/* What side_list calls for each entry but "." and "..", whose names are valid; a: NULL if not
 * known. d_type: DT_*. Returns negative errno to end the listing with it. */
typedef int (*side_entry)(void *user, const char *name, unsigned char d_type, const struct attr *a);

enum { SET_OWNER = 1, SET_MODE = 2, SET_TIMES = 4 };

struct side_ops {
	void (*free)(struct side *s);
	void (*node_free)(struct node *n);

	int (*look)(struct node *dir, const char *name, struct node **ret, struct attr *a);
	int (*attr)(struct node *n, struct attr *a);
	/* From where *cursor (0 at first) says on. Returns 1 if there is more. */
	int (*list)(struct node *dir, uint64_t *cursor, side_entry fn, void *user);
	/* Open for reading, with the first bytes (at most cap; fewer only at the end of the
	 * file). -EINVAL: not a regular file. */
	int (*open)(struct node *dir, const char *name, struct node **ret, struct attr *a,
		void *buf, size_t cap, size_t *ret_n);
	/* A new file, open for reading and writing: mode 0600. */
	int (*create)(struct node *dir, const char *name, struct node **ret);
	/* One that is there, not truncated. */
	int (*reopen)(struct node *dir, const char *name, struct node **ret, struct attr *a);

	/* Fewer than n only at the end of the file. */
	ssize_t (*read)(struct node *n, uint64_t at, void *buf, size_t size);
	int (*write)(struct node *n, uint64_t at, const void *buf, size_t size);
	/* The first data at or after `at`: [*start, *end); none: *start == size. */
	int (*extent)(struct node *n, uint64_t at, uint64_t size, uint64_t *start, uint64_t *end);
	int (*truncate)(struct node *n, uint64_t size);
	/* Inside one side, without moving the bytes here. NULL or -EOPNOTSUPP: cannot. */
	ssize_t (*clone)(struct node *from, struct node *to, uint64_t at, uint64_t size);

	int (*readlink)(struct node *n, char *buf, size_t size); /* NUL-terminated */
	/* What the type in a->mode says; target: of a symbolic link. */
	int (*make)(struct node *dir, const char *name, const struct attr *a, const char *target);
	int (*link)(struct node *n, struct node *dir, const char *name);
	int (*rename)(struct node *dir, const char *from, const char *to);
	int (*remove)(struct node *dir, const char *name, bool is_dir);
	int (*set)(struct node *n, const struct attr *a, unsigned what);
	/* Names, each with its NUL; returns their length. */
	ssize_t (*xattr_list)(struct node *n, char *buf, size_t size);
	ssize_t (*xattr_get)(struct node *n, const char *name, void *buf, size_t size);
	int (*xattr_set)(struct node *n, const char *name, const void *value, size_t size);
};

struct side {
	const struct side_ops *ops;
	struct node *root; /* owned */
	char *path; /* where in it to look; owned; "" = the root itself */
	bool local;
	bool content; /* what lies in it is meant, not the directory by its name */
};

static inline struct node *node_ref(struct node *n)
{
	n->refs++;
	return n;
}

/* NULL is accepted; returns NULL. */
struct node *node_unref(struct node *n);
DEFINE_AUTO(struct node *, node_unref);

/* The command's own files. A path that ends with a slash or is "." is the root of the side, any
 * other is looked for in the directory above, which may be reached through symbolic links. */
int side_local_open(const char *path, struct side **ret);

struct remote;
/* What lies at path in the remote's tree; borrows the remote. */
int side_remote_open(struct remote *r, const char *path, struct side **ret);

void side_free(struct side *s);
DEFINE_AUTO(struct side *, side_free);
