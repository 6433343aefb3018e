/* SPDX-License-Identifier: MIT */
/*
 * From bytes to messages.
 *
 * Messages are parsed where they were read to.  Whoever keeps one keeps its chunk; the connection
 * goes on filling the rest, and begins a new one when little is left.  When many chunks are kept
 * alive (calls that take long), or one is large, messages that are not most of it are copied out
 * instead, so that what is kept stays in proportion to what was sent.  A connection with nothing to
 * parse holds no chunk at all.
 */
#include "vat/conn/conn.h"

enum { INPUT_MIN = 4096 };

static size_t partial(const struct vat_conn *c)
{
	return c->in_fill - c->in_start;
}

/* What the next chunk should hold: room for more, for a long message doubling as it comes in. */
static size_t next_size(const struct vat_conn *c)
{
	size_t have = partial(c);
	if (have + INPUT_MIN <= CHUNK_SIZE / 2)
		return CHUNK_SIZE;
	return have * 2 + INPUT_MIN;
}

/* Moves what is not handled to a chunk with space. */
static int make_room(struct vat_conn *c)
{
	if (c->in && c->in->refs == 1 && !partial(c))
		c->in_start = c->in_fill = 0;
	if (c->in && c->in->size - c->in_fill >= INPUT_MIN)
		return 0;
	struct chunk *chunk = chunk_new(c->vat, next_size(c));
	if (!chunk)
		return -ENOMEM;
	size_t n = partial(c);
	if (n)
		memcpy(chunk->data, c->in->data + c->in_start, n);
	if (c->in)
		chunk_unref(c->in);
	c->in = chunk;
	c->in_start = 0;
	c->in_fill = n;
	return 0;
}

int vat_conn_input(struct vat_conn *c, void **ret, size_t *ret_len)
{
	int r = make_room(c);
	if (r < 0)
		return r;
	*ret = c->in->data + c->in_fill;
	*ret_len = c->in->size - c->in_fill;
	return 0;
}

bool vat_conn_wants_input(const struct vat_conn *c)
{
	return !c->over && !c->oom && c->out_bytes <= c->limits.output_bytes;
}

size_t vat_conn_partial(const struct vat_conn *c)
{
	return c->over ? 0 : partial(c);
}

void conn_drop_fds(struct vat_conn *c, uint32_t n)
{
	n = MIN(n, c->n_fds);
	for (uint32_t i = 0; i < n; i++)
		fd_close(c->in_fds[i].fd);
	c->n_fds -= n;
	c->n_in_fds = 0;
	if (c->n_fds)
		memmove(c->in_fds, c->in_fds + n, c->n_fds * sizeof(*c->in_fds));
	else
		free(TAKE_PTR(c->in_fds));
}

/* Descriptors come with the first byte of their message, and no read goes on behind such a
 * message's first piece: so they belong to the message which what was just read ends in. */
static void take_fds(struct vat_conn *c, const int *fds, size_t n)
{
	size_t keep = c->over ? 0 : MIN(n, c->limits.fds_per_message);
	if (keep) {
		struct in_fd *more = realloc(c->in_fds, (c->n_fds + keep) * sizeof(*more));
		if (!more) {
			c->oom = true;
			keep = 0;
		} else {
			c->in_fds = more;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (i < keep)
			c->in_fds[c->n_fds++] = (struct in_fd){fds[i], c->received};
		else
			fd_close(fds[i]);
	}
}

/* What is left belongs to a message still on its way. It might get one with every byte. */
static void limit_fds(struct vat_conn *c)
{
	while (c->n_fds > c->limits.fds_per_message)
		fd_close(c->in_fds[--c->n_fds].fd);
}

/* The message that ends there has the first descriptors; returns how many, its surplus included. */
static uint32_t own_fds(struct vat_conn *c, uint64_t end)
{
	uint32_t n = 0;
	while (n < c->n_fds && c->in_fds[n].at <= end)
		n++;
	c->n_in_fds = MIN(n, c->limits.fds_per_message);
	return n;
}

/* The message of `size` bytes at the start of what is not handled. */
static int handle(struct vat_conn *c, size_t size)
{
	struct parcel *p;
	struct chunk *chunk = c->in;
	uint8_t *at = chunk->data + c->in_start;
	/* What is kept must not keep much more than itself. */
	bool many = c->vat->n_chunks > CHUNK_MANY + c->vat->n_conns;
	bool copy = (many || chunk->size > CHUNK_SIZE) && size <= chunk->size / 2;
	if (copy) {
		chunk = chunk_new(c->vat, size);
		if (!chunk)
			return conn_oom(c);
		at = memcpy(chunk->data, at, size);
	}
	if (c->trace)
		c->trace(c->trace_user, false, &(struct iovec){at, size}, 1);
	int r = parcel_parse(c->vat, at, size, &c->limits.read, chunk, &p);
	c->in_start += size;
	c->messages_in++;
	if (r == -EBADMSG)
		r = conn_abort(c, "malformed frame");
	else if (r < 0)
		r = conn_oom(c);
	else
		r = conn_message(c, p);
	if (copy)
		chunk_unref(chunk);
	return r;
}

/* Handles one message if there is a whole one. *ret_more tells. */
static int step(struct vat_conn *c, bool *ret_more)
{
	size_t have = partial(c);
	*ret_more = false;
	size_t size =
		have ? vat_frame_size_usual(c->in->data + c->in_start, have, &c->limits.read) : 0;
	if (!size)
		return 0;
	if (size == SIZE_MAX || size / 8 > c->limits.message_words)
		return conn_abort(c, "message too large");
	if (size > have)
		return 0;
	*ret_more = true;
	uint32_t n_fds = own_fds(c, c->received - (have - size));
	struct vat *v = c->vat;
	vat_enter(v);
	int r = handle(c, size);
	vat_leave(v);
	if (n_fds)
		conn_drop_fds(c, n_fds);
	return r;
}

int vat_conn_received(struct vat_conn *c, size_t n, const int *fds, size_t n_fds)
{
	int r = 0;
	bool more = true;
	c->received += n;
	if (n_fds)
		take_fds(c, fds, n_fds);
	if (c->over)
		more = false;
	else
		c->in_fill += n;
	while (more && r == 0 && !c->over && !c->oom)
		r = step(c, &more);
	struct vat *v = c->vat;
	vat_enter(v);
	if (c->oom && !c->over)
		conn_end(c, failure_oom());
	if (c->oom)
		r = -ENOMEM;
	limit_fds(c);
	if (c->in && (c->over || !partial(c))) {
		chunk_unref(TAKE_PTR(c->in));
		c->in_start = c->in_fill = 0;
	}
	vat_leave(v);
	return r;
}

void vat_conn_eof(struct vat_conn *c, int err)
{
	struct vat *v = c->vat;
	vat_enter(v);
	struct failure *f = NULL;
	if (err)
		f = failure_new(VAT_DISCONNECTED, "connection lost: %s", strerror(-err));
	else if (!c->over && (partial(c) || !vat_conn_idle(c)))
		f = failure_new(VAT_DISCONNECTED, "connection closed by the peer");
	conn_end(c, f);
	conn_discard_output(c);
	vat_leave(v);
}
