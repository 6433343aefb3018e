/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Telling the kernel to drop what it has cached, from a thread of its own: the kernel may have to
 * wait for reads and writes of that file, which the main thread must go on answering.
 *
 * The queue is bounded: f9_inval_full() says when to ask for no more events; what is asked for all
 * the same beyond F9_INVAL_MAX makes everything be taken back (f9_watch_distrust).
 */
#include "svc/fs/fuse/fuse9p.h"

enum {
	F9_INVAL_BUSY = 4096, /* jobs queued: f9_inval_full() */
	F9_INVAL_MAX = 65536,
	F9_INVAL_AGAIN_MS = 400, /* after which something is invalidated a second time */
};

/* Starts the thread; *ret_fd (borrowed) is readable when f9_inval_run() has something to do. */
int f9_inval_new(struct f9 *fs, struct f9_invalidator **ret, int *ret_fd);
/* Ends the thread when it is done with what it has, and goes on with those operations. */
void f9_inval_free(struct f9_invalidator *v);

/* Drops all data and attributes of op->node from the cache, and the names that the kernel still
 * believes in the directory where it lies; then() comes from f9_inval_run(). */
void f9_inval_node(struct f9_op *op, f9_then then);
/* The tree is gone: what is cached of files that are open must not be read any longer. */
void f9_inval_open_files(struct f9 *fs);

enum f9_inval_what {
	F9_INVAL_ATTR, /* attributes */
	F9_INVAL_DATA, /* attributes and content: of a directory, the list of its names */
};
/*
 * Of one node; nobody waits for it.  An answer that the kernel got just before may still be on
 * its way into the cache there, and would stay: `again` has the same done once more a little later.
 */
void f9_inval_inode(struct f9 *fs, const struct f9_node *n, enum f9_inval_what what, bool again);
/* The kernel asks anew about the name before it uses it (ino: of the directory). Whatever has the
 * name keeps it if it is found to be right: working directories and mount points stay. */
void f9_inval_name(struct f9 *fs, fuse_ino_t ino, const char *name, bool is_dir, bool again);

/* Nothing is to be dropped, or being dropped now. */
bool f9_inval_idle(const struct f9 *fs);
/* Too much waits already: take in no more events; f9_inval_run() comes when there is room. */
bool f9_inval_full(const struct f9 *fs);
/* Has f9_inval_run() called soon. */
void f9_inval_wake(struct f9 *fs);

/* Goes on with operations whose invalidation is done, and with what events brought about. */
void f9_inval_run(struct f9_invalidator *v);
