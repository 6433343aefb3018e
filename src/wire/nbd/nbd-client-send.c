/* SPDX-License-Identifier: MIT */
/*
 * What goes to the server.  Operations are begun in the order in which they were submitted and cut
 * into requests while there are free slots; the requests wait in a ring of slot numbers, are
 * written down when somebody wants to send, and leave the ring when all of their bytes have been
 * sent. Headers are made anew for each sending, one behind the other in one buffer, so that many
 * small requests are one piece; data goes from where the caller has it.
 */
#include "wire/nbd/nbd-client-private.h"

static uint32_t header_size(const struct nbd_client *c)
{
	return c->export.extended ? NBD_EXTENDED_REQUEST_SIZE : NBD_REQUEST_SIZE;
}

static uint64_t data_size(const struct client_slot *s)
{
	return s->type == NBD_CMD_WRITE ? s->length : 0;
}

void client_slots_reset(struct nbd_client *c)
{
	c->n_free = c->config.max_requests;
	for (uint32_t i = 0; i < c->n_free; i++) {
		c->slots[i].op = NULL;
		c->slots[i].queued = false;
		c->free_slots[i] = (uint16_t)(c->n_free - 1 - i);
	}
	c->queue_head = c->queue_len = 0;
	c->sent = 0;
}

void client_slot_release(struct nbd_client *c, struct client_slot *s)
{
	assert(s->op && !s->queued);
	s->op = NULL;
	c->free_slots[c->n_free++] = (uint16_t)(s - c->slots);
}

static uint64_t piece_max(const struct nbd_client *c, enum nbd_command type)
{
	switch (type) {
	case NBD_CMD_TRIM:
	case NBD_CMD_WRITE_ZEROES:
		return CLIENT_ZERO_MAX;
	case NBD_CMD_BLOCK_STATUS:
		return c->export.extended ? INT64_MAX : UINT32_MAX - 0xffff;
	default:
		return c->payload_max;
	}
}

static void op_cut(struct nbd_client *c, struct nbd_op *op)
{
	uint16_t index = c->free_slots[--c->n_free];
	struct client_slot *s = &c->slots[index];
	uint64_t end = op->offset + op->length;
	s->op = op;
	s->cookie = ++c->serial << 16 | index;
	s->offset = op->at;
	s->length = MIN(end - op->at, piece_max(c, op->type));
	s->type = (uint16_t)op->type;
	s->flags = op->flags;
	if (op->state == OP_KEPT)
		s->flags &= NBD_CMD_FLAG_NO_HOLE;
	s->covered = 0;
	s->n_spans = 0;
	s->error = 0;
	s->told = false;
	s->queued = true;
	c->queue[(c->queue_head + c->queue_len++) % c->config.max_requests] = index;
	op->under_way++;
	op->at = op->type == NBD_CMD_BLOCK_STATUS ? end : op->at + s->length;
	if (op->type == NBD_CMD_FLUSH)
		op->mark = c->write_mark;
	if (op->at == end && op->state != OP_KEPT) {
		list_unlink(&op->link);
		list_append(&c->active, &op->link);
	}
}

static bool overlaps_active(const struct nbd_client *c, const struct nbd_op *op)
{
	bool writes = client_writes(op->type);
	list_for_each (it, &c->active) {
		const struct nbd_op *a = list_entry(it, struct nbd_op, link);
		if (a->offset < op->offset + op->length && op->offset < a->offset + a->length &&
			(writes || client_writes(a->type)))
			return true;
	}
	return false;
}

/* The server does not say: all of it is data, as far as anybody knows. */
static void status_unknown(struct nbd_client *c, struct nbd_op *op)
{
	struct nbd_extent_r e = {.offset = op->offset, .length = op->length};
	list_unlink(&op->link);
	list_append(&c->active, &op->link);
	op->extent(op, &e);
	if (c->state == CLIENT_READY)
		client_op_finish(c, op);
}

/* The operation that is cut next; NULL: there is none, or it has to wait. */
static struct nbd_op *op_next(struct nbd_client *c)
{
	if (c->lost_data)
		return client_rewrite_next(c);
	while (c->state == CLIENT_READY && !list_empty(&c->waiting)) {
		struct nbd_op *op = list_entry(c->waiting.next, struct nbd_op, link);
		if (op->state == OP_BEGUN)
			return op;
		if (c->n_again > 0 && overlaps_active(c, op))
			return NULL;
		bool room = client_keep_room(c, op);
		if (c->waiting.next != &op->link)
			continue; /* a flush goes first */
		if (!room)
			return NULL;
		if (op->type == NBD_CMD_BLOCK_STATUS && !c->export.status) {
			status_unknown(c, op);
			continue;
		}
		op->state = OP_BEGUN;
		client_keep_begin(c, op);
		return op;
	}
	return NULL;
}

