/* SPDX-License-Identifier: MIT */
/*
 * A hostile server against the NBD client: the input is what the server sends, to a client that has
 * an operation of every kind waiting, whose cookies (small numbers) are hit easily.  The first
 * byte: bit 0: a `plain` client; bit 1: something is kept; the higher bits: how many bytes come at
 * once. The second byte: after how many portions the connection is lost and another one begun (0:
 * never). Checked: every operation is done once, data it is told of lies in it, and nothing is
 * written where it should not be.
 */
#include "wire/nbd/nbd-client.h"

#include <stdio.h>

enum { N_OPS = 16, SIZE = 512 };

struct fuzz_op {
	struct nbd_op op;
	int n_done;
	uint8_t *data;
};

static struct fuzz_op ops[N_OPS];
static volatile uint8_t sink;

static void touch(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sink ^= ((const uint8_t *)p)[i];
}

static void on_done(struct nbd_op *op, int error)
{
	struct fuzz_op *f = op->user;
	assert(error <= 0 && error > -512 && f->n_done++ == 0);
	if (op->type != NBD_CMD_WRITE) {
		free(f->data);
		f->data = NULL;
	}
}

static void on_released(struct nbd_op *op)
{
	struct fuzz_op *f = op->user;
	assert(f->n_done == 1 && f->data);
	free(f->data);
	f->data = NULL;
}

static void on_got(struct nbd_op *op, uint64_t offset, const void *data, uint64_t n)
{
	assert(n > 0 && offset >= op->offset && offset + n <= op->offset + op->length);
	if (data)
		touch(data, n);
}

static void on_extent(struct nbd_op *op, const struct nbd_extent_r *e)
{
	assert(e->length > 0 && e->offset >= op->offset &&
		e->offset + e->length <= op->offset + op->length);
}

static void submit_all(struct nbd_client *c)
{
	static const enum nbd_command types[] = {NBD_CMD_READ, NBD_CMD_READ, NBD_CMD_WRITE,
		NBD_CMD_FLUSH, NBD_CMD_TRIM, NBD_CMD_CACHE, NBD_CMD_WRITE_ZEROES,
		NBD_CMD_BLOCK_STATUS};
	for (unsigned i = 0; i < N_OPS; i++) {
		enum nbd_command type = types[i % ARRAY_SIZE(types)];
		bool flush = type == NBD_CMD_FLUSH;
		uint64_t length = flush ? 0 : SIZE * (1 + i / ARRAY_SIZE(types));
		ops[i] = (struct fuzz_op){.data = calloc(1, length + 1)};
		ops[i].op = (struct nbd_op){.type = type,
			.offset = flush ? 0 : (i % 4) * SIZE,
			.length = length,
			.data = ops[i].data,
			.into = i % 2 ? ops[i].data : NULL,
			.got = on_got,
			.extent = on_extent,
			.done = on_done,
			.released = on_released,
			.user = &ops[i]};
		int r = nbd_client_submit(c, &ops[i].op);
		if (r < 0) {
			free(ops[i].data);
			ops[i].n_done = 1;
		}
	}
}

static void drain(struct nbd_client *c)
{
	struct iovec iov[4];
	for (size_t n; (n = nbd_client_output(c, iov, 4)) > 0;) {
		size_t sent = 0;
		for (size_t i = 0; i < n; i++) {
			touch(iov[i].iov_base, iov[i].iov_len);
			sent += iov[i].iov_len;
		}
		nbd_client_output_done(c, sent);
	}
}

static int give(struct nbd_client *c, const uint8_t *data, size_t size)
{
	while (size > 0) {
		struct iovec iov[2];
		size_t pieces = nbd_client_input_vec(c, iov, 2), n = 0;
		for (size_t i = 0; i < pieces; i++) {
			size_t part = MIN(iov[i].iov_len, size);
			memcpy(iov[i].iov_base, data, part);
			data += part;
			size -= part;
			n += part;
		}
		int r = nbd_client_input(c, n);
		if (r < 0)
			return r;
		drain(c);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct nbd_client_config config = {.max_requests = 24,
		.payload_max = SIZE,
		.plain = data[0] & 1,
		.retain_max = data[0] & 2 ? 64 * SIZE : 0};
	size_t portion = data[0] >> 2 ? data[0] >> 2 : SIZE_MAX;
	unsigned until_lost = data[1];
	data += 2;
	size -= 2;
	struct nbd_client *c;
	if (nbd_client_new(&config, &c) < 0)
		return 0;
	submit_all(c);
	nbd_client_start(c, "1", 1);
	drain(c);
	while (size > 0) {
		size_t n = MIN(portion, size);
		int r = give(c, data, n);
		data += n;
		size -= n;
		assert(r == 0 || r == -EPROTO);
		if (r < 0 || --until_lost == 0) {
			nbd_client_lost(c);
			if (nbd_client_start(c, "2", 1) < 0)
				break;
			drain(c);
		}
	}
	nbd_client_free(c);
	for (unsigned i = 0; i < N_OPS; i++)
		assert(ops[i].n_done == 1);
	return 0;
}
