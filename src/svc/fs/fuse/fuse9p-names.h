/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Directories of which all names are known: what is not among them does not exist, and is not asked
 * for.  A set holds at least all names that are there; it is believed as long as the directory is
 * watched and no event tells of a change in it (f9_unchanged_since).
 *
 *	s = f9_names_new(fs, dir, asked)	before the first name is asked for
 *	f9_names_put(s, name) ...
 *	f9_names_complete(s)		or f9_names_free(s): takes s
 *
 * Names made through this mount meanwhile and later are added by f9_names_add().
 */
#include "svc/fs/fuse/fuse9p.h"

enum {
	F9_NAMES_MAX = 65536, /* in one directory */
	F9_NAMES_TOTAL = 1 << 20, /* in all sets; the oldest make room */
	F9_LISTINGS_MAX = 8, /* read on our own account at a time */
	F9_MISSES_BEFORE_LISTING = 8,
};

/* NULL: no memory, or no use. */
struct f9_names *f9_names_new(struct f9 *fs, struct f9_node *dir, uint64_t asked);
/* NULL is fine everywhere. */
void f9_names_put(struct f9_names *s, struct p9_str name);
void f9_names_complete(struct f9_names *s);
void f9_names_free(struct f9_names *s);

/* The name is in dir, or will be. */
void f9_names_add(struct f9 *fs, struct f9_node *dir, const char *name);
/* True: it is not there, as was said to something asked at *ret_asked. */
bool f9_names_lack(struct f9 *fs, struct f9_node *dir, const char *name, uint64_t *ret_asked);

/* op->name was not in op->node, and the server had to be asked (op->fid): when that happens often
 * all names there are asked for. */
void f9_names_missed(struct f9_op *op);
/* Reads all names of dir now, on the way watching it; fid: any fid of it. Nobody waits. */
void f9_names_read(struct f9 *fs, struct f9_node *dir, uint32_t fid);

/* dir goes. */
void f9_names_forget(struct f9 *fs, struct f9_node *dir);

/* ---- fuse9p-lookup.c ---- */

/* op->fid is a fid of the directory op->node: looks op->name up in it, and answers as a lookup. */
void f9_entry_look(struct f9_op *op);
/* Answers with the entry op->name of op->node, which has these attributes; op->newfid, if there is
 * one, is a fid of it. */
void f9_entry_answer(struct f9_op *op, const struct p9_attr *a, uint32_t flags);
/* Walks from op->fid to op->name as op->newfid. */
void f9_child_walk(struct f9_op *op, f9_then then);
