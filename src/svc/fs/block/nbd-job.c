/* SPDX-License-Identifier: MIT */
/*
 * What threads of the pool do: requests that wait for the disk.
 *
 * Theory of operation: a thread does all of a request, and sends its reply by itself.  A long read
 * is sent in pieces where the protocol can (structured replies): so an error in the middle
 * is told where it is.  It goes from the page cache to the socket through a pipe that the job makes
 * for itself, so it takes no memory of ours; only with O_DIRECT, or where there is no pipe to be
 * had, by way of the thread's buffer.  Where the protocol cannot take pieces nothing may be said
 * before everything has been read, and such a read gets memory of its own; one at a time, as that
 * may be 32 MiB.
 */
#include "svc/fs/block/nbd-conn.h"

#include "svc/fs/block/nbd-extents.h"

#include <sys/mman.h>

static void answer(struct nbd_conn *c, const struct nbd_request *q, int r, const char *text)
{
	uint8_t out[NBD_SERVER_HEADER_MAX + NBD_SERVER_ERROR_TEXT_MAX];
	if (r)
		nbd_count(&c->errors, 1);
	nbd_send_bytes(
		&c->out, out, nbd_server_reply(c->server, q, nbd_error_from_errno(-r), text, out));
}

/* ---- READ ---------------------------------------------------------------------------------- */

static int read_file(struct nbd_conn *c, void *p, size_t n, uint64_t at)
{
	int r = nbd_file_read(&c->file, p, n, at);
	if (r == -EINVAL) /* it has become shorter */
		atomic_store(&c->size_is_stale, true);
	return r;
}

/* Reads and sends a part; data goes to where a page begins, its header right before it. */
static int read_part(struct nbd_conn *c, const struct nbd_request *q, uint8_t *buffer, uint64_t at,
	size_t n, bool last)
{
	uint8_t head[NBD_SERVER_HEADER_MAX], *data = buffer + NBD_FILE_ALIGN;
	int r = read_file(c, data, n, at);
	if (r)
		return r;
	size_t k = nbd_server_data(c->server, q, at, n, last, head);
	memcpy(data - k, head, k);
	nbd_send_bytes(&c->out, data - k, k + n);
	return 0;
}

/* The same without our memory. -EOPNOTSUPP: not this way. */
static int splice_part(struct nbd_conn *c, const struct nbd_request *q, struct nbd_pipe *pipe,
	uint64_t at, size_t n, bool last)
{
	uint8_t head[NBD_SERVER_HEADER_MAX];
	if (c->file.direct || n < NBD_SPLICE_LEAST)
		return -EOPNOTSUPP;
	int r = nbd_pipe_fill(pipe, c->file.fd, at, n);
	if (r == -EINVAL) /* it has become shorter */
		atomic_store(&c->size_is_stale, true);
	if (!r)
		nbd_pipe_send(
			pipe, &c->out, head, nbd_server_data(c->server, q, at, n, last, head), n);
	return r;
}

static int read_whole(struct nbd_conn *c, const struct nbd_request *q)
{
	size_t size = NBD_FILE_ALIGN + q->length;
	pthread_mutex_lock(&c->one_whole);
	uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int r = p == MAP_FAILED ? -ENOMEM : read_part(c, q, p, q->offset, (size_t)q->length, true);
	if (p != MAP_FAILED)
		munmap(p, size);
	pthread_mutex_unlock(&c->one_whole);
	return r;
}

/* After some data has been sent. */
static void break_off(struct nbd_conn *c, const struct nbd_request *q, int r, uint64_t done)
{
	uint8_t out[NBD_SERVER_HEADER_MAX + NBD_SERVER_ERROR_TEXT_MAX];
	nbd_count(&c->errors, 1);
	nbd_send_bytes(&c->out, out,
		nbd_server_error_at(c->server, q, nbd_error_from_errno(-r), q->offset + done, out));
}

