/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: reads go to the server unless the opening brought what is asked for; the
 * kernel's cache is in front of them, and asks ahead when it sees a file read in order.  Of the
 * range that is read, what was written here is on the server first.
 *
 * Writes are taken into buffers (fuse9p-data.c) and answered.  Appending ones and those around the
 * cache (O_DIRECT) are answered when the server has them.  Shared writable mappings work: their
 * pages come back as writes of the kernel's own on whatever file of that inode is open for writing.
 */
#include "svc/fs/fuse/fuse9p-data.h"
#include "svc/fs/fuse/fuse9p-kept.h"

#include <fcntl.h>

/* ---- reading ---- */

static void read_done(void *user, int error, const void *data, size_t n)
{
	struct f9_op *op = user;
	op->io = NULL;
	if (f9_op_lost(op, error))
		return;
	if (error) {
		f9_op_err(op, error);
		return;
	}
	fuse_reply_buf(op->req, data, n);
	f9_op_free(op);
}

static void read_settled(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct f9_handle *h = op->handle;
	struct p9_io_where w = {.fid = h->fid,
		.iounit = h->iounit,
		.offset = op->offset,
		.size_hint = h->node->size};
	if (!error)
		error = h->error;
	if (!error)
		error = p9_io_read(op->fs->client, &w, op->size, read_done, op, &op->io);
	if (error < 0 && !f9_op_lost(op, error))
		f9_op_err(op, error);
}

static void read_start(struct f9_op *op)
{
	f9_data_settle_range(op, op->handle->node, op->offset, op->size, read_settled);
}

void f9_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct f9 *fs = f9_of(req);
	struct f9_handle *h = f9_handle_of(fi);
	const void *p;
	size_t n;
	if (f9_head_read(fs, h, (uint64_t)off, size, &p, &n)) {
		fuse_reply_buf(req, p, n);
		f9_head_drop(fs, h); /* the kernel has it now */
		return;
	}
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	op->handle = h;
	op->size = size;
	op->offset = (uint64_t)off;
	f9_op_begin(op, read_start);
}

/* ---- writing ---- */

/* A page written back by the kernel must land at its offset, whichever file of the inode the kernel
 * happened to name: with a foreign server any but one that appends, always. */
static struct f9_handle *writable(const struct f9 *fs, struct f9_handle *h)
{
	if (fs->metac || !(h->flags & O_APPEND))
		return h;
	list_for_each (it, &h->node->handles) {
		struct f9_handle *o = list_entry(it, struct f9_handle, on_node);
		if ((o->flags & O_ACCMODE) != O_RDONLY && !(o->flags & O_APPEND))
			return o;
	}
	return NULL;
}

/* What the file looks like after the write, as far as it can be known here. */
static void written(struct f9_node *n, uint64_t end)
{
	/* Only a hint: where an appended record went, the server alone knows. */
	if (n->size != UINT64_MAX && end > n->size)
		n->size = end;
	n->mtime_nsec = UINT64_MAX; /* changed, to what we have not heard */
}

static void write_end(struct f9_op *op, int error, size_t n)
{
	op->fs->held -= op->held;
	op->held = 0;
	if (error) {
		f9_op_err(op, error);
		return;
	}
	written(op->handle->node, op->offset + n);
	fuse_reply_write(op->req, n);
	f9_op_free(op);
}

static void append_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error && m->rwrite.count == 0 && op->size)
		error = -EIO; /* a program would try for ever */
	write_end(op, error, error ? 0 : m->rwrite.count);
}

static void append_settled(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct f9_handle *h = op->handle;
	if (!error)
		error = h->error;
	if (!error && op->in_doubt) /* it may be there, once or in part */
		error = -EIO;
	if (error) {
		write_end(op, error, 0);
		return;
	}
	/* The pieces of one appended record must stay together: what does not fit into a message
	 * is taken later, as write(2) may. */
	size_t most = p9_client_payload_max(op->fs->client) - P9_ONCE_HEADER;
	if (h->iounit)
		most = MIN(most, (size_t)h->iounit);
	struct p9_msg m = {.type = P9_Twrite,
		.twrite = {.fid = h->fid,
			.offset = op->fs->metac ? P9_APPEND : op->offset,
			.data = {op->data, (uint32_t)MIN(op->size, most)}}};
	f9_send_once(op, &m, append_done);
}

