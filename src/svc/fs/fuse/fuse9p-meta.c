/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: looking up, reading and changing attributes, making, removing and renaming
 * entries.  Whatever makes an entry ends like a lookup of it: walk to it, ask its attributes, make
 * the node, tell the kernel.  The kernel counts each entry it was told (nlookup); a reply that it
 * no longer wanted does not count.
 */
#include "svc/fs/fuse/fuse9p-data.h"
#include "svc/fs/fuse/fuse9p-kept.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

/* ---- entries ---- */

static void entry_attr(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct f9 *fs = op->fs;
	struct f9_node *n = f9_node_get(fs, &m->rgetattr.qid, op->node, op->name);
	if (!n) {
		f9_op_err(op, -ENOMEM);
		return;
	}
	struct fuse_entry_param e = {
		.ino = f9_node_ino(fs, n),
		.generation = n->generation,
		.attr_timeout = F9_TIMEOUT,
		.entry_timeout = F9_TIMEOUT,
	};
	f9_node_attr(n, m, &e.attr);
	if (f9_data_attr(op, n, &e.attr))
		e.attr_timeout = 0;
	uint32_t fid = op->newfid;
	op->newfid = P9_NOFID;
	f9_fid_adopt(fs, n, op->fid->uid, fid);
	if (n != fs->root)
		n->nlookup++;
	f9_node_told(n);
	if (fuse_reply_entry(op->req, &e) == -ENOENT)
		f9_node_forget(fs, n, 1);
	f9_node_unref(fs, n);
	f9_op_free(op);
}

void f9_entry_reply(struct f9_op *op)
{
	struct p9_msg m = {.type = P9_Tgetattr,
		.tgetattr = {.fid = op->newfid, .request_mask = P9_GETATTR_BASIC}};
	f9_send(op, &m, entry_attr);
}

static void entry_walked(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error) {
		f9_fid_unused(op);
		f9_op_err(op, error);
		return;
	}
	f9_entry_reply(op);
}

/* op->fid is the directory: walks to op->name in it, as op->newfid. */
static void child_walk(struct f9_op *op, f9_then then)
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

/* The same, and answers with that entry. */
static void entry_walk(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error)
		f9_op_err(op, error);
	else
		child_walk(op, entry_walked);
}

void f9_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct f9_op *op = f9_op_new(req, parent);
	if (op && f9_op_name(op, name))
		f9_fid_any(op, op->node, &op->fid, entry_walk);
}

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

/* ---- attributes ---- */

static void attr_reply(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct stat st;
	f9_node_attr(op->node, m, &st);
	bool doubtful = f9_data_attr(op, op->node, &st);
	fuse_reply_attr(op->req, &st, doubtful ? 0 : F9_TIMEOUT);
	f9_op_free(op);
}

static void attr_ask(struct f9_op *op, uint32_t fid)
{
	struct p9_msg m = {
		.type = P9_Tgetattr, .tgetattr = {.fid = fid, .request_mask = P9_GETATTR_BASIC}};
	f9_send(op, &m, attr_reply);
}

static void attr_have_fid(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error)
		f9_op_err(op, error);
	else
		attr_ask(op, op->fid->fid);
}

static void getattr_settled(struct f9_op *op, int error, const struct p9_msg *m)
{
	uint32_t fid = f9_fid_at_hand(op, op->fi.fh ? &op->fi : NULL);
	if (error)
		f9_op_err(op, error);
	else if (fid != P9_NOFID)
		attr_ask(op, fid);
	else
		f9_fid_any(op, op->node, &op->fid, attr_have_fid);
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
	return valid;
}

static void setattr_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error)
		f9_op_err(op, error);
	else
		attr_ask(op, op->handle ? op->handle->fid : op->fid->fid);
}

static void setattr_have_fid(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_op_err(op, error);
		return;
	}
	const struct stat *st = &op->attr;
	struct p9_msg m = {.type = P9_Tsetattr,
		.tsetattr = {
			.fid = op->handle ? op->handle->fid : op->fid->fid,
			.valid = setattr_valid(op->to_set),
			.mode = st->st_mode & 07777,
			.uid = st->st_uid,
			.gid = st->st_gid,
			.size = (uint64_t)st->st_size,
			.atime_sec = (uint64_t)st->st_atim.tv_sec,
			.atime_nsec = (uint64_t)st->st_atim.tv_nsec,
			.mtime_sec = (uint64_t)st->st_mtim.tv_sec,
			.mtime_nsec = (uint64_t)st->st_mtim.tv_nsec,
		}};
	f9_send(op, &m, setattr_done);
}

