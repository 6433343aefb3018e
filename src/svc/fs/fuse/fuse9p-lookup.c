/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a name in a directory becomes a node.  With 9P2000.L.metac that is one
 * request on the directory's fid, whose answer brings the attributes; the new fid that it can make
 * is asked for where it will be wanted, for directories, which have to be guessed: most of
 * their names have no dot.  With plain 9P2000.L a fid is walked to and asked for its attributes.
 *
 * The kernel counts each entry it was told (nlookup); a reply that it no longer wanted does not
 * count.  That a name stands for nothing is told too, so that it is not asked for again.
 */
#include "svc/fs/fuse/fuse9p-data.h"
#include "svc/fs/fuse/fuse9p-names.h"
#include "svc/fs/fuse/fuse9p-outrun.h"
#include "svc/fs/fuse/fuse9p-watch.h"

#include <stdio.h>

/* ---- telling an entry ---- */

int f9_entry_told(struct f9_op *op, struct f9_node *dir, const char *name, const struct p9_attr *a,
	uint64_t asked, uint32_t flags, struct fuse_entry_param *e, struct f9_node **ret)
{
	struct f9 *fs = op->fs;
	struct f9_node *n;
	int r = f9_node_of_attr(fs, a, dir, name, &n);
	if (r < 0)
		return r;
	asked = f9_watch_answer(fs, dir, n, a, asked, flags);
	*e = (struct fuse_entry_param){
		.ino = f9_node_ino(fs, n),
		.generation = n->generation,
		.entry_timeout = f9_entry_timeout(fs, dir, name, n, asked),
		.attr_timeout = f9_attr_timeout(fs, n, a, asked),
	};
	f9_node_attr(fs, n, a, &e->attr);
	if (f9_data_attr(op, n, &e->attr))
		e->attr_timeout = 0;
	if (a->valid & P9_GETATTR_NOXATTR)
		f9_xattr_none(fs, n, asked);
	if (n != fs->root)
		n->nlookup++;
	f9_node_told(n);
	f9_names_add(fs, dir, name);
	*ret = n;
	return 0;
}

void f9_entry_answer(struct f9_op *op, const struct p9_attr *a, uint32_t flags)
{
	struct f9 *fs = op->fs;
	struct fuse_entry_param e;
	struct f9_node *n;
	int r = f9_entry_told(op, op->node, op->name, a, op->asked, flags, &e, &n);
	if (r < 0) {
		f9_op_err(op, r);
		return;
	}
	if (op->newfid != P9_NOFID) {
		uint32_t fid = op->newfid;
		op->newfid = P9_NOFID;
		f9_fid_adopt_cred(fs, n, op->fid->cred, fid);
	}
	f9_outrun_found(op, n);
	if (fuse_reply_entry(op->req, &e) == -ENOENT)
		f9_node_forget(fs, n, 1);
	f9_node_unref(fs, n);
	f9_op_free(op);
}

/* The name stands for nothing. */
static void no_entry(struct f9_op *op, uint64_t asked)
{
	struct f9 *fs = op->fs;
	struct fuse_entry_param e = {
		.entry_timeout = f9_entry_timeout(fs, op->node, op->name, NULL, asked)};
	f9_name_gone(fs, op->node, op->name);
	f9_outrun_found(op, NULL);
	fuse_reply_entry(op->req, &e);
	f9_op_free(op);
}

/* ---- plain 9P2000.L: walk, getattr ---- */

static void entry_attr(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error)
		f9_op_err(op, error);
	else
		f9_entry_answer(op, &m->rgetattr, 0);
}

static void entry_walked(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_fid_unused(op);
		f9_op_err(op, error);
		return;
	}
	struct p9_msg m = {.type = P9_Tgetattr,
		.tgetattr = {.fid = op->newfid, .request_mask = P9_GETATTR_BASIC}};
	f9_send(op, &m, entry_attr);
}

void f9_child_walk(struct f9_op *op, f9_then then)
{
	int r = f9_fid_new(op);
	if (r < 0) {
		f9_op_err(op, r);
		return;
	}
	struct p9_msg m = {.type = P9_Twalk,
		.twalk = {.fid = op->fid->fid,
			.newfid = op->newfid,
			.nwname = 1,
			.wname = {f9_str(op->name)}}};
	f9_send(op, &m, then);
}

/* ---- 9P2000.L.metac: one request ---- */

static bool may_be_directory(const struct f9_op *op)
{
	return op->name[0] && !strchr(op->name + 1, '.');
}

static void looked_up(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error) {
		f9_fid_unused(op);
		if (error == -ENOENT && !op->must_exist) {
			f9_names_missed(op);
			no_entry(op, op->asked);
		} else {
			f9_op_err(op, error);
		}
		return;
	}
	bool keep = (m->rlookup.attr.qid.type & P9_QTDIR) || f9_outrun_looks(op);
	if (op->newfid != P9_NOFID && !keep) {
		p9_client_clunk(op->fs->client, op->newfid);
		op->newfid = P9_NOFID;
	}
	f9_entry_answer(op, &m->rlookup.attr, m->rlookup.flags);
}

void f9_entry_look(struct f9_op *op)
{
	if (!op->fs->metac) {
		f9_child_walk(op, entry_walked);
		return;
	}
	if (may_be_directory(op) || f9_outrun_looks(op))
		(void)f9_fid_new(op); /* it goes without, too */
	struct p9_msg m = {.type = P9_Tlookup,
		.tlookup = {.dfid = op->fid->fid,
			.newfid = op->newfid,
			.name = f9_str(op->name),
			.request_mask = F9_ATTR_MASK | P9_GETATTR_NOXATTR,
			.flags = P9_WANT_WATCH}};
	f9_send(op, &m, looked_up);
}

static void lookup_have_fid(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error)
		f9_op_err(op, error);
	else
		f9_entry_look(op);
}

static void lookup_start(struct f9_op *op)
{
	uint64_t since;
	if (f9_names_lack(op->fs, op->node, op->name, &since))
		no_entry(op, since);
	else if (f9_outrun_looks(op))
		f9_fid_own(op, op->node, &op->fid, lookup_have_fid);
	else
		f9_fid_any(op, op->node, &op->fid, lookup_have_fid);
}

void f9_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct f9_op *op = f9_op_new(req, parent);
	if (op && f9_op_name(op, name))
		f9_op_begin(op, lookup_start);
}

/* ---- forgetting ---- */

void f9_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	struct f9 *fs = f9_of(req);
	f9_node_forget(fs, f9_node_of(fs, ino), nlookup);
	fuse_reply_none(req);
}

void f9_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct f9 *fs = f9_of(req);
	for (size_t i = 0; i < count; i++)
		f9_node_forget(fs, f9_node_of(fs, forgets[i].ino), forgets[i].nlookup);
	fuse_reply_none(req);
}
