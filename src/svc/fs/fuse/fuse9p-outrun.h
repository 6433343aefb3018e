/* SPDX-License-Identifier: MIT */
/*
 * Who was told ESTALE looks the path up anew: the kernel does that for him, once, and what he finds
 * must be there when he gets to it, however often the other host replaces it meanwhile.
 */
#pragma once

#include "svc/fs/fuse/fuse9p.h"

/* op's request is answered with ESTALE: what its thread looks up next is to be kept. */
void f9_outrun_told(struct f9_op *op);

/* Whether a lookup is that of such a thread.  What it finds is to get a fid of the user's own,
 * which holds the file when its name is gone. */
bool f9_outrun_looks(struct f9_op *op);

/* It has found n; NULL: nothing, and that is the end of it. */
void f9_outrun_found(struct f9_op *op, const struct f9_node *n);

/* op opens a file, or is about to answer ESTALE: whether it is what its thread found so.  The
 * thread is forgotten with that. */
bool f9_outrun_ends(struct f9_op *op);