static void setattr_settled(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error)
		f9_op_err(op, error);
	else if (op->handle)
		setattr_have_fid(op, 0, NULL);
	else
		f9_fid_own(op, op->node, &op->fid, setattr_have_fid);
}

static void setattr_start(struct f9_op *op)
{
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
	/* What the file's opener may do counts for its size. A node without name and fid is reached
	 * through any open file there is. */
	if (fi)
		op->handle = (struct f9_handle *)(uintptr_t)fi->fh;
	else if (!op->node->parent && list_empty(&op->node->fids) &&
		 !list_empty(&op->node->handles))
		op->handle = list_entry(op->node->handles.next, struct f9_handle, on_node);
	if (to_set & FUSE_SET_ATTR_SIZE)
		f9_kept_drop(op->fs, op->node);
	f9_op_begin(op, setattr_start);
}

/* ---- symbolic links, statfs ---- */

static void readlink_reply(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error) {
		f9_op_err(op, error);
		return;
	}
	char target[4096 + 1];
	size_t n = MIN((size_t)m->rreadlink.target.len, sizeof(target) - 1);
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

void f9_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (op)
		f9_fid_any(op, op->node, &op->fid, readlink_have_fid);
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

void f9_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct f9_op *op = f9_op_new(req, ino ? ino : FUSE_ROOT_ID);
	if (op)
		f9_fid_any(op, op->node, &op->fid, statfs_have_fid);
}

/* ---- making entries ---- */

/* As on a local file system: a directory with the set-group-id bit gives its group to what is made
 * in it. */
gid_t f9_create_gid(const struct f9_op *op)
{
	return op->node->mode & S_ISGID ? op->node->gid : op->gid;
}

static void made(struct f9_op *op, int error, const struct p9_msg *m)
{
	entry_walk(op, error, NULL);
}

static void mknod_have_fid(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = P9_Tmknod};
	if (error) {
		f9_op_err(op, error);
		return;
	}
	m.tmknod.dfid = op->fid->fid;
	m.tmknod.name = f9_str(op->name);
	m.tmknod.mode = op->mode;
	m.tmknod.major = major(op->rdev);
	m.tmknod.minor = minor(op->rdev);
	m.tmknod.gid = f9_create_gid(op);
	f9_send(op, &m, made);
}

void f9_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	struct f9_op *op = f9_op_new_change(req, parent);
	if (!op || !f9_op_name(op, name))
		return;
	op->mode = mode;
	op->rdev = rdev;
	f9_fid_own(op, op->node, &op->fid, mknod_have_fid);
}

static void mkdir_have_fid(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = P9_Tmkdir};
	if (error) {
		f9_op_err(op, error);
		return;
	}
	m.tmkdir.dfid = op->fid->fid;
	m.tmkdir.name = f9_str(op->name);
	m.tmkdir.mode = op->mode;
	m.tmkdir.gid = f9_create_gid(op);
	f9_send(op, &m, made);
}

void f9_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct f9_op *op = f9_op_new_change(req, parent);
	if (!op || !f9_op_name(op, name))
		return;
	op->mode = mode & 07777;
	f9_fid_own(op, op->node, &op->fid, mkdir_have_fid);
}

static void symlink_have_fid(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = P9_Tsymlink};
	if (error) {
		f9_op_err(op, error);
		return;
	}
	m.tsymlink.fid = op->fid->fid;
	m.tsymlink.name = f9_str(op->name);
	m.tsymlink.symtgt = f9_str(op->data);
	m.tsymlink.gid = f9_create_gid(op);
	f9_send(op, &m, made);
}

void f9_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct f9_op *op = f9_op_new_change(req, parent);
	if (!op || !f9_op_name(op, name))
		return;
	op->data = strdup(target);
	if (!op->data)
		f9_op_err(op, -ENOMEM);
	else
		f9_fid_own(op, op->node, &op->fid, symlink_have_fid);
}

