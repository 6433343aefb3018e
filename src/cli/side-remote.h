/* SPDX-License-Identifier: MIT */
#pragma once
/* What the parts of a remote side share: nodes are in side-remote.c, content and extended
 * attributes in side-remote-data.c, names and attributes in side-remote-names.c. */
#include "cli/remote.h"
#include "cli/side.h"

enum { SIDE_DIR_BYTES = 128 * 1024 };

struct remote_side {
	struct side side;
	struct remote *remote; /* borrowed */
};

struct remote_node {
	struct node node;
	struct node *parent; /* referenced; NULL: the root */
	char *name; /* in it */
	uint64_t qid; /* qid.path; 0: not known yet */
	int open_flags; /* -1: not open */
	bool has_fid;
	uint32_t fid; /* if has_fid: of that epoch */
	uint64_t epoch;
	bool dir_open; /* the same directory, being listed */
	uint32_t dir_fid;
	uint64_t dir_epoch;
};

static inline struct remote *remote_of(const struct node *n)
{
	return container_of(n->side, struct remote_side, side)->remote;
}

static inline struct remote_node *rnode(struct node *n)
{
	return container_of(n, struct remote_node, node);
}

/* Sees to it that the fid is one of the current epoch. -ESHUTDOWN: once more; -ESTALE: the name
 * stands for something else by now. */
int remote_node_fid(struct remote_node *x);

/* Makes a request whose fid, in *field of m, is the node's; as often as the connection is lost.
 * *ret_again (may be NULL) is set if it was, so that the request may have been done twice. */
int remote_node_ask(struct remote_node *x, struct p9_msg *m, uint32_t *field, remote_take take,
	void *user, bool *ret_again);

/* Of side_ops. */
ssize_t side_remote_read(struct node *n, uint64_t at, void *buf, size_t size);
int side_remote_write(struct node *n, uint64_t at, const void *buf, size_t size);
int side_remote_extent(struct node *n, uint64_t at, uint64_t size, uint64_t *start, uint64_t *end);
int side_remote_truncate(struct node *n, uint64_t size);
ssize_t side_remote_clone(struct node *from, struct node *to, uint64_t at, uint64_t size);
ssize_t side_remote_xattr_list(struct node *n, char *buf, size_t size);
ssize_t side_remote_xattr_get(struct node *n, const char *name, void *buf, size_t size);
int side_remote_xattr_set(struct node *n, const char *name, const void *value, size_t size);
int side_remote_readlink(struct node *n, char *buf, size_t size);
int side_remote_make(struct node *dir, const char *name, const struct attr *a, const char *target);
int side_remote_link(struct node *n, struct node *dir, const char *name);
int side_remote_rename(struct node *dir, const char *from, const char *to);
int side_remote_remove(struct node *dir, const char *name, bool is_dir);
int side_remote_set(struct node *n, const struct attr *a, unsigned what);
