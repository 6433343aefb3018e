/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a request of a peer is one operation of the core and one block of memory,
 * with its data beside it.  It is the peer's until its reply was sent; a WRITE may be needed by the
 * core for longer, which has acknowledged it before the server has flushed it.  As many replies
 * as there are go out with one call.
 */
#include "svc/block/client/listen-peer.h"

#include <sys/socket.h>

enum { STATUS_BYTES = NBD_SERVER_EXTENTS_MAX * sizeof(struct nbd_extent), IOV_BATCH = 128 };

static void op_free(struct peer_op *o)
{
	free(o->data);
	free(o);
}

static size_t data_size(const struct nbd_request *q)
{
	if (q->error)
		return 0;
	return q->type == NBD_CMD_READ           ? q->length
	       : q->type == NBD_CMD_WRITE        ? q->payload
	       : q->type == NBD_CMD_BLOCK_STATUS ? (size_t)STATUS_BYTES
						 : 0;
}

struct peer_op *peer_op_new(struct peer *p, const struct nbd_request *q)
{
	size_t n = data_size(q);
	struct peer_op *o = calloc(1, sizeof(*o));
	if (!o || (n && !(o->data = malloc(n)))) {
		free(o);
		return NULL;
	}
	o->request = *q;
	o->peer = p;
	o->charge = n;
	list_init(&o->link);
	p->n_ops++;
	p->n_bytes += n;
	return o;
}

/* It is not the peer's any more. */
static void let_go(struct peer_op *o)
{
	struct peer *p = o->peer;
	p->n_ops--;
	p->n_bytes -= o->charge;
	o->peer = NULL;
	o->answered = true;
	if (!o->kept)
		op_free(o);
}

void peer_op_drop(struct peer_op *o)
{
	peer_activate(o->peer);
	let_go(o);
}

/* ---- replies ---- */

/* The extents become what is sent of them. */
static int status_reply(struct peer_op *o)
{
	const struct nbd_server *s = o->peer->server;
	uint8_t *out = malloc(NBD_SERVER_HEADER_MAX + 16 * o->n_extents);
	if (!out)
		return -ENOMEM;
	o->n_data = nbd_server_status(
		s, &o->request, (const struct nbd_extent *)(void *)o->data, o->n_extents, out);
	free(o->data);
	o->data = out;
	return 0;
}

void peer_op_refuse(struct peer_op *o, uint32_t error)
{
	if (o->peer->watch.fd < 0) {
		peer_op_drop(o);
		return;
	}
	o->n_data = 0;
	o->n_header = nbd_server_reply(o->peer->server, &o->request, error, NULL, o->header);
	list_append(&o->peer->replies, &o->link);
	peer_activate(o->peer);
}

void peer_op_finish(struct peer_op *o, int error)
{
	const struct nbd_request *q = &o->request;
	struct peer *p = o->peer;
	if (p->watch.fd < 0) {
		peer_op_drop(o);
		return;
	}
	if (!error && q->type == NBD_CMD_BLOCK_STATUS)
		error = o->n_extents ? status_reply(o) : -EIO;
	if (error || (q->type != NBD_CMD_READ && q->type != NBD_CMD_BLOCK_STATUS)) {
		peer_op_refuse(o, nbd_error_from_errno(-error));
		return;
	}
	if (q->type == NBD_CMD_READ) {
		o->n_data = q->length;
		o->n_header = nbd_server_data(p->server, q, q->offset, q->length, true, o->header);
	}
	list_append(&p->replies, &o->link);
	peer_activate(p);
}

static size_t collect(const struct peer *p, struct iovec *iov)
{
	size_t n = 0;
	list_for_each (it, &p->replies) {
		struct peer_op *o = list_entry(it, struct peer_op, link);
		size_t in_data = o->sent > o->n_header ? o->sent - o->n_header : 0;
		if (n + 2 > IOV_BATCH)
			break;
		if (o->sent < o->n_header)
			iov[n++] = (struct iovec){o->header + o->sent, o->n_header - o->sent};
		if (in_data < o->n_data)
			iov[n++] = (struct iovec){o->data + in_data, o->n_data - in_data};
	}
	return n;
}

static void sent(struct peer *p, size_t n)
{
	list_for_each_safe (it, &p->replies) {
		struct peer_op *o = list_entry(it, struct peer_op, link);
		size_t rest = o->n_header + o->n_data - o->sent;
		if (n < rest) {
			o->sent += n;
			return;
		}
		n -= rest;
		list_unlink(it);
		let_go(o);
	}
}

int peer_send_replies(struct peer *p)
{
	struct iovec iov[IOV_BATCH];
	p->blocked = false;
	while (!list_empty(&p->replies)) {
		struct msghdr m = {.msg_iov = iov, .msg_iovlen = collect(p, iov)};
		ssize_t r = sendmsg(p->watch.fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (r >= 0) {
			sent(p, (size_t)r);
		} else if (errno == EAGAIN) {
			p->blocked = true;
			return 0;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* ---- operations ---- */

/* More than fit in one reply are left out: whoever wants the rest asks for it. */
static void on_extent(struct nbd_op *op, const struct nbd_extent_r *e)
{
	struct peer_op *o = container_of(op, struct peer_op, op);
	struct nbd_extent *x = (struct nbd_extent *)(void *)o->data;
	if (e->offset == op->offset) { /* asked anew after a loss */
		o->n_extents = 0;
		o->cut = false;
	}
	if (o->cut)
		return;
	if (o->n_extents && x[o->n_extents - 1].state == e->state)
		x[o->n_extents - 1].length += e->length;
	else if (o->n_extents < NBD_SERVER_EXTENTS_MAX)
		x[o->n_extents++] = (struct nbd_extent){.length = e->length, .state = e->state};
	else
		o->cut = true;
}

static void on_done(struct nbd_op *op, int error)
{
	peer_op_finish(container_of(op, struct peer_op, op), error);
}

static void on_released(struct nbd_op *op)
{
	struct peer_op *o = container_of(op, struct peer_op, op);
	o->kept = false;
	if (o->answered)
		op_free(o);
}

void peer_op_submit(struct peer_op *o)
{
	const struct nbd_request *q = &o->request;
	bool read = q->type == NBD_CMD_READ, write = q->type == NBD_CMD_WRITE;
	o->op = (struct nbd_op){
		.type = (enum nbd_command)q->type,
		.flags = q->flags & (uint16_t) ~(NBD_CMD_FLAG_DF | NBD_CMD_FLAG_PAYLOAD_LEN),
		.offset = q->offset,
		.length = q->length,
		.data = write ? o->data : NULL,
		.into = read ? o->data : NULL,
		.extent = on_extent,
		.done = on_done,
		.released = on_released,
	};
	o->kept = write;
	int r = client_submit(o->peer->shared->client, &o->op);
	if (r < 0) {
		o->kept = false;
		peer_op_finish(o, r);
	}
}
