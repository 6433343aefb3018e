/* SPDX-License-Identifier: MIT */
/*
 * What is done with a request by the thread that reads the connection.
 *
 * Theory of operation: what is in memory is done at once: reads of less than NBD_SPLICE_LEAST are
 * read to behind their header in the buffer of replies, longer ones go from the file to the socket
 * by splice.  What is written to the page cache is written as it comes (nbd-write.c).  Everything
 * else becomes a job for the pool, which waits for the disk meanwhile.  Trying a short read has set
 * the disk to work, so as many of those are under way as the client asked for, however few
 * threads there are.  For long ones the kernel reads ahead as far as it finds right, which it
 * does best if it sees nothing but the reads themselves.
 */
#include "svc/fs/block/nbd-conn.h"

/* ---- replies ------------------------------------------------------------------------------- */

static void make_room(struct nbd_conn *c)
{
	if (c->replies_len >= NBD_REPLIES)
		nbd_conn_flush(c);
}

void nbd_request_answer(
	struct nbd_conn *c, const struct nbd_request *q, uint32_t error, const char *text)
{
	make_room(c);
	if (error)
		nbd_count(&c->errors, 1);
	c->replies_len += nbd_server_reply(c->server, q, error, text, c->replies + c->replies_len);
}

/* ---- READ ---------------------------------------------------------------------------------- */

static bool read_here(struct nbd_conn *c, const struct nbd_request *q)
{
	make_room(c);
	uint8_t *head = c->replies + c->replies_len;
	size_t n = nbd_server_data(c->server, q, q->offset, q->length, true, head);
	if (!nbd_file_read_now(&c->file, head + n, q->length, q->offset))
		return false;
	c->replies_len += n + q->length;
	return true;
}

/* A part of a long read, which may be all of it. */
static bool splice_part(
	struct nbd_conn *c, const struct nbd_request *q, uint64_t at, size_t n, bool last)
{
	if (!nbd_file_has_now(&c->file, at, n) || nbd_pipe_fill(&c->pipe, c->file.fd, at, n))
		return false;
	make_room(c);
	c->replies_len += nbd_server_data(c->server, q, at, n, last, c->replies + c->replies_len);
	nbd_pipe_send(&c->pipe, &c->out, c->replies, c->replies_len, n);
	c->replies_len = 0;
	return true;
}

/* How far it got: the protocol may not allow of parts. */
static uint64_t read_by_splice(struct nbd_conn *c, const struct nbd_request *q)
{
	bool in_pieces = nbd_server_is_structured(c->server) && !(q->flags & NBD_CMD_FLAG_DF);
	uint64_t done = 0;
	while (done < q->length) {
		uint64_t n = q->length - done;
		if (in_pieces)
			n = MIN(n, (uint64_t)NBD_SPLICE_CHUNK);
		if (!splice_part(c, q, q->offset + done, (size_t)n, done + n == q->length))
			break;
		done += n;
	}
	return done;
}

static void run_read(struct nbd_conn *c, const struct nbd_request *q)
{
	nbd_count(&c->bytes_read, q->length);
	uint64_t done = 0;
	if (q->length >= NBD_SPLICE_LEAST)
		done = read_by_splice(c, q);
	else if (read_here(c, q))
		done = q->length;
	if (done < q->length)
		nbd_pool_push(&c->pool, &(struct nbd_job){.q = *q, .done = done});
}

/* ---- the others ---------------------------------------------------------------------------- */

static void run_disc(struct nbd_conn *c, const struct nbd_request *q)
{
	(void)q;
	c->over = true;
}

static void run_status(struct nbd_conn *c, const struct nbd_request *q)
{
	struct nbd_job j = {.q = *q};
	/* nbd-worker.c has waited for all of the payload. */
	bool good = !q->payload || nbd_server_status_payload(c->server, &j.q, c->in + c->at);
	c->at += q->payload;
	if (good)
		nbd_pool_push(&c->pool, &j);
	else
		nbd_request_answer(c, q, NBD_EINVAL, NULL);
}

static void run_later(struct nbd_conn *c, const struct nbd_request *q)
{
	nbd_pool_push(&c->pool, &(struct nbd_job){.q = *q});
}

static void (*const requests[])(struct nbd_conn *c, const struct nbd_request *q) = {
	[NBD_CMD_READ] = run_read,
	[NBD_CMD_WRITE] = nbd_write_begin,
	[NBD_CMD_DISC] = run_disc,
	[NBD_CMD_FLUSH] = run_later,
	[NBD_CMD_TRIM] = run_later,
	[NBD_CMD_CACHE] = run_later,
	[NBD_CMD_WRITE_ZEROES] = run_later,
	[NBD_CMD_BLOCK_STATUS] = run_status,
};

void nbd_request_run(struct nbd_conn *c, const struct nbd_request *q)
{
	nbd_count(&c->requests, 1);
	c->header_first = false;
	if (q->error && q->payload) {
		nbd_write_refuse(c, q);
		return;
	}
	if (q->error) {
		nbd_request_answer(c, q, q->error, NULL);
		return;
	}
	assert(q->type < ARRAY_SIZE(requests));
	requests[q->type](c, q);
}
