/* SPDX-License-Identifier: MIT */
/*
 * Payloads: of writes, and those that nobody wants.
 *
 * Theory of operation: what goes to the page cache is written in pieces as it comes, so a
 * write of any length takes no memory.  A long one goes from the socket to the file through a pipe,
 * which spares a copy; to that end, after a long write only the header of the next request is
 * received by itself.  Pieces end where blocks end: of a block that is not in memory and is
 * written in two parts, the rest would have to be read from the disk first.
 *
 * What might wait for the disk is a job with its payload: with O_DIRECT; short ones with FUA; short
 * ones that do begin or end within a block that is not in memory.  A long write with FUA is written
 * as it comes, and flushed by a job.
 */
#include "svc/fs/block/nbd-conn.h"

#include <poll.h>
#include <sys/mman.h>

/* Only the blocks at its ends may have to be read. */
static bool waits_for_reading(struct nbd_conn *c, const struct nbd_request *q)
{
	uint64_t mask = c->file.block_preferred - 1, end = q->offset + q->length;
	if (c->file.reading != NBD_FILE_TRY)
		return false;
	return ((q->offset & mask) && !nbd_file_has_now(&c->file, q->offset, 1)) ||
	       ((end & mask) && !nbd_file_has_now(&c->file, end - 1, 1));
}

static bool is_for_the_pool(struct nbd_conn *c, const struct nbd_request *q)
{
	if (c->file.direct)
		return true;
	if (q->length > NBD_JOB_PAYLOAD_MAX)
		return false;
	return (q->flags & NBD_CMD_FLAG_FUA) || waits_for_reading(c, q);
}

/* Memory for the payload of a job. */
static void collect(struct nbd_conn *c)
{
	struct nbd_payload *w = &c->payload;
	size_t n = w->q.payload;
	nbd_conn_flush(c); /* it may take a while until there is room */
	nbd_pool_charge(&c->pool, n);
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		nbd_pool_release(&c->pool, n);
		w->reply = NBD_ENOMEM;
	} else {
		w->job = p;
	}
}

void nbd_write_begin(struct nbd_conn *c, const struct nbd_request *q)
{
	bool is_long = q->payload >= NBD_SPLICE_LEAST;
	c->payload = (struct nbd_payload){.q = *q, .left = q->payload};
	nbd_count(&c->bytes_written, q->payload);
	if (is_for_the_pool(c, q)) {
		collect(c);
		return;
	}
	c->payload.spliced = is_long && c->at == c->len && !c->pipe.unusable;
	c->header_first = is_long && !c->pipe.unusable;
}

void nbd_write_refuse(struct nbd_conn *c, const struct nbd_request *q)
{
	assert(q->error && q->payload);
	c->payload = (struct nbd_payload){.q = *q, .left = q->payload, .reply = q->error};
}

void nbd_write_abandon(struct nbd_conn *c)
{
	struct nbd_payload *w = &c->payload;
	if (w->job) {
		munmap(w->job, w->q.payload);
		nbd_pool_release(&c->pool, w->q.payload);
	}
	*w = (struct nbd_payload){};
}

static void end(struct nbd_conn *c)
{
	struct nbd_payload *w = &c->payload;
	struct nbd_job j = {.q = w->q};
	if (w->job) {
		j.payload = TAKE_PTR(w->job);
		j.charged = w->q.payload;
		nbd_pool_push(&c->pool, &j);
	} else if (!w->reply && (w->q.flags & NBD_CMD_FLAG_FUA)) {
		nbd_pool_push(&c->pool, &j); /* without payload: the flush that is left to do */
	} else {
		nbd_request_answer(c, &w->q, w->reply, NULL);
	}
	w->spliced = false;
}

/* How much of the n bytes that have come is written now. */
static size_t whole_blocks(const struct nbd_conn *c, size_t n)
{
	const struct nbd_payload *w = &c->payload;
	uint64_t at = w->q.offset + w->done;
	if (n >= w->left)
		return (size_t)w->left;
	uint64_t stop = (at + n) & ~(uint64_t)(c->file.block_preferred - 1);
	return stop > at ? (size_t)(stop - at) : 0;
}

static void use_up(struct nbd_payload *w, size_t n)
{
	w->done += n;
	w->left -= n;
}

static bool something_has_come(const struct nbd_conn *c)
{
	struct pollfd p = {.fd = c->out.sock, .events = POLLIN};
	return poll(&p, 1, 0) == 1;
}

/* There is more, but no room in the pipe, and not a block in it: what comes in such small pieces is
 * received as others are. */
static int leave_the_pipe(struct nbd_conn *c)
{
	ssize_t n = nbd_pipe_take(&c->pipe, c->in, NBD_IN_SIZE);
	if (n < 0)
		return (int)n;
	c->at = 0;
	c->len = (size_t)n;
	c->payload.spliced = false;
	return 1;
}

/* 1: goes on; or negative errno. */
static int splice_some(struct nbd_conn *c)
{
	struct nbd_payload *w = &c->payload;
	nbd_conn_flush(c);
	ssize_t n = nbd_pipe_receive(&c->pipe, c->out.sock, (size_t)w->left - c->pipe.held);
	if (n == -EAGAIN && c->pipe.held && something_has_come(c))
		return leave_the_pipe(c);
	if (n == -EAGAIN) {
		nbd_conn_rest(c);
		return 1;
	}
	if (n == -EOPNOTSUPP && !c->pipe.held) {
		w->spliced = false;
		return 1;
	}
	if (n <= 0)
		return -ECONNRESET;
	size_t held = c->pipe.held, k = whole_blocks(c, held);
	if (!k)
		return 1;
	int r = nbd_pipe_write(&c->pipe, &c->file, w->q.offset + w->done, k, c->in, NBD_IN_SIZE);
	w->reply = nbd_error_from_errno(-r);
	w->spliced = !r; /* what else comes is thrown away */
	use_up(w, r ? held : k);
	return 1;
}

/* 1; 0: not enough has come; or negative errno. */
static int take_some(struct nbd_conn *c)
{
	struct nbd_payload *w = &c->payload;
	size_t n = MIN((size_t)w->left, c->len - c->at);
	if (w->job) {
		memcpy(w->job + w->done, c->in + c->at, n);
	} else if (!w->reply) {
		n = whole_blocks(c, n);
		int r = n ? nbd_file_write(&c->file, c->in + c->at, n, w->q.offset + w->done, false)
			  : 0;
		w->reply = nbd_error_from_errno(-r);
	}
	if (!n)
		return 0;
	c->at += n;
	use_up(w, n);
	if (w->job && w->left) {
		if (!nbd_conn_receive(c, w->job + w->done, (size_t)w->left))
			return -ECONNRESET;
		w->left = 0;
	}
	return 1;
}

int nbd_write_payload(struct nbd_conn *c)
{
	int r = c->payload.spliced ? splice_some(c) : take_some(c);
	if (r > 0 && !c->payload.left)
		end(c);
	return r;
}
