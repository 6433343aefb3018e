/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a name that leads to another file than it did at the lookup is answered with
 * ESTALE.  The kernel then looks the path up anew and tries once more; when the other host replaces
 * the file over and over, that is outrun too.  What was looked up the second time had the name
 * after the program asked for it, so that it may as well have been opened at that moment: no
 * program needs to see ESTALE.  So threads that were told ESTALE are remembered, their next lookups
 * keep a fid of what they find, and what they found last is opened by that.
 *
 * No time says when a thread is forgotten: that would be a race with a busy machine.  It is when it
 * opens a file, or finds nothing, or when enough others were told ESTALE after it.
 */
#include "svc/fs/fuse/fuse9p-outrun.h"

static pid_t thread_of(const struct f9_op *op)
{
	return op->req ? fuse_req_ctx(op->req)->pid : 0;
}

/* A thread of a process that cannot be seen from here has no number. */
static struct f9_outrun *outrun_find(struct f9_op *op)
{
	pid_t pid = thread_of(op);
	for (size_t i = 0; pid && op->fs->n_outrun && i < F9_OUTRUN; i++) {
		if (op->fs->outrun[i].pid == pid)
			return &op->fs->outrun[i];
	}
	return NULL;
}

static void outrun_clear(struct f9 *fs, struct f9_outrun *o)
{
	*o = (struct f9_outrun){};
	fs->n_outrun--;
}

void f9_outrun_told(struct f9_op *op)
{
	struct f9 *fs = op->fs;
	pid_t pid = thread_of(op);
	struct f9_outrun *o = outrun_find(op);
	if (!pid)
		return;
	if (!o) {
		o = &fs->outrun[fs->outrun_next++ % F9_OUTRUN];
		fs->n_outrun += o->pid == 0;
	}
	*o = (struct f9_outrun){.pid = pid};
}

bool f9_outrun_looks(struct f9_op *op)
{
	return outrun_find(op) != NULL;
}

void f9_outrun_found(struct f9_op *op, const struct f9_node *n)
{
	struct f9_outrun *o = outrun_find(op);
	if (o && n)
		o->found = n;
	else if (o)
		outrun_clear(op->fs, o);
}

bool f9_outrun_ends(struct f9_op *op)
{
	struct f9_outrun *o = outrun_find(op);
	bool found = o && o->found == op->node;
	if (o)
		outrun_clear(op->fs, o);
	return found;
}
