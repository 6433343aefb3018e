/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: attributes are asked for by name from the directory where the object lies,
 * so that the directory is watched and the answer can be believed for long; through a fid where
 * there is one and nothing is to be won.  A name is a hint: the answer must be about the node, or
 * it is ESTALE, on which the kernel looks again.
 */
#include "svc/fs/fuse/fuse9p-data.h"
#include "svc/fs/fuse/fuse9p-idmap.h"
#include "svc/fs/fuse/fuse9p-kept.h"
#include "svc/fs/fuse/fuse9p-watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>

/* ---- asking ---- */

static void attr_answer(struct f9_op *op, const struct p9_attr *a)
{
	struct f9 *fs = op->fs;
	struct stat st;
	f9_node_attr(fs, op->node, a, &st);
	double timeout = f9_attr_timeout(fs, op->node, a, op->asked);
	bool doubtful = f9_data_attr(op, op->node, &st);
	fuse_reply_attr(op->req, &st, doubtful ? 0 : timeout);
	f9_op_free(op);
}

static void attr_reply(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error)
		f9_op_err(op, error);
	else if (S_ISDIR(m->rgetattr.mode) != !!(op->node->qid.type & P9_QTDIR))
		f9_op_err(op, -EIO);
	else
		attr_answer(op, &m->rgetattr);
}

static void attr_ask(struct f9_op *op, uint32_t fid)
{
	struct p9_msg m = {.type = P9_Tgetattr,
		.tgetattr = {.fid = fid,
			.request_mask = op->fs->metac ? F9_ATTR_MASK : P9_GETATTR_BASIC}};
	f9_send(op, &m, attr_reply);
}

static void attr_have_fid(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error)
		f9_op_err(op, error);
	else
		attr_ask(op, op->fid->fid);
}

/* The name leads somewhere else: the object may be at hand all the same. */
static void attr_other(struct f9_op *op)
{
	uint32_t fid = f9_fid_at_hand(op, NULL);
	if (fid != P9_NOFID)
		attr_ask(op, fid);
	else
		f9_op_err(op, -ESTALE);
}

static void attr_looked_up(struct f9_op *op, int error, const struct p9_msg *m)
{
	struct f9_node *n = op->node;
	const struct p9_attr *a = error ? NULL : &m->rlookup.attr;
	if (error == -ENOENT || (a && !f9_node_is(n, a)))
		attr_other(op);
	else if (error || S_ISDIR(a->mode) != !!(n->qid.type & P9_QTDIR))
		f9_op_err(op, error ? error : -EIO);
	else {
		op->asked = f9_watch_answer(op->fs, n->parent && op->named ? n->parent : n, n, a,
			op->asked, m->rlookup.flags);
		attr_answer(op, a);
	}
}

/* op->fid: of the directory (named), or of the object itself, a directory. */
static void attr_look(struct f9_op *op, bool named)
{
	op->named = named;
	struct p9_msg m = {.type = P9_Tlookup,
		.tlookup = {.dfid = op->fid->fid,
			.newfid = P9_NOFID,
			.name = f9_str(named ? op->node->name : NULL),
			.request_mask = F9_ATTR_MASK,
			.flags = P9_WANT_WATCH}};
	f9_send(op, &m, attr_looked_up);
}

static void attr_have_self(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error)
		f9_op_err(op, error);
	else
		attr_look(op, false);
}

static void attr_have_dir(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error)
		f9_op_err(op, error);
	else if (!op->node->parent) /* its name went while the directory was walked to */
		attr_other(op);
	else
		attr_look(op, true);
}

static void getattr_settled(struct f9_op *op, int error, const struct p9_msg *m)
{
	struct f9 *fs = op->fs;
	struct f9_node *n = op->node;
	const struct f9_handle *h = op->fi.fh ? f9_handle_of(&op->fi) : NULL;
	if (!error && h && h->error == -ESTALE)
		error = h->error;
	if (error) {
		f9_op_err(op, error);
		return;
	}
	const struct p9_attr *last = f9_last_attr(fs, n, &op->asked);
	if (last) {
		attr_answer(op, last);
		return;
	}
	uint32_t fid = f9_fid_at_hand(op, op->fi.fh ? &op->fi : NULL);
	/* A file that has lost its name has no directory that could be watched for it. */
	bool named = n->parent || n->qid.type & P9_QTDIR;
	bool watch = fs->metac && fs->watches && named && !f9_watched(fs, n);
	if (fid != P9_NOFID && (op->fi.fh || !watch))
		attr_ask(op, fid);
	else if (fs->metac && n->parent)
		f9_fid_any(op, n->parent, &op->fid, attr_have_dir);
	else if (watch && n->qid.type & P9_QTDIR)
		f9_fid_any(op, n, &op->fid, attr_have_self);
	else
		f9_fid_any(op, n, &op->fid, attr_have_fid);
}

