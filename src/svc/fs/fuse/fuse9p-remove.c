/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: removing and renaming.  Servers that know no Tunlinkat or Trenameat get the
 * older Tremove and Trename.  When the connection broke over such a request and the server has no
 * journal of it, the second try finds nothing to remove or rename if the first was done: that is
 * success then, for a rename if the new name leads to the file.
 */
#include "svc/fs/fuse/fuse9p-kept.h"
#include "svc/fs/fuse/fuse9p-watch.h"
#include "svc/fs/fuse/fuse9p-names.h"

#include <fcntl.h>
#include <stdio.h>

/* ---- removing ---- */

static void remove_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error == -ENOENT && op->doubted)
		error = 0;
	if (!error && m && m->type == P9_Runlinkatx)
		f9_changed_to(op, op->node, &m->runlinkatx.dir);
	if (!error) {
		f9_watch_removed(op->fs, op->node, op->name);
		f9_name_gone(op->fs, op->node, op->name);
	}
	f9_op_err(op, error);
}

/* Tremove consumes the fid in any case. */
static void tremove_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	f9_fid_unused(op);
	remove_done(op, error, m);
}

static void tremove_walked(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_fid_unused(op);
		remove_done(op, error, NULL);
		return;
	}
	/* What kind of thing it is the server would not check. */
	bool dir = reply->rwalk.nwqid && reply->rwalk.wqid[0].type & P9_QTDIR;
	if (dir != (op->flags == P9_AT_REMOVEDIR)) {
		f9_op_err(op, dir ? -EISDIR : -ENOTDIR);
		return;
	}
	struct p9_msg m = {.type = P9_Tremove, .tremove = {.fid = op->newfid}};
	f9_send(op, &m, tremove_done);
}

static void unlinkat_done(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (!op->fs->metac && (error == -EOPNOTSUPP || error == -ENOSYS))
		f9_child_walk(op, tremove_walked);
	else
		remove_done(op, error, reply);
}

static void unlink_have_fid(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = op->fs->metac ? P9_Tunlinkatx : P9_Tunlinkat};
	if (error) {
		f9_op_err(op, error);
		return;
	}
	m.tunlinkat.dirfid = op->fid->fid;
	m.tunlinkat.name = f9_str(op->name);
	m.tunlinkat.flags = (uint32_t)op->flags;
	struct f9_node *n = f9_name_find(op->fs, op->node, op->name);
	if (n) /* the server may let go of the file */
		f9_kept_drop(op->fs, n);
	f9_changes(op, op->node);
	f9_changes(op, n);
	op->doubted |= op->in_doubt;
	f9_send_once(op, &m, unlinkat_done);
}

static void unlink_start(struct f9_op *op)
{
	f9_fid_own(op, op->node, &op->fid, unlink_have_fid);
}

static void unlink_any(fuse_req_t req, fuse_ino_t parent, const char *name, int flags)
{
	struct f9_op *op = f9_op_new_change(req, parent);
	if (!op || !f9_op_name(op, name))
		return;
	op->flags = flags;
	f9_op_begin(op, unlink_start);
}

void f9_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	unlink_any(req, parent, name, 0);
}

void f9_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	unlink_any(req, parent, name, P9_AT_REMOVEDIR);
}

/* ---- renaming ---- */

static void rename_finish(struct f9_op *op, int error)
{
	bool exchange = op->flags & P9_RENAME_EXCHANGE;
	if (!error && exchange)
		f9_name_exchanged(op->fs, op->node, op->name, op->node2, op->name2);
	else if (!error)
		f9_name_moved(op->fs, op->node, op->name, op->node2, op->name2);
	if (!error)
		f9_watch_moved(op->fs, op->node2, op->name2, op->asked);
	if (!error && exchange)
		f9_watch_moved(op->fs, op->node, op->name, op->asked);
	f9_op_err(op, error);
}

static void rename_send(struct f9_op *op);

static void rename_doubt(struct f9_op *op, int error, const struct p9_msg *m)
{
	uint64_t path = 0;
	if (!error)
		path = m->type == P9_Rlookup ? m->rlookup.attr.qid.path : m->rwalk.wqid[0].path;
	else if (m == NULL && op->newfid != P9_NOFID)
		f9_fid_unused(op);
	bool done = !error && path == op->qid.path;
	if (!done && op->flags & P9_RENAME_EXCHANGE)
		rename_send(op);
	else
		rename_finish(op, done ? 0 : op->main_error);
}

