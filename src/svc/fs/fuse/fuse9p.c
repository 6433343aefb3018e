/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: an operation owns everything it needs until its end (references to nodes,
 * pinned fids, a fid it is walking with, copies of names), and f9_op_free() gives all of it back,
 * so that a step that fails has nothing to clean up itself.  An interrupt from the kernel becomes a
 * Tflush of whatever 9P request is under way; the step then ends with EINTR, or with success when
 * it had been done already.
 */
#include "svc/fs/fuse/fuse9p.h"

#include <stdio.h>

/* ---- life of an operation ---- */

static void on_interrupt(fuse_req_t req, void *user)
{
	struct f9_op *op = user;
	op->interrupted = true;
	if (op->io)
		p9_io_flush(op->io);
	else if (op->tag >= 0)
		p9_client_flush(op->fs->client, (uint16_t)op->tag);
}

struct f9_op *f9_op_new(fuse_req_t req, fuse_ino_t ino)
{
	struct f9 *fs = f9_of(req);
	struct f9_op *op = calloc(1, sizeof(*op));
	if (!op) {
		fuse_reply_err(req, ENOMEM);
		return NULL;
	}
	const struct fuse_ctx *cx = fuse_req_ctx(req);
	op->fs = fs;
	op->req = req;
	op->uid = cx->uid;
	op->gid = cx->gid;
	op->tag = -1;
	op->newfid = P9_NOFID;
	list_init(&op->sleep);
	list_init(&op->park);
	list_append(&fs->ops, &op->link);
	fs->n_ops++;
	op->node = f9_node_ref(f9_node_of(fs, ino));
	fuse_req_interrupt_func(req, on_interrupt, op);
	return op;
}

struct f9_op *f9_op_new_change(fuse_req_t req, fuse_ino_t ino)
{
	if (f9_of(req)->read_only) {
		fuse_reply_err(req, EROFS);
		return NULL;
	}
	return f9_op_new(req, ino);
}

static bool copy_name(struct f9_op *op, const char *name, char **ret)
{
	int error = 0;
	if (strlen(name) > P9_MAX_NAME)
		error = -ENAMETOOLONG;
	else if (!(*ret = strdup(name)))
		error = -ENOMEM;
	if (error)
		f9_op_err(op, error);
	return !error;
}

bool f9_op_name(struct f9_op *op, const char *name)
{
	return copy_name(op, name, op->name ? &op->name2 : &op->name);
}

void f9_op_free(struct f9_op *op)
{
	struct f9 *fs = op->fs;
	list_unlink(&op->sleep);
	list_unlink(&op->park);
	if (op->newfid != P9_NOFID)
		p9_client_clunk(fs->client, op->newfid);
	f9_fid_unpin(fs, op->fid);
	f9_fid_unpin(fs, op->fid2);
	if (op->handle_new && op->handle)
		f9_handle_free(fs, op->handle);
	f9_node_unref(fs, op->node);
	f9_node_unref(fs, op->node2);
	free(op->name);
	free(op->name2);
	free(op->data);
	list_unlink(&op->link);
	fs->n_ops--;
	free(op);
}

void f9_op_err(struct f9_op *op, int error)
{
	fuse_reply_err(op->req, -error);
	f9_op_free(op);
}

void f9_op_begin(struct f9_op *op, f9_start start)
{
	op->start = start;
	start(op);
}

/* ---- 9P requests ---- */

static void replied(void *user, int error, const struct p9_msg *reply)
{
	struct f9_op *op = user;
	op->tag = -1;
	op->then(op, error, reply);
}

void f9_send(struct f9_op *op, const struct p9_msg *m, f9_then then)
{
	assert(op->tag < 0);
	int r = p9_client_request(op->fs->client, m, replied, op);
	if (r < 0) {
		then(op, r, NULL);
		return;
	}
	op->tag = r;
	op->then = then;
	if (op->interrupted) /* between two steps: do not begin another that waits */
		p9_client_flush(op->fs->client, (uint16_t)r);
}

void f9_send_once(struct f9_op *op, const struct p9_msg *m, f9_then then)
{
	f9_send(op, m, then);
}

/* ---- the whole ---- */

static void init(void *user, struct fuse_conn_info *conn)
{
	/* Each open file's writes go out as the user who opened it: the server's kernel takes
	 * set-user-id bits away when it should. */
	conn->want |= conn->capable &
		      (FUSE_CAP_HANDLE_KILLPRIV | FUSE_CAP_ASYNC_DIO | FUSE_CAP_PARALLEL_DIROPS);
	conn->max_write = P9_MAX_MSIZE;
	conn->max_background = 64;
	conn->congestion_threshold = 48;
	/* Names and times of the server count, to the nanosecond. */
	conn->time_gran = 1;
}

int f9_init(struct f9 *fs, struct p9_client *client)
{
	fs->client = client;
	list_init(&fs->ops);
	list_init(&fs->parked);
	list_init(&fs->sleepers);
	list_init(&fs->lru);
	int r = f9_table_init(&fs->by_qid);
	if (r >= 0)
		r = f9_table_init(&fs->by_name);
	return r;
}

void f9_done(struct f9 *fs)
{
	if (fs->by_qid.buckets)
		f9_node_free_all(fs);
	f9_table_done(&fs->by_qid);
	f9_table_done(&fs->by_name);
}

const struct fuse_lowlevel_ops f9_fuse_ops = {
	.init = init,
	.lookup = f9_lookup,
	.forget = f9_forget,
	.forget_multi = f9_forget_multi,
	.getattr = f9_getattr,
	.setattr = f9_setattr,
	.readlink = f9_readlink,
	.mknod = f9_mknod,
	.mkdir = f9_mkdir,
	.symlink = f9_symlink,
	.link = f9_link,
	.unlink = f9_unlink,
	.rmdir = f9_rmdir,
	.rename = f9_rename,
	.statfs = f9_statfs,
	.open = f9_open,
	.create = f9_create,
	.read = f9_read,
	.write = f9_write,
	.flush = f9_flush,
	.release = f9_release,
	.fsync = f9_fsync,
	.opendir = f9_opendir,
	.readdir = f9_readdir,
	.readdirplus = f9_readdirplus,
	.releasedir = f9_releasedir,
	.fsyncdir = f9_fsync,
	.setxattr = f9_setxattr,
	.getxattr = f9_getxattr,
	.listxattr = f9_listxattr,
	.removexattr = f9_removexattr,
	.getlk = f9_getlk,
	.setlk = f9_setlk,
	.flock = f9_flock,
};