/* op->node is the directory, op->node2 what gets another name. */
static void link_have_both(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = P9_Tlink};
	if (error) {
		f9_op_err(op, error);
		return;
	}
	m.tlink.dfid = op->fid->fid;
	m.tlink.fid = op->fid2->fid;
	m.tlink.name = f9_str(op->name);
	f9_send(op, &m, made);
}

static void link_have_dir(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error)
		f9_op_err(op, error);
	else
		f9_fid_own(op, op->node2, &op->fid2, link_have_both);
}

void f9_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
	struct f9_op *op = f9_op_new_change(req, newparent);
	if (!op || !f9_op_name(op, newname))
		return;
	op->node2 = f9_node_ref(f9_node_of(op->fs, ino));
	f9_fid_own(op, op->node, &op->fid, link_have_dir);
}

/* ---- removing ---- */

static void remove_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error)
		f9_name_gone(op->fs, op->node, op->name);
	f9_op_err(op, error);
}

/* Servers without Tunlinkat: Tremove consumes the fid in any case. */
static void tremove_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	f9_fid_unused(op);
	remove_done(op, error, m);
}

static void tremove_walked(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_fid_unused(op);
		f9_op_err(op, error);
		return;
	}
	/* What kind of thing it is the server would not check. */
	bool dir = reply->rwalk.wqid[0].type & P9_QTDIR;
	if (dir != (op->flags == P9_AT_REMOVEDIR)) {
		f9_op_err(op, dir ? -EISDIR : -ENOTDIR);
		return;
	}
	struct p9_msg m = {.type = P9_Tremove, .tremove = {.fid = op->newfid}};
	f9_send(op, &m, tremove_done);
}

static void unlinkat_done(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error != -EOPNOTSUPP && error != -ENOSYS) {
		remove_done(op, error, reply);
		return;
	}
	child_walk(op, tremove_walked);
}

static void unlink_have_fid(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = P9_Tunlinkat};
	if (error) {
		f9_op_err(op, error);
		return;
	}
	m.tunlinkat.dirfid = op->fid->fid;
	m.tunlinkat.name = f9_str(op->name);
	m.tunlinkat.flags = (uint32_t)op->flags;
	f9_send(op, &m, unlinkat_done);
}

static void unlink_any(fuse_req_t req, fuse_ino_t parent, const char *name, int flags)
{
	struct f9_op *op = f9_op_new_change(req, parent);
	if (!op || !f9_op_name(op, name))
		return;
	op->flags = flags;
	f9_fid_own(op, op->node, &op->fid, unlink_have_fid);
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

static void rename_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error)
		f9_name_moved(op->fs, op->node, op->name, op->node2, op->name2);
	f9_op_err(op, error);
}

/* Servers without Trenameat: walk to what is renamed, Trename moves it. */
static void trename_walked(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_fid_unused(op);
		f9_op_err(op, error);
		return;
	}
	struct p9_msg m = {.type = P9_Trename,
		.trename = {.fid = op->newfid, .dfid = op->fid2->fid, .name = f9_str(op->name2)}};
	f9_send(op, &m, rename_done);
}

static void renameat_done(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error == -EOPNOTSUPP || error == -ENOSYS)
		child_walk(op, trename_walked);
	else
		rename_done(op, error, reply);
}

static void rename_have_both(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = P9_Trenameat};
	if (error) {
		f9_op_err(op, error);
		return;
	}
	m.trenameat.olddirfid = op->fid->fid;
	m.trenameat.oldname = f9_str(op->name);
	m.trenameat.newdirfid = op->fid2->fid;
	m.trenameat.newname = f9_str(op->name2);
	f9_send(op, &m, renameat_done);
}

static void rename_have_old(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error)
		f9_op_err(op, error);
	else
		f9_fid_own(op, op->node2, &op->fid2, rename_have_both);
}

void f9_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
	const char *newname, unsigned int flags)
{
	/* The protocol has no exchange and no "only if there is nothing"; doing the latter in two
	 * steps would be a lie. */
	if (flags) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	struct f9_op *op = f9_op_new_change(req, parent);
	if (!op || !f9_op_name(op, name) || !f9_op_name(op, newname))
		return;
	op->node2 = f9_node_ref(f9_node_of(op->fs, newparent));
	f9_fid_own(op, op->node, &op->fid, rename_have_old);
}