static uint8_t *put_request(const struct nbd_client *c, const struct client_slot *s, uint8_t *p)
{
	bool extended = c->export.extended;
	uint16_t flags = s->flags;
	if (extended && s->type == NBD_CMD_WRITE)
		flags |= NBD_CMD_FLAG_PAYLOAD_LEN;
	p = nbd_put32(p, extended ? NBD_EXTENDED_REQUEST_MAGIC : NBD_REQUEST_MAGIC);
	p = nbd_put16(p, flags);
	p = nbd_put16(p, s->type);
	p = nbd_put64(p, s->cookie);
	p = nbd_put64(p, s->offset);
	return extended ? nbd_put64(p, s->length) : nbd_put32(p, (uint32_t)s->length);
}

/* The pieces as they are made, without the bytes that have been sent already. */
struct pieces {
	struct iovec *iov;
	size_t n;
	uint64_t skip;
};

static void piece_add(struct pieces *o, const void *p, uint64_t n)
{
	uint64_t skip = MIN(o->skip, n);
	o->skip -= skip;
	if (n == skip)
		return;
	char *base = (char *)(uintptr_t)p + skip;
	struct iovec *last = o->n ? &o->iov[o->n - 1] : NULL;
	if (last && (char *)last->iov_base + last->iov_len == base)
		last->iov_len += n - skip;
	else
		o->iov[o->n++] = (struct iovec){base, n - skip};
}

size_t nbd_client_output(struct nbd_client *c, struct iovec *iov, size_t max)
{
	assert(max > 1);
	struct pieces o = {.iov = iov};
	if (c->state == CLIENT_HELLO || c->out_at < c->out_len) {
		piece_add(&o, c->out + c->out_at, c->out_len - c->out_at);
		return o.n;
	}
	struct nbd_op *op;
	while (c->state == CLIENT_READY && !c->disconnect && c->n_free && (op = op_next(c)))
		op_cut(c, op);
	if (c->state != CLIENT_READY)
		return 0;

	o.skip = c->sent;
	uint8_t *p = c->out, *end = c->out + sizeof(c->out);
	uint32_t i = 0;
	for (; i < c->queue_len && o.n + 2 <= max && end - p >= NBD_EXTENDED_REQUEST_SIZE; i++) {
		struct client_slot *s =
			&c->slots[c->queue[(c->queue_head + i) % c->config.max_requests]];
		uint8_t *header = p;
		p = put_request(c, s, p);
		piece_add(&o, header, (uint64_t)(p - header));
		if (s->type == NBD_CMD_WRITE) {
			uint64_t at = s->offset - s->op->offset;
			piece_add(&o, (const char *)s->op->data + at, s->length);
		}
	}
	if (c->disconnect && !c->disconnected && i == c->queue_len && o.n < max &&
		end - p >= NBD_EXTENDED_REQUEST_SIZE) {
		struct client_slot disc = {.type = NBD_CMD_DISC};
		piece_add(&o, p, (uint64_t)(put_request(c, &disc, p) - p));
	}
	return o.n;
}

void nbd_client_output_done(struct nbd_client *c, size_t n)
{
	if (c->out_at < c->out_len) {
		assert(n <= c->out_len - c->out_at);
		c->out_at += (uint32_t)n;
		return;
	}
	uint64_t sent = n;
	while (sent > 0 && c->queue_len > 0) {
		struct client_slot *s = &c->slots[c->queue[c->queue_head]];
		uint64_t left = header_size(c) + data_size(s) - c->sent;
		if (sent < left)
			break;
		sent -= left;
		c->sent = 0;
		s->queued = false;
		c->queue_head = (c->queue_head + 1) % c->config.max_requests;
		c->queue_len--;
	}
	c->sent += sent;
	if (c->queue_len == 0 && c->sent > 0) {
		assert(c->disconnect && c->sent <= header_size(c));
		c->disconnected = c->sent == header_size(c);
		if (c->disconnected)
			c->sent = 0;
	}
}