/* Is what was to be renamed where it was to go? */
static void rename_look(struct f9_op *op)
{
	struct p9_msg m = {.type = P9_Tlookup};
	if (op->fs->metac) {
		m.tlookup.dfid = op->fid2->fid;
		m.tlookup.newfid = P9_NOFID;
		m.tlookup.name = f9_str(op->name2);
		m.tlookup.request_mask = F9_ATTR_MASK;
	} else {
		if (op->newfid != P9_NOFID) /* of Trename */
			p9_client_clunk(op->fs->client, op->newfid);
		op->newfid = P9_NOFID;
		int r = f9_fid_new(op);
		if (r < 0) {
			f9_op_err(op, r);
			return;
		}
		m.type = P9_Twalk;
		m.twalk.fid = op->fid2->fid;
		m.twalk.newfid = op->newfid;
		m.twalk.nwname = 1;
		m.twalk.wname[0] = f9_str(op->name2);
	}
	f9_send(op, &m, rename_doubt);
}

static void rename_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	bool perhaps = error == -ENOENT || (error == -EEXIST && op->flags & P9_RENAME_NOREPLACE);
	op->main_error = error;
	if (perhaps && op->doubted && op->qid.path && !(op->flags & P9_RENAME_EXCHANGE))
		rename_look(op);
	else
		rename_finish(op, error);
}

/* Servers without Trenameat: walk to what is renamed, Trename moves it. */
static void trename_walked(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_fid_unused(op);
		rename_done(op, error, NULL);
		return;
	}
	struct p9_msg m = {.type = P9_Trename,
		.trename = {.fid = op->newfid, .dfid = op->fid2->fid, .name = f9_str(op->name2)}};
	f9_send(op, &m, rename_done);
}

static void renameat_done(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (!op->fs->metac && (error == -EOPNOTSUPP || error == -ENOSYS))
		f9_child_walk(op, trename_walked);
	else
		rename_done(op, error, reply);
}

static void rename_send(struct f9_op *op)
{
	struct p9_msg m = {.type = P9_Trenameat,
		.trenameat = {.olddirfid = op->fid->fid,
			.oldname = f9_str(op->name),
			.newdirfid = op->fid2->fid,
			.newname = f9_str(op->name2)}};
	if (op->flags)
		m = (struct p9_msg){.type = P9_Trenameat2,
			.trenameat2 = {.olddirfid = op->fid->fid,
				.oldname = f9_str(op->name),
				.newdirfid = op->fid2->fid,
				.newname = f9_str(op->name2),
				.flags = (uint32_t)op->flags}};
	/* By now the node may have another name: what it was is known from the first try. */
	const struct f9_node *n = f9_name_find(op->fs, op->node, op->name);
	if (n && !op->once_sent)
		op->qid = n->qid;
	struct f9_node *covered = f9_name_find(op->fs, op->node2, op->name2);
	if (covered && !op->flags)
		f9_kept_drop(op->fs, covered);
	f9_names_add(op->fs, op->node2, op->name2);
	f9_changes(op, op->node);
	f9_changes(op, op->node2);
	f9_changes(op, f9_name_find(op->fs, op->node, op->name));
	f9_changes(op, covered);
	op->doubted |= op->in_doubt;
	f9_send_once(op, &m, renameat_done);
}

static void rename_have_both(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error)
		f9_op_err(op, error);
	else if (op->in_doubt && op->flags & P9_RENAME_EXCHANGE && op->qid.path)
		rename_look(op); /* a second time would undo it */
	else
		rename_send(op);
}

static void rename_have_old(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error)
		f9_op_err(op, error);
	else
		f9_fid_own(op, op->node2, &op->fid2, rename_have_both);
}

/* Plain 9P2000.L has no exchange and no "only if there is nothing"; doing the latter in two steps
 * would be a lie. */
static void rename_start(struct f9_op *op)
{
	if (op->flags && !op->fs->metac)
		f9_op_err(op, -EINVAL);
	else
		f9_fid_own(op, op->node, &op->fid, rename_have_old);
}

void f9_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
	const char *newname, unsigned int flags)
{
	if (flags & ~(unsigned)(P9_RENAME_NOREPLACE | P9_RENAME_EXCHANGE)) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	struct f9_op *op = f9_op_new_change(req, parent);
	if (!op || !f9_op_name(op, name) || !f9_op_name(op, newname))
		return;
	op->node2 = f9_node_ref(f9_node_of(op->fs, newparent));
	op->flags = (int)flags;
	f9_op_begin(op, rename_start);
}
