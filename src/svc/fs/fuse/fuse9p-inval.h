/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Telling the kernel to drop what it has cached of a file, from a thread of its own: the kernel may
 * have to wait for reads and writes of that file, which the main thread must go on answering.
 */
#include "svc/fs/fuse/fuse9p.h"

/* Starts the thread; *ret_fd (borrowed) is readable when f9_inval_run() has something to do. */
int f9_inval_new(struct f9 *fs, struct f9_invalidator **ret, int *ret_fd);
/* Ends the thread when it is done with what it has, and goes on with those operations. */
void f9_inval_free(struct f9_invalidator *v);

/* Drops all data and attributes of op->node from the cache, and the names that the kernel still
 * believes in the directory where it lies; then() comes from f9_inval_run(). */
void f9_inval_node(struct f9_op *op, f9_then then);
/* The tree is gone: what is cached of files that are open must not be read any longer. */
void f9_inval_open_files(struct f9 *fs);
/* Goes on with operations whose invalidation is done. */
void f9_inval_run(struct f9_invalidator *v);