static void getattr_start(struct f9_op *op)
{
	f9_data_settle(op, op->node, getattr_settled);
}

void f9_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	if (fi)
		op->fi = *fi;
	f9_op_begin(op, getattr_start);
}

/* ---- changing ---- */

static uint32_t setattr_valid(int to_set)
{
	static const struct {
		int fuse;
		uint32_t p9;
	} map[] = {
		{FUSE_SET_ATTR_MODE, P9_SETATTR_MODE},
		{FUSE_SET_ATTR_UID, P9_SETATTR_UID},
		{FUSE_SET_ATTR_GID, P9_SETATTR_GID},
		{FUSE_SET_ATTR_SIZE, P9_SETATTR_SIZE},
		{FUSE_SET_ATTR_ATIME_NOW, P9_SETATTR_ATIME},
		{FUSE_SET_ATTR_MTIME_NOW, P9_SETATTR_MTIME},
		{FUSE_SET_ATTR_CTIME, P9_SETATTR_CTIME},
	};
	uint32_t valid = 0;
	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (to_set & map[i].fuse)
			valid |= map[i].p9;
	/* A time to be set explicitly comes without the _NOW bit. */
	if ((to_set & FUSE_SET_ATTR_ATIME) && !(to_set & FUSE_SET_ATTR_ATIME_NOW))
		valid |= P9_SETATTR_ATIME | P9_SETATTR_ATIME_SET;
	if ((to_set & FUSE_SET_ATTR_MTIME) && !(to_set & FUSE_SET_ATTR_MTIME_NOW))
		valid |= P9_SETATTR_MTIME | P9_SETATTR_MTIME_SET;
	/* chown(2) that changes neither takes set-id bits off all the same, and sets ctime. */
	return valid ? valid : (uint32_t)P9_SETATTR_CTIME;
}

static uint32_t changed_fid(const struct f9_op *op)
{
	return op->handle ? op->handle->fid : op->fid->fid;
}

/* A foreign server's Rsetattr says nothing: it is asked what has become of it. */
static void setattr_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	/* With nothing to set, it may be the kernel here that asks, before somebody writes who may:
	 * then it is the writing that takes set-id bits off. */
	if (error == -EPERM && !op->to_set)
		attr_ask(op, changed_fid(op));
	else if (error)
		f9_op_err(op, error);
	else if (m->type == P9_Rsetattr)
		attr_ask(op, changed_fid(op));
	else if (!f9_node_is(op->node, &m->rsetattrx.attr))
		f9_op_err(op, -EIO);
	else
		attr_answer(op, &m->rsetattrx.attr);
}

static void setattr_have_fid(struct f9_op *op, int error, const struct p9_msg *reply)
{
	const struct f9 *fs = op->fs;
	const struct stat *st = &op->attr;
	uint32_t uid = 0, gid = 0;
	if (!error && op->to_set & FUSE_SET_ATTR_UID &&
		!f9_idmap_owner(fs->user_map, st->st_uid, &uid))
		error = -EINVAL;
	if (!error && op->to_set & FUSE_SET_ATTR_GID &&
		!f9_idmap_owner(fs->group_map, st->st_gid, &gid))
		error = -EINVAL;
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct p9_msg m = {.type = fs->metac ? P9_Tsetattrx : P9_Tsetattr,
		.tsetattr = {
			.fid = changed_fid(op),
			.valid = setattr_valid(op->to_set),
			.mode = st->st_mode & 07777,
			.uid = uid,
			.gid = gid,
			.size = (uint64_t)st->st_size,
			.atime_sec = (uint64_t)st->st_atim.tv_sec,
			.atime_nsec = (uint64_t)st->st_atim.tv_nsec,
			.mtime_sec = (uint64_t)st->st_mtim.tv_sec,
			.mtime_nsec = (uint64_t)st->st_mtim.tv_nsec,
		}};
	f9_send(op, &m, setattr_done);
}

