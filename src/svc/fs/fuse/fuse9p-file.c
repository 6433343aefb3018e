/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: an open file is a fid of its own, walked to as the user who opens it and
 * then opened; all reads and writes through it have that user's rights, as on a local file system.
 *
 * The kernel caches pages: writes go through to the server at once (so that ENOSPC and EDQUOT come
 * back from write(2) itself), opening a file drops what was cached of it, a changed modification
 * time does too.  Shared writable mappings work, and their pages come back as writes of the
 * kernel's own on whatever file of that inode is open for writing.  A file opened for appending
 * goes without the cache, and the server appends: so records of several machines do not overwrite
 * each other.
 */
#include "svc/fs/fuse/fuse9p.h"

#include <fcntl.h>
#include <time.h>

/* ---- handles ---- */

static struct f9_handle *handle_of(const struct fuse_file_info *fi)
{
	return (struct f9_handle *)(uintptr_t)fi->fh;
}

int f9_handle_new(struct f9_op *op, uint32_t iounit)
{
	struct f9_handle *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->node = f9_node_ref(op->node2 ? op->node2 : op->node);
	h->fid = op->newfid;
	op->newfid = P9_NOFID;
	h->iounit = iounit;
	h->flags = op->fi.flags;
	list_append(&h->node->handles, &h->on_node);
	list_append(&op->fs->handles, &h->on_fs);
	op->handle = h;
	op->handle_new = true;
	op->fi.fh = (uintptr_t)h;
	return 0;
}

void f9_handle_free(struct f9 *fs, struct f9_handle *h)
{
	list_unlink(&h->on_node);
	list_unlink(&h->on_fs);
	f9_owners_free(h->node, h);
	p9_client_clunk(fs->client, h->fid);
	f9_node_unref(fs, h->node);
	free(h);
}

/* ---- opening ---- */

/* What the server has to know of open(2)'s flags. Syncing after writes the kernel asks for
 * itself; O_DIRECT is between the program and the cache here. */
static uint32_t open_flags(int flags)
{
	uint32_t p9 = P9_O_LARGEFILE;
	switch (flags & O_ACCMODE) {
	case O_WRONLY:
		p9 |= P9_O_WRONLY;
		break;
	case O_RDWR:
		p9 |= P9_O_RDWR;
		break;
	}
	if (flags & O_TRUNC)
		p9 |= P9_O_TRUNC;
	if (flags & O_APPEND)
		p9 |= P9_O_APPEND;
	if (flags & O_DIRECTORY)
		p9 |= P9_O_DIRECTORY;
	return p9;
}

/* Whether what the kernel has cached of the file is still its content. A time as recent as this
 * could stay the same over another change. */
static bool unchanged(const struct f9_op *op)
{
	const struct f9_node *n = op->node;
	const struct p9_msg *m = &op->side;
	return op->side.type == P9_Rgetattr && m->rgetattr.size == n->size &&
	       m->rgetattr.mtime_sec == n->mtime_sec && m->rgetattr.mtime_nsec == n->mtime_nsec &&
	       (uint64_t)time(NULL) > n->mtime_sec + 2;
}

static void open_reply(struct f9_op *op)
{
	int error = op->main_error;
	if (!error)
		error = f9_handle_new(op, (uint32_t)op->size);
	if (error) {
		f9_op_err(op, error);
		return;
	}
	op->fi.keep_cache = unchanged(op);
	op->fi.direct_io = (op->fi.flags & O_APPEND) != 0;
	/* Attributes only: that waits for nothing. */
	if (!op->fi.keep_cache)
		(void)fuse_lowlevel_notify_inval_inode(
			op->fs->session, f9_node_ino(op->fs, op->node), -1, 0);
	if (fuse_reply_open(op->req, &op->fi) != -ENOENT)
		op->handle_new = false; /* the kernel has it now, and will release it */
	f9_op_free(op);
}

/* Two things must have come: the open file, and the attributes (where they were asked for). */
static void open_main(struct f9_op *op, int error)
{
	op->main_error = error;
	op->main_done = true;
	if (!op->side_open)
		open_reply(op);
}

