/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Directory entries on their way to the kernel: what reading directories (fuse9p-dir.c) and the
 * plain protocol's way of getting attributes along (fuse9p-plus.c) have in common.
 */
#include "svc/fs/fuse/fuse9p.h"

struct f9_dirent {
	const char *name;
	uint64_t offset, path;
	uint8_t type; /* DT_* */
	const struct p9_attr *attr; /* NULL: not known */
};

/* True for a name that a directory may hold, `.` and `..` among them; put into ret with a NUL. */
bool f9_dirent_name(struct p9_str name, char ret[P9_MAX_NAME + 1]);
/* Puts an entry behind the *used bytes of buf, which has op->size bytes.  False: no room. */
bool f9_dirent_add(struct f9_op *op, const struct f9_dirent *d, char *buf, size_t *used);
/* The same with attributes; asked, flags: as f9_entry_told(). The kernel counts the node. */
bool f9_direntplus_add(struct f9_op *op, const struct f9_dirent *d, uint64_t asked, uint32_t flags,
	char *buf, size_t *used);
/* The kernel did not want what f9_direntplus_add() put there: it does not hold the nodes. */
void f9_dirents_forget(struct f9_op *op, const char *buf, size_t used);
/* `want`, as far as a Treaddir may ask: at least one entry, at most what fits into a message. */
uint32_t f9_dir_count(const struct f9_op *op, size_t want);

/* op->handle is open, op->offset and op->size say what is wanted: answers. */
void f9_plus_plain(struct f9_op *op);
