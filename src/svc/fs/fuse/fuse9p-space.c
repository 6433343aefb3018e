/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: what 9P2000.L has no words for (allocating, looking for holes, copying on
 * the server) is one request of 9P2000.L.metac, after what was written has gone there.  At a
 * foreign server it is ENOSYS, on which the kernel does without: it does not allocate, sees no
 * holes, and copies through here.
 */
#include "svc/fs/fuse/fuse9p-data.h"
#include "svc/fs/fuse/fuse9p-kept.h"

#include <fcntl.h>

static struct f9_op *op_begin_on(
	fuse_req_t req, fuse_ino_t ino, const struct fuse_file_info *fi, bool change)
{
	if (!f9_of(req)->metac) {
		fuse_reply_err(req, ENOSYS);
		return NULL;
	}
	struct f9_op *op = change ? f9_op_new_change(req, ino) : f9_op_new(req, ino);
	if (op)
		op->handle = f9_handle_of(fi);
	return op;
}

/* ---- fallocate ---- */

static void fallocate_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error) {
		f9_kept_drop(op->fs, op->node);
		op->node->mtime_nsec = UINT64_MAX;
	}
	f9_op_err(op, error);
}

static void fallocate_settled(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct f9_handle *h = op->handle;
	if (!error)
		error = h->error ? h->error : f9_data_error(h);
	if (error) {
		f9_op_err(op, error);
		return;
	}
	if (op->in_doubt) { /* the bytes may have been moved, or not */
		f9_op_err(op, -EIO);
		return;
	}
	struct p9_msg m = {.type = P9_Tfallocate,
		.tfallocate = {
			.fid = h->fid, .mode = op->mode, .offset = op->offset, .length = op->size}};
	/* Those that move bytes must not move them twice. */
	if (op->mode & (P9_FALLOC_COLLAPSE_RANGE | P9_FALLOC_INSERT_RANGE))
		f9_send_once(op, &m, fallocate_done);
	else
		f9_send(op, &m, fallocate_done);
}

static void fallocate_start(struct f9_op *op)
{
	f9_data_settle(op, op->node, fallocate_settled);
}

void f9_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
	struct fuse_file_info *fi)
{
	struct f9_op *op = op_begin_on(req, ino, fi, true);
	if (!op)
		return;
	op->mode = (uint32_t)mode;
	op->offset = (uint64_t)offset;
	op->size = (size_t)length;
	f9_op_begin(op, fallocate_start);
}

/* ---- holes ---- */

static void lseek_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error && m->rseek.offset > INT64_MAX)
		error = -EOVERFLOW;
	if (error) {
		f9_op_err(op, error);
		return;
	}
	fuse_reply_lseek(op->req, (off_t)m->rseek.offset);
	f9_op_free(op);
}

static void lseek_settled(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (!error)
		error = op->handle->error;
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct p9_msg m = {.type = P9_Tseek,
		.tseek = {.fid = op->handle->fid,
			.whence = op->flags == SEEK_DATA ? P9_SEEK_DATA : P9_SEEK_HOLE,
			.offset = op->offset}};
	f9_send(op, &m, lseek_done);
}

static void lseek_start(struct f9_op *op)
{
	f9_data_settle(op, op->node, lseek_settled);
}

void f9_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi)
{
	/* The others the kernel answers by itself. */
	if (whence != SEEK_DATA && whence != SEEK_HOLE) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	struct f9_op *op = op_begin_on(req, ino, fi, false);
	if (!op)
		return;
	op->flags = whence;
	op->offset = (uint64_t)off;
	f9_op_begin(op, lseek_start);
}

/* ---- copying on the server ---- */

/* op->node, op->handle: where to; op->node2: where from, its handle in op->fi. */
static void copy_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error && m->rcopyrange.count > op->size)
		error = -EIO;
	if (error) {
		f9_op_err(op, error);
		return;
	}
	uint64_t end = op->offset + m->rcopyrange.count;
	f9_kept_drop(op->fs, op->node);
	if (op->node->size != UINT64_MAX && end > op->node->size)
		op->node->size = end;
	op->node->mtime_nsec = UINT64_MAX;
	fuse_reply_write(op->req, m->rcopyrange.count);
	f9_op_free(op);
}

static void copy_settled(struct f9_op *op, int error, const struct p9_msg *reply)
{
	const struct f9_handle *from = f9_handle_of(&op->fi);
	if (!error)
		error = from->error ? from->error : op->handle->error;
	if (!error)
		error = f9_data_error(op->handle);
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct p9_msg m = {.type = P9_Tcopyrange,
		.tcopyrange = {.srcfid = from->fid,
			.srcoffset = op->from,
			.dstfid = op->handle->fid,
			.dstoffset = op->offset,
			.count = op->size}};
	f9_send(op, &m, copy_done);
}

static void copy_source_settled(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error)
		f9_op_err(op, error);
	else
		f9_data_settle(op, op->node, copy_settled);
}

static void copy_start(struct f9_op *op)
{
	f9_data_settle(op, op->node2, copy_source_settled);
}

void f9_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in,
	struct fuse_file_info *fi_in, fuse_ino_t ino_out, off_t off_out,
	struct fuse_file_info *fi_out, size_t len, int flags)
{
	struct f9_op *op = op_begin_on(req, ino_out, fi_out, true);
	if (!op)
		return;
	op->node2 = f9_node_ref(f9_node_of(op->fs, ino_in));
	op->fi = *fi_in;
	op->from = (uint64_t)off_in;
	op->offset = (uint64_t)off_out;
	op->size = MIN(len, (size_t)INT32_MAX); /* the answer's field has 32 bits */
	(void)flags; /* none exist */
	f9_op_begin(op, copy_start);
}