static bool usable(const struct f9_handle *h)
{
	return h && !h->error && h->fid != P9_NOFID;
}

static void setattr_settled(struct f9_op *op, int error, const struct p9_msg *m)
{
	struct f9_node *n = op->node;
	struct f9_handle *h = op->fi.fh ? f9_handle_of(&op->fi) : NULL;
	if (!error && h && h->error == -ESTALE)
		error = h->error;
	/* What the file's opener may do counts for its size. A node without name and fid is reached
	 * through any open file there is. */
	if (!h && !n->parent && list_empty(&n->fids) && !list_empty(&n->handles))
		h = list_entry(n->handles.next, struct f9_handle, on_node);
	op->handle = usable(h) ? h : NULL;
	if (error)
		f9_op_err(op, error);
	else if (op->handle)
		setattr_have_fid(op, 0, NULL);
	else
		f9_fid_own(op, n, &op->fid, setattr_have_fid);
}

/* The server takes the set-group-id bit off, without a word, where the user is not in the group. */
static void setattr_start(struct f9_op *op)
{
	f9_changes(op, op->node);
	if ((op->to_set & FUSE_SET_ATTR_MODE && op->attr.st_mode & S_ISGID) ||
		f9_node_is_group_marked(op->node))
		(void)f9_op_own_groups(op);
	f9_data_settle(op, op->node, setattr_settled);
}

void f9_setattr(
	fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new_change(req, ino);
	if (!op)
		return;
	op->attr = *attr;
	op->to_set = to_set;
	if (fi)
		op->fi = *fi;
	if (to_set & FUSE_SET_ATTR_SIZE)
		f9_kept_drop(op->fs, op->node);
	f9_op_begin(op, setattr_start);
}

/* ---- symbolic links, statfs ---- */

static void readlink_reply(struct f9_op *op, int error, const struct p9_msg *m)
{
	char target[4096 + 1];
	if (!error && (m->rreadlink.target.len >= sizeof(target) || !m->rreadlink.target.len ||
			      memchr(m->rreadlink.target.s, 0, m->rreadlink.target.len)))
		error = -EIO;
	if (error) {
		f9_op_err(op, error);
		return;
	}
	size_t n = m->rreadlink.target.len;
	memcpy(target, m->rreadlink.target.s, n);
	target[n] = 0;
	fuse_reply_readlink(op->req, target);
	f9_op_free(op);
}

static void readlink_have_fid(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = P9_Treadlink};
	if (error) {
		f9_op_err(op, error);
		return;
	}
	m.treadlink.fid = op->fid->fid;
	f9_send(op, &m, readlink_reply);
}

static void readlink_start(struct f9_op *op)
{
	f9_fid_any(op, op->node, &op->fid, readlink_have_fid);
}

void f9_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (op)
		f9_op_begin(op, readlink_start);
}

static void statfs_reply(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error) {
		f9_op_err(op, error);
		return;
	}
	uint32_t block = m->rstatfs.bsize ? m->rstatfs.bsize : 4096; /* people divide by it */
	struct statvfs s = {
		.f_bsize = block,
		.f_frsize = block,
		.f_blocks = m->rstatfs.blocks,
		.f_bfree = m->rstatfs.bfree,
		.f_bavail = m->rstatfs.bavail,
		.f_files = m->rstatfs.files,
		.f_ffree = m->rstatfs.ffree,
		.f_favail = m->rstatfs.ffree,
		.f_namemax = MIN(m->rstatfs.namelen, (uint32_t)P9_MAX_NAME),
	};
	fuse_reply_statfs(op->req, &s);
	f9_op_free(op);
}

static void statfs_have_fid(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = P9_Tstatfs};
	if (error) {
		f9_op_err(op, error);
		return;
	}
	m.tstatfs.fid = op->fid->fid;
	f9_send(op, &m, statfs_reply);
}

static void statfs_start(struct f9_op *op)
{
	f9_fid_any(op, op->node, &op->fid, statfs_have_fid);
}

void f9_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct f9_op *op = f9_op_new(req, ino ? ino : FUSE_ROOT_ID);
	if (op)
		f9_op_begin(op, statfs_start);
}
