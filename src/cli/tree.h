/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Looking at an exported directory over its 9P stream, without mounting it: the 9P client core
 * with blocking I/O.
 */
#include "base/err.h"
#include "wire/9p/client.h"

enum { TREE_ENTRIES_MAX = 1000000, TREE_TIMEOUT_SECONDS = 60 };

struct tree_entry {
	char *name; /* owned, NUL-terminated; a name has no NUL inside */
	uint8_t type; /* DT_* */
	bool has_attr;
	uint32_t mode, uid, gid;
	uint64_t size, nlink;
	int64_t mtime;
	char *target; /* of a symbolic link, owned; NULL unless asked for */
};

struct tree_list {
	struct tree_entry *entries; /* sorted by name */
	size_t n, room;
};
void tree_list_done(struct tree_list *l);

struct tree;
/* fd: a connected stream of a Filesystem, borrowed. */
int tree_open(int fd, struct tree **ret, struct err *err);
void tree_close(struct tree *t);
DEFINE_AUTO(struct tree *, tree_close);

/* What the directory at path (no leading slash, "" = the root) holds, or the thing itself if it is
 * none. long_: with attributes and link targets. */
int tree_list(struct tree *t, const char *path, bool long_, struct tree_list *ret, struct err *err);
