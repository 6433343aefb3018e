/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: 9P reads an attribute by walking to it (Txattrwalk answers with its size and
 * makes a fid to read from) and writes one by turning a copy of the file's fid into it
 * (Txattrcreate), writing the value and clunking, where Rclunk says whether it worked.  Removing is
 * writing nothing where the protocol has no other way (as v9fs does it).
 */
#include "svc/fs/fuse/fuse9p.h"

#include <sys/xattr.h>

/* ---- reading ---- */

static void get_read(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error) {
		size_t n = MIN((size_t)m->rread.data.len, op->n_data - op->offset);
		memcpy((uint8_t *)op->data + op->offset, m->rread.data.p, n);
		op->offset += n;
		if (n == 0)
			op->n_data = op->offset;
	}
	if (error) {
		f9_op_err(op, error);
		return;
	}
	if (op->offset == op->n_data) {
		fuse_reply_buf(op->req, op->data, op->n_data);
		f9_op_free(op);
		return;
	}
	size_t most = p9_client_payload_max(op->fs->client);
	struct p9_msg next = {.type = P9_Tread,
		.tread = {.fid = op->newfid,
			.offset = op->offset,
			.count = (uint32_t)MIN(op->n_data - op->offset, most)}};
	f9_send(op, &next, get_read);
}

static void get_walked(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error) {
		f9_fid_unused(op);
		f9_op_err(op, error);
		return;
	}
	uint64_t n = m->rxattrwalk.size;
	if (n > F9_MAX_XATTR) {
		f9_op_err(op, -E2BIG);
		return;
	}
	if (op->size == 0) {
		fuse_reply_xattr(op->req, (size_t)n);
		f9_op_free(op);
		return;
	}
	if (n > op->size) {
		f9_op_err(op, -ERANGE);
		return;
	}
	op->n_data = (size_t)n;
	op->data = calloc(1, n ? n : 1);
	if (!op->data) {
		f9_op_err(op, -ENOMEM);
		return;
	}
	if (n == 0) {
		fuse_reply_buf(op->req, op->data, 0);
		f9_op_free(op);
		return;
	}
	struct p9_msg first = {.type = P9_Tread,
		.tread = {.fid = op->newfid,
			.count = (uint32_t)MIN(
				op->n_data, (size_t)p9_client_payload_max(op->fs->client))}};
	f9_send(op, &first, get_read);
}

static void get_have_fid(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (!error)
		error = f9_fid_new(op);
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct p9_msg m = {.type = P9_Txattrwalk,
		.txattrwalk = {
			.fid = op->fid->fid, .newfid = op->newfid, .name = f9_str(op->name)}};
	f9_send(op, &m, get_walked);
}

void f9_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op || !f9_op_name(op, name))
		return;
	op->size = size;
	f9_fid_own(op, op->node, &op->fid, get_have_fid);
}

void f9_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	op->size = size;
	f9_fid_own(op, op->node, &op->fid, get_have_fid);
}

/* ---- writing ---- */

static void set_clunked(struct f9_op *op, int error, const struct p9_msg *m)
{
	f9_fid_unused(op); /* gone at the server, whatever the answer */
	f9_op_err(op, error);
}

static void set_written(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (!error && reply && reply->type == P9_Rwrite) {
		op->offset += reply->rwrite.count;
		if (reply->rwrite.count == 0)
			error = -EIO;
	}
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct p9_msg m = {.type = P9_Tclunk, .tclunk = {.fid = op->newfid}};
	size_t left = op->n_data - op->offset;
	if (left == 0) {
		f9_send(op, &m, set_clunked);
		return;
	}
	left = MIN(left, (size_t)p9_client_payload_max(op->fs->client));
	m = (struct p9_msg){.type = P9_Twrite,
		.twrite = {.fid = op->newfid,
			.offset = op->offset,
			.data = {(const uint8_t *)op->data + op->offset, (uint32_t)left}}};
	f9_send(op, &m, set_written);
}

static void set_walked(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct p9_msg m = {.type = P9_Txattrcreate,
		.txattrcreate = {.fid = op->newfid,
			.name = f9_str(op->name),
			.attr_size = op->n_data,
			.flags = (uint32_t)op->flags}};
	f9_send(op, &m, set_written);
}

void f9_setxattr(
	fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	struct f9_op *op = f9_op_new_change(req, ino);
	if (!op || !f9_op_name(op, name))
		return;
	op->flags = flags;
	op->n_data = size;
	op->data = malloc(size ? size : 1);
	if (!op->data) {
		f9_op_err(op, -ENOMEM);
		return;
	}
	memcpy(op->data, value, size);
	f9_fid_walk(op, op->node, set_walked);
}

void f9_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct f9_op *op = f9_op_new_change(req, ino);
	if (!op || !f9_op_name(op, name))
		return;
	op->flags = XATTR_REPLACE;
	f9_fid_walk(op, op->node, set_walked);
}