static void open_side(void *user, int error, const struct p9_msg *m)
{
	struct f9_op *op = user;
	op->side_open = false;
	if (!error)
		op->side = *m;
	if (op->main_done)
		open_reply(op);
}

static void open_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error)
		op->size = m->rlopen.iounit;
	open_main(op, error);
}

/*
 * The name leads to another file than it did at the lookup.  The kernel then looks it up anew and
 * tries once more; when the other host replaces the file over and over, that may be outrun too.
 * What the second try looked up had the name after the program asked for it, so that it may as
 * well have been opened at that moment: no program needs to see ESTALE.
 */
static bool outrun_again(struct f9_op *op)
{
	enum { SECOND_TRY_MS = 200 };
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	pid_t pid = fuse_req_ctx(op->req)->pid;
	struct f9 *fs = op->fs;
	if (op->outrun || !op->node->parent)
		return false;
	op->outrun = pid && fs->outrun.pid == pid && fs->outrun.parent == op->node->parent &&
		     ms - fs->outrun.at_ms <= SECOND_TRY_MS;
	fs->outrun.pid = op->outrun ? 0 : pid;
	fs->outrun.parent = op->node->parent;
	fs->outrun.at_ms = ms;
	return op->outrun;
}

static void open_walked(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = P9_Tlopen};
	if (error == -ESTALE && outrun_again(op)) {
		f9_fid_walk(op, op->node, open_walked);
		return;
	}
	if (error) {
		open_main(op, error);
		return;
	}
	m.tlopen.fid = op->newfid;
	m.tlopen.flags = open_flags(op->fi.flags);
	f9_send(op, &m, open_done);
}

/* While the walk and the opening are under way, on a fid that stays as it is. */
static void open_ask_attr(struct f9_op *op)
{
	uint32_t fid = f9_fid_at_hand(op, NULL);
	struct p9_msg m = {
		.type = P9_Tgetattr, .tgetattr = {.fid = fid, .request_mask = P9_GETATTR_BASIC}};
	if (fid != P9_NOFID && op->node->size != UINT64_MAX)
		op->side_open = p9_client_request(op->fs->client, &m, open_side, op) >= 0;
}

void f9_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	bool change = (fi->flags & O_ACCMODE) != O_RDONLY || (fi->flags & O_TRUNC);
	struct f9_op *op = change ? f9_op_new_change(req, ino) : f9_op_new(req, ino);
	if (!op)
		return;
	op->fi = *fi;
	if (!(fi->flags & (O_TRUNC | O_APPEND)))
		open_ask_attr(op);
	f9_fid_walk_name(op, op->node, open_walked);
}

static void create_attr(struct f9_op *op, int error, const struct p9_msg *m)
{
	struct f9 *fs = op->fs;
	if (!error) {
		op->node2 = f9_node_get(fs, &m->rgetattr.qid, op->node, op->name);
		error = op->node2 ? f9_handle_new(op, (uint32_t)op->size) : -ENOMEM;
	}
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct f9_node *n = op->node2;
	struct fuse_entry_param e = {
		.ino = f9_node_ino(fs, n),
		.generation = n->generation,
		.attr_timeout = F9_TIMEOUT,
		.entry_timeout = F9_TIMEOUT,
	};
	f9_node_attr(n, m, &e.attr);
	n->nlookup++;
	f9_node_told(n);
	op->fi.direct_io = (op->fi.flags & O_APPEND) != 0;
	if (fuse_reply_create(op->req, &e, &op->fi) == -ENOENT)
		f9_node_forget(fs, n, 1);
	else
		op->handle_new = false;
	f9_op_free(op);
}

static void create_done(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_op_err(op, error);
		return;
	}
	op->size = reply->rlcreate.iounit;
	struct p9_msg m = {.type = P9_Tgetattr,
		.tgetattr = {.fid = op->newfid, .request_mask = P9_GETATTR_BASIC}};
	f9_send(op, &m, create_attr);
}

static void create_walked(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = P9_Tlcreate};
	if (error) {
		f9_op_err(op, error);
		return;
	}
	m.tlcreate.fid = op->newfid;
	m.tlcreate.name = f9_str(op->name);
	m.tlcreate.flags = open_flags(op->fi.flags) | P9_O_CREAT |
			   (op->fi.flags & O_EXCL ? (uint32_t)P9_O_EXCL : 0);
	m.tlcreate.mode = op->mode;
	m.tlcreate.gid = f9_create_gid(op);
	f9_send(op, &m, create_done);
}