static void append_start(struct f9_op *op)
{
	f9_data_settle(op, op->handle->node, append_settled);
}

static void through_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	write_end(op, error, op->size);
}

static void write_start(struct f9_op *op);

static void write_room(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error)
		write_end(op, error, 0);
	else
		write_start(op);
}

static void write_start(struct f9_op *op)
{
	struct f9_handle *h = op->handle;
	int error = h->error ? h->error : f9_data_error(h);
	if (error) { /* also if a server says EAGAIN: there is no room to wait for */
		write_end(op, error, 0);
		return;
	}
	if (op->fi.flags & O_DIRECT)
		error = f9_data_write_through(op, h, op->data, op->size, op->offset, through_done);
	else
		error = f9_data_write(op->fs, h, op->data, op->size, op->offset);
	if (error == -EAGAIN)
		f9_data_room(op, write_room);
	else if (error || !(op->fi.flags & O_DIRECT))
		write_end(op, error, op->size);
}

/* The flag may have been set, or taken away, since the file was opened. A foreign server knows only
 * what it was then. */
static bool appends(const struct f9 *fs, const struct f9_handle *h, const struct fuse_file_info *fi)
{
	return fs->metac ? !fi->writepage && (fi->flags & O_APPEND) : h->flags & O_APPEND;
}

/* An operation for what cannot be done at once, with the data. */
static void write_later(fuse_req_t req, fuse_ino_t ino, struct f9_handle *h, const char *buf,
	size_t size, off_t off, const struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new_change(req, ino);
	if (!op)
		return;
	op->handle = h;
	op->offset = (uint64_t)off;
	op->size = size;
	op->fi = *fi;
	op->data = malloc(size ? size : 1);
	if (!op->data) {
		f9_op_err(op, -ENOMEM);
		return;
	}
	memcpy(op->data, buf, size);
	op->held = size;
	op->fs->held += size;
	f9_op_begin(op, appends(op->fs, h, fi) ? append_start : write_start);
}

void f9_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	struct f9 *fs = f9_of(req);
	struct f9_handle *h = fi->writepage ? writable(fs, f9_handle_of(fi)) : f9_handle_of(fi);
	if (!h || fs->read_only || fs->over) {
		fuse_reply_err(req, fs->over ? -fs->over : h ? EROFS : EIO);
		return;
	}
	f9_kept_drop(fs, h->node);
	bool wait = appends(fs, h, fi) || (fi->flags & O_DIRECT) || h->error || h->write_error;
	int error = wait ? -EAGAIN : f9_data_write(fs, h, buf, size, (uint64_t)off);
	if (error == -EAGAIN) {
		write_later(req, ino, h, buf, size, off, fi);
	} else if (error) {
		fuse_reply_err(req, -error);
	} else {
		written(h->node, (uint64_t)off + size);
		fuse_reply_write(req, size);
	}
}

/* ---- syncing ---- */

static void fsync_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	f9_op_err(op, error);
}

static void fsync_settled(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct f9_handle *h = op->handle;
	if (!error)
		error = h->error ? h->error : f9_data_error(h);
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct p9_msg m = {
		.type = P9_Tfsync, .tfsync = {.fid = h->fid, .datasync = (uint32_t)op->flags}};
	f9_send(op, &m, fsync_done);
}

static void fsync_start(struct f9_op *op)
{
	f9_data_settle(op, op->handle->node, fsync_settled);
}

void f9_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	op->handle = f9_handle_of(fi);
	op->flags = datasync != 0;
	f9_op_begin(op, fsync_start);
}