/* done: what of it has been sent already. */
static void run_read(
	struct nbd_conn *c, const struct nbd_request *q, uint64_t done, uint8_t *buffer)
{
	bool in_pieces = nbd_server_is_structured(c->server) && !(q->flags & NBD_CMD_FLAG_DF);
	uint64_t most = in_pieces ? NBD_SPLICE_CHUNK : NBD_JOB_CHUNK;
	struct nbd_pipe pipe = NBD_PIPE_INIT;
	int r = 0;
	if (q->length > NBD_JOB_CHUNK && !in_pieces) {
		r = read_whole(c, q);
		done = r ? 0 : q->length;
	}
	while (!r && done < q->length && !nbd_send_closed(&c->out)) {
		size_t n = MIN(q->length - done, most);
		bool last = done + n == q->length;
		r = splice_part(c, q, &pipe, q->offset + done, n, last);
		if (r == -EOPNOTSUPP)
			r = read_part(c, q, buffer, q->offset + done, n, last);
		done += r ? 0 : n;
	}
	nbd_pipe_done(&pipe);
	if (r && done)
		break_off(c, q, r, done);
	else if (r)
		answer(c, q, r, r == -EINVAL ? "the file has become shorter" : NULL);
}

/* ---- the others ---------------------------------------------------------------------------- */

/* What has been done is to be on the disk, too, if that was asked for. */
static int settle(struct nbd_conn *c, const struct nbd_request *q, int r)
{
	return !r && (q->flags & NBD_CMD_FLAG_FUA) ? nbd_file_flush(&c->file) : r;
}

static int run_write(struct nbd_conn *c, const struct nbd_job *j)
{
	const struct nbd_request *q = &j->q;
	if (!j->payload) /* written by the one who read it */
		return settle(c, q, 0);
	bool sync = q->flags & NBD_CMD_FLAG_FUA;
	int r = nbd_file_write(&c->file, j->payload, q->payload, q->offset, sync);
	munmap(j->payload, q->payload);
	return r;
}

static int run_zeroes(struct nbd_conn *c, const struct nbd_request *q)
{
	unsigned flags = (q->flags & NBD_CMD_FLAG_NO_HOLE ? NBD_FILE_KEEP : 0) |
			 (q->flags & NBD_CMD_FLAG_FAST_ZERO ? NBD_FILE_FAST : 0);
	return settle(c, q, nbd_file_zero(&c->file, q->offset, q->length, flags, &c->out.closed));
}

static void run_status(struct nbd_conn *c, const struct nbd_request *q, uint8_t *buffer)
{
	struct nbd_extent *extents = (struct nbd_extent *)(void *)buffer;
	uint8_t *out = buffer + sizeof(*extents) * NBD_SERVER_EXTENTS_MAX;
	size_t max = q->flags & NBD_CMD_FLAG_REQ_ONE ? 1 : NBD_SERVER_EXTENTS_MAX;
	int n = nbd_extents_find(&c->file, q->offset, q->length, extents, max);
	if (n < 0)
		answer(c, q, n, NULL);
	else
		nbd_send_bytes(
			&c->out, out, nbd_server_status(c->server, q, extents, (size_t)n, out));
}

void nbd_job_run(void *ctx, struct nbd_job *j, uint8_t *buffer)
{
	struct nbd_conn *c = ctx;
	const struct nbd_request *q = &j->q;
	int r = 0;
	switch (q->type) {
	case NBD_CMD_READ:
		if (!nbd_send_closed(&c->out))
			run_read(c, q, j->done, buffer);
		return;
	case NBD_CMD_BLOCK_STATUS:
		if (!nbd_send_closed(&c->out))
			run_status(c, q, buffer);
		return;
	case NBD_CMD_WRITE:
		r = run_write(c, j);
		break;
	case NBD_CMD_FLUSH:
		r = nbd_file_flush(&c->file);
		break;
	case NBD_CMD_CACHE:
		nbd_file_prefetch(&c->file, q->offset, q->length);
		break;
	case NBD_CMD_TRIM:
		r = settle(c, q, nbd_file_trim(&c->file, q->offset, q->length));
		break;
	case NBD_CMD_WRITE_ZEROES:
		r = run_zeroes(c, q);
		break;
	default:
		assert(false);
	}
	answer(c, q, r, NULL);
}