void f9_create(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new_change(req, parent);
	if (!op || !f9_op_name(op, name))
		return;
	op->fi = *fi;
	op->mode = mode & 07777;
	f9_fid_walk(op, op->node, create_walked);
}

/* ---- reading and writing ---- */

static void read_done(void *user, int error, const void *data, size_t n)
{
	struct f9_op *op = user;
	op->io = NULL;
	if (error) {
		f9_op_err(op, error);
		return;
	}
	fuse_reply_buf(op->req, data, n);
	f9_op_free(op);
}

void f9_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	struct f9_handle *h = handle_of(fi);
	struct p9_io_where w = {.fid = h->fid,
		.iounit = h->iounit,
		.offset = (uint64_t)off,
		.size_hint = h->node->size};
	int r = p9_io_read(op->fs->client, &w, size, read_done, op, &op->io);
	if (r < 0)
		f9_op_err(op, r);
}

static void write_done(void *user, int error, const void *data, size_t n)
{
	struct f9_op *op = user;
	op->io = NULL;
	if (error) {
		f9_op_err(op, error);
		return;
	}
	/* Only a hint: where an appended record went, the server alone knows. */
	if (op->node->size != UINT64_MAX && op->offset + n > op->node->size)
		op->node->size = op->offset + n;
	op->node->mtime_nsec = UINT64_MAX; /* changed, to what we have not heard */
	fuse_reply_write(op->req, n);
	f9_op_free(op);
}

/* A page written back by the kernel must land at its offset, whichever file of the inode the kernel
 * happened to name: any but one that appends. */
static struct f9_handle *writable(struct f9_handle *h)
{
	if (!(h->flags & O_APPEND))
		return h;
	list_for_each (it, &h->node->handles) {
		struct f9_handle *o = list_entry(it, struct f9_handle, on_node);
		if ((o->flags & O_ACCMODE) != O_RDONLY && !(o->flags & O_APPEND))
			return o;
	}
	return NULL;
}

void f9_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new_change(req, ino);
	if (!op)
		return;
	struct f9_handle *h = fi->writepage ? writable(handle_of(fi)) : handle_of(fi);
	if (!h) {
		f9_op_err(op, -EIO);
		return;
	}
	op->offset = (uint64_t)off;
	struct p9_io_where w = {.fid = h->fid, .iounit = h->iounit, .offset = (uint64_t)off};
	/* The pieces of one appended record must stay together: those that do not fit into a
	 * message are taken one at a time, as write(2) may. */
	if (h->flags & O_APPEND) {
		size_t most = p9_client_payload_max(op->fs->client);
		size = MIN(size, h->iounit ? MIN(most, (size_t)h->iounit) : most);
	}
	int r = p9_io_write(op->fs->client, &w, buf, size, write_done, op, &op->io);
	if (r < 0)
		f9_op_err(op, r);
}

/* ---- closing ---- */

static void op_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	f9_op_err(op, error);
}

/* Each close(2): the process's record locks on the file go. */
void f9_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	op->handle = handle_of(fi);
	f9_locks_drop(op, fi->lock_owner, false, op_done);
}

static void release_unlocked(struct f9_op *op, int error, const struct p9_msg *m)
{
	f9_handle_free(op->fs, TAKE_PTR(op->handle));
	f9_op_free(op);
}

/* The last close of an open file. The kernel does not wait for it. */
void f9_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op) {
		f9_handle_free(f9_of(req), handle_of(fi));
		return;
	}
	op->handle = handle_of(fi);
	bool flock = fi->flock_release;
	uint64_t owner = fi->lock_owner;
	fuse_reply_err(req, 0);
	if (flock)
		f9_locks_drop(op, owner, true, release_unlocked);
	else
		release_unlocked(op, 0, NULL);
}

void f9_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	struct p9_msg m = {.type = P9_Tfsync,
		.tfsync = {.fid = handle_of(fi)->fid, .datasync = datasync != 0}};
	f9_send(op, &m, op_done);
}
