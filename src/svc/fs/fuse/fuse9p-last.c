/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: after each name that is made or removed the kernel asks for the directory's
 * attributes, before it looks at the next one.  No event tells of our own changes, but their
 * answers bring these attributes (9P2000.L.metac); they are remembered as long as the directory is
 * watched, nothing was heard of it, and we change nothing else of it.
 *
 * The server may do two requests at the same time, so an answer counts only if no other change of
 * the directory was under way while it was: `changes` counts their begins and ends.
 */
#include "svc/fs/fuse/fuse9p-watch.h"

struct f9_last {
	struct p9_attr attr;
	uint64_t asked;
};

void f9_changes(struct f9_op *op, struct f9_node *n)
{
	if (!n || !(n->qid.type & P9_QTDIR))
		return;
	free(TAKE_PTR(n->last));
	size_t i = 0;
	while (i < F9_OP_CHANGES && op->changes[i] && op->changes[i] != n)
		i++;
	if (i < F9_OP_CHANGES && op->changes[i])
		return; /* it begins anew */
	n->changing++;
	if (i == F9_OP_CHANGES) /* and is about others each time: n is not remembered any more */
		return;
	op->changes[i] = f9_node_ref(n);
	op->changes_at[i] = ++n->changes;
}

void f9_changed_to(struct f9_op *op, struct f9_node *n, const struct p9_attr *a)
{
	size_t i = 0;
	while (i < F9_OP_CHANGES && op->changes[i] != n)
		i++;
	bool alone = i < F9_OP_CHANGES && n->changing == 1 && n->changes == op->changes_at[i];
	if (!alone || (a->valid & P9_GETATTR_BASIC) != P9_GETATTR_BASIC || !S_ISDIR(a->mode) ||
		!f9_node_is(n, a) || !f9_unchanged_since(op->fs, n, op->asked))
		return;
	if (!n->last)
		n->last = malloc(sizeof(*n->last));
	if (n->last)
		*n->last = (struct f9_last){*a, op->asked};
}

void f9_changes_end(struct f9_op *op)
{
	for (size_t i = 0; i < F9_OP_CHANGES && op->changes[i]; i++) {
		struct f9_node *n = TAKE_PTR(op->changes[i]);
		n->changing--;
		n->changes++;
		f9_node_unref(op->fs, n);
	}
}

const struct p9_attr *f9_last_attr(
	const struct f9 *fs, const struct f9_node *n, uint64_t *ret_asked)
{
	if (!n->last || n->changing || !f9_unchanged_since(fs, n, n->last->asked))
		return NULL;
	*ret_asked = n->last->asked;
	return &n->last->attr;
}
