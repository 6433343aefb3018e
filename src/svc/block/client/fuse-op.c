/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a request is one operation of the core, with its data beside it, until it
 * has been answered and, if it wrote, the core needs the data no longer.
 *
 * Data comes in buffers of the largest size, which are used again: a WRITE that fills a good part
 * of one keeps it, smaller data is copied to where it takes no more room than it needs, since it
 * may be kept until the next flush.
 *
 * The loop device turns both discarding and writing zeroes into punching holes, and expects to read
 * zeroes afterwards, so that is WRITE_ZEROES and not TRIM (which promises nothing).
 */
#include "svc/block/client/fuse-op.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>

enum { TIDY_MS = 1000, KEEP_FROM = FUSE_DATA_MAX / 4 };

/* ---- buffers ---- */

static uint8_t *buffer_new(struct front_fuse *f)
{
	if (f->n_buffers)
		return f->buffers[--f->n_buffers];
	void *p = mmap(
		NULL, FUSE_DATA_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

void fuse_data_free(struct front_fuse *f, uint8_t *data)
{
	if (data && f->n_buffers < FUSE_BUFFERS_MAX) {
		f->buffers[f->n_buffers++] = data;
		if (!f->busy_ms)
			f->busy_ms = watch_now_ms();
	} else if (data) {
		(void)munmap(data, FUSE_DATA_MAX);
	}
}

int fuse_data_new(struct front_fuse *f)
{
	f->data = buffer_new(f);
	return f->data ? 0 : -ENOMEM;
}

void fuse_buffers_clear(struct front_fuse *f)
{
	fuse_data_free(f, TAKE_PTR(f->data));
	while (f->n_buffers)
		(void)munmap(f->buffers[--f->n_buffers], FUSE_DATA_MAX);
}

int fuse_tidy(struct front_fuse *f)
{
	uint64_t now = watch_now_ms();
	if (f->n_ops)
		f->busy_ms = now;
	if (!f->busy_ms)
		return -1;
	if (!f->n_ops && now - f->busy_ms >= TIDY_MS) {
		fuse_buffers_clear(f);
		f->busy_ms = 0;
		return -1;
	}
	return TIDY_MS;
}

/* ---- operations ---- */

struct fuse_op {
	struct nbd_op op;
	struct front_fuse *f;
	uint64_t unique;
	uint8_t *data;
	bool whole; /* data is one of the buffers */
	bool answered;
	bool kept; /* a WRITE that the core still needs */
	/* LSEEK */
	uint64_t from, found, reached;
	uint32_t state;
};

static void op_free(struct fuse_op *o)
{
	if (o->whole)
		fuse_data_free(o->f, o->data);
	else
		free(o->data);
	free(o);
}

static void answer(struct fuse_op *o, int error, const void *data, size_t n)
{
	fuse_answer(o->f, o->unique, error, data, error ? 0 : n);
	o->f->n_ops--;
	o->answered = true;
	if (!o->kept)
		op_free(o);
}

static void on_done(struct nbd_op *op, int error)
{
	struct fuse_op *o = container_of(op, struct fuse_op, op);
	struct fuse_write_out out = {.size = (uint32_t)op->length};
	if (op->type == NBD_CMD_READ)
		answer(o, error, o->data, op->length);
	else if (op->type == NBD_CMD_WRITE)
		answer(o, error, &out, sizeof(out));
	else
		answer(o, error, NULL, 0);
}

static void on_released(struct nbd_op *op)
{
	struct fuse_op *o = container_of(op, struct fuse_op, op);
	o->kept = false;
	if (o->answered)
		op_free(o);
}

static struct fuse_op *op_new(struct front_fuse *f, uint64_t unique)
{
	struct fuse_op *o = calloc(1, sizeof(*o));
	if (!o) {
		fuse_answer(f, unique, -ENOMEM, NULL, 0);
		return NULL;
	}
	o->f = f;
	o->unique = unique;
	o->op.done = on_done;
	o->op.released = on_released;
	f->n_ops++;
	return o;
}

static void submit(struct fuse_op *o)
{
	o->kept = o->op.type == NBD_CMD_WRITE;
	int r = client_submit(o->f->front.client, &o->op);
	if (r < 0) {
		o->kept = false;
		answer(o, r, NULL, 0);
	}
}

/* How much of the range there is. */
static uint64_t cut(const struct front_fuse *f, uint64_t offset, uint64_t length)
{
	uint64_t size = client_export(f->front.client).size;
	return offset >= size ? 0 : MIN(length, size - offset);
}

static bool allocate(struct fuse_op *o, size_t n)
{
	o->whole = n >= KEEP_FROM;
	o->data = o->whole ? buffer_new(o->f) : malloc(n);
	if (!o->data)
		answer(o, -ENOMEM, NULL, 0);
	return o->data != NULL;
}

void fuse_do_read(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
	const struct fuse_read_in *in = body;
	uint64_t n = cut(f, in->offset, in->size);
	if (h->nodeid != FUSE_NODE_DISK || in->size > FUSE_DATA_MAX || n == 0) {
		fuse_answer(f, h->unique, in->size > FUSE_DATA_MAX ? -EINVAL : 0, NULL, 0);
		return;
	}
	struct fuse_op *o = op_new(f, h->unique);
	if (!o || !allocate(o, n))
		return;
	o->op.type = NBD_CMD_READ;
	o->op.offset = in->offset;
	o->op.length = n;
	o->op.into = o->data;
	submit(o);
}

/* The data in f->data becomes the operation's. */
static bool take_data(struct fuse_op *o, size_t n)
{
	if (n >= KEEP_FROM) {
		o->whole = true;
		o->data = TAKE_PTR(o->f->data);
		return true;
	}
	if (!allocate(o, n))
		return false;
	memcpy(o->data, o->f->data, n);
	return true;
}

void fuse_do_write(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
	const struct fuse_write_in *in = body;
	uint32_t n = in->size;
	if (h->nodeid != FUSE_NODE_DISK || n == 0 || n > FUSE_DATA_MAX ||
		h->len != sizeof(f->head) + n) {
		fuse_answer(f, h->unique, -EINVAL, NULL, 0);
		return;
	}
	if (cut(f, in->offset, n) < n) {
		fuse_answer(f, h->unique, -ENOSPC, NULL, 0);
		return;
	}
	struct fuse_op *o = op_new(f, h->unique);
	if (!o || !take_data(o, n))
		return;
	bool sync = in->flags & (O_DSYNC | O_SYNC);
	bool fua = client_export(f->front.client).flags & NBD_FLAG_SEND_FUA;
	o->op.type = NBD_CMD_WRITE;
	o->op.flags = sync && fua ? NBD_CMD_FLAG_FUA : 0;
	o->op.offset = in->offset;
	o->op.length = n;
	o->op.data = o->data;
	submit(o);
}

void fuse_do_fsync(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
	/* A server without it has nothing that could be flushed. */
	if (!(client_export(f->front.client).flags & NBD_FLAG_SEND_FLUSH)) {
		fuse_answer(f, h->unique, 0, NULL, 0);
		return;
	}
	struct fuse_op *o = op_new(f, h->unique);
	if (!o)
		return;
	o->op.type = NBD_CMD_FLUSH;
	submit(o);
}

void fuse_do_fallocate(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
	const struct fuse_fallocate_in *in = body;
	uint16_t flags = client_export(f->front.client).flags;
	bool punch = in->mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
	bool zero = in->mode == (FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE);
	uint64_t n = cut(f, in->offset, in->length);
	if ((!punch && !zero) || !(flags & NBD_FLAG_SEND_WRITE_ZEROES) || n == 0) {
		fuse_answer(f, h->unique, n == 0 ? 0 : -EOPNOTSUPP, NULL, 0);
		return;
	}
	struct fuse_op *o = op_new(f, h->unique);
	if (!o)
		return;
	o->op.type = NBD_CMD_WRITE_ZEROES;
	o->op.flags = zero ? NBD_CMD_FLAG_NO_HOLE : 0;
	o->op.offset = in->offset;
	o->op.length = n;
	submit(o);
}

/* ---- LSEEK ---- */

static void on_extent(struct nbd_op *op, const struct nbd_extent_r *e)
{
	struct fuse_op *o = container_of(op, struct fuse_op, op);
	if (e->offset == op->offset) /* perhaps asked anew after a loss */
		o->found = UINT64_MAX;
	if (o->found == UINT64_MAX && (e->state & NBD_STATE_HOLE) == o->state)
		o->found = MAX(e->offset, o->from);
	o->reached = e->offset + e->length;
}

static void ask_status(struct fuse_op *o, uint64_t offset);

static void on_status(struct nbd_op *op, int error)
{
	struct fuse_op *o = container_of(op, struct fuse_op, op);
	uint64_t size = client_export(o->f->front.client).size;
	struct fuse_lseek_out out = {.offset = o->found};
	if (!error && o->found == UINT64_MAX && o->reached <= op->offset)
		error = -EIO;
	if (!error && o->found == UINT64_MAX && o->reached < size) {
		ask_status(o, o->reached);
		return;
	}
	/* There is always a hole at the end. */
	if (!error && o->found == UINT64_MAX && o->state == NBD_STATE_HOLE)
		out.offset = size;
	else if (!error && o->found == UINT64_MAX)
		error = -ENXIO;
	answer(o, error, &out, sizeof(out));
}

static void ask_status(struct fuse_op *o, uint64_t offset)
{
	o->found = UINT64_MAX;
	o->reached = offset;
	o->op = (struct nbd_op){.type = NBD_CMD_BLOCK_STATUS,
		.offset = offset,
		.length = client_export(o->f->front.client).size - offset,
		.extent = on_extent,
		.done = on_status};
	submit(o);
}

void fuse_do_lseek(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
	const struct fuse_lseek_in *in = body;
	struct block_export e = client_export(f->front.client);
	if (h->nodeid != FUSE_NODE_DISK || (in->whence != SEEK_DATA && in->whence != SEEK_HOLE)) {
		fuse_answer(f, h->unique, -EINVAL, NULL, 0);
		return;
	}
	if (in->offset >= e.size) {
		fuse_answer(f, h->unique, -ENXIO, NULL, 0);
		return;
	}
	struct fuse_op *o = op_new(f, h->unique);
	if (!o)
		return;
	o->from = in->offset;
	o->state = in->whence == SEEK_HOLE ? NBD_STATE_HOLE : 0;
	ask_status(o, in->offset - in->offset % MAX(e.block_min, 1u));
}
