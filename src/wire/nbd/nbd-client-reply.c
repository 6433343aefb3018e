/* SPDX-License-Identifier: MIT */
/*
 * The server's answers.  Bytes come into a buffer and are taken apart from there, chunk by chunk:
 *
 *	HEADER -> FIXED (the first fields of the payload) -> DATA, EXTENTS or SKIP -> HEADER ...
 *
 * a simple reply being a chunk that is the last.  Payload of a READ that goes to the caller's
 *memory is read right there when there is much of it.  For each READ it is noted which bytes have
 *come: usually all from the beginning on, without a gap; what comes before its turn is noted as a
 *span.
 */
#include "wire/nbd/nbd-client-private.h"

enum {
	SIMPLE_SIZE = NBD_SIMPLE_REPLY_SIZE,
	ERROR_FIXED = 6,
	ERROR_OFFSET_FIXED = 14,
	ERROR_MAX = 2 * NBD_STRING_MAX,
	STATUS_EXTENTS_MAX = 1 << 20, /* of one answer: the protocol's limit */
};

/* ---- which bytes have come ------------------------------------------------------------------- */

static int span_insert(struct client_slot *s, uint64_t from, uint64_t to)
{
	if (!s->spans) {
		s->spans = malloc(CLIENT_SPANS_MAX * sizeof(*s->spans));
		if (!s->spans)
			return -ENOMEM;
	}
	struct client_span *p = s->spans, *end = p + s->n_spans;
	while (p < end && p->to <= from)
		p++;
	if (p < end && p->from < to)
		return -EPROTO;
	if (p > s->spans && p[-1].to == from) {
		p[-1].to = to;
		if (p == end || p->from != to)
			return 0;
		p[-1].to = p->to; /* the gap is closed */
		memmove(p, p + 1, (size_t)(end - p - 1) * sizeof(*p));
		s->n_spans--;
		return 0;
	}
	if (p < end && p->from == to) {
		p->from = from;
		return 0;
	}
	if (s->n_spans == CLIENT_SPANS_MAX)
		return -EPROTO;
	memmove(p + 1, p, (size_t)(end - p) * sizeof(*p));
	*p = (struct client_span){from, to};
	s->n_spans++;
	return 0;
}

/* Bytes of the answer have come, or are about to. -EPROTO: they may not. */
static int slot_cover(struct client_slot *s, uint64_t offset, uint64_t length)
{
	if (length == 0 || offset < s->offset || length > s->length ||
		offset - s->offset > s->length - length)
		return -EPROTO;
	uint64_t from = offset - s->offset, to = from + length;
	if (from < s->covered)
		return -EPROTO;
	if (from > s->covered)
		return span_insert(s, from, to);
	if (s->n_spans > 0 && s->spans[0].from < to)
		return -EPROTO;
	s->covered = to;
	if (s->n_spans > 0 && s->spans[0].from == to) {
		s->covered = s->spans[0].to;
		s->n_spans--;
		memmove(s->spans, s->spans + 1, s->n_spans * sizeof(*s->spans));
	}
	return 0;
}

/* ---- the end of a chunk ---------------------------------------------------------------------- */

/* The rest is not asked for. */
static void op_cut_off(struct nbd_client *c, struct nbd_op *op, int error)
{
	uint64_t end = op->offset + op->length;
	op->error = error;
	if (op->at < end && op->state != OP_KEPT) {
		list_unlink(&op->link);
		list_append(&c->active, &op->link);
	}
	op->at = end;
}

static int slot_finish(struct nbd_client *c, struct client_slot *s)
{
	if (!s->error && s->type == NBD_CMD_READ && s->covered != s->length)
		return client_violation(c, "it did not send all that was asked for");
	if (!s->error && s->type == NBD_CMD_BLOCK_STATUS && !s->told)
		return client_violation(c, "it tells nothing of the blocks");
	struct nbd_op *op = s->op;
	int error = s->error;
	client_slot_release(c, s);
	op->under_way--;
	if (error && !op->error)
		op_cut_off(c, op, error);
	if (op->under_way == 0 && op->at == op->offset + op->length)
		client_op_finish(c, op);
	return 0;
}

static int chunk_end(struct nbd_client *c)
{
	struct client_input *in = &c->in;
	struct client_slot *s = TAKE_PTR(in->slot);
	in->stage = INPUT_HEADER;
	return in->last ? slot_finish(c, s) : 0;
}

static int chunk_skip(struct nbd_client *c)
{
	c->in.stage = INPUT_SKIP;
	return c->in.left == 0 ? chunk_end(c) : 0;
}

/* ---- headers --------------------------------------------------------------------------------- */

static struct client_slot *slot_find(struct nbd_client *c, uint64_t cookie)
{
	uint32_t index = cookie & 0xffff;
	if (index >= c->config.max_requests)
		return NULL;
	struct client_slot *s = &c->slots[index];
	return s->op && s->cookie == cookie && !s->queued ? s : NULL;
}

static int data_begin(struct nbd_client *c, uint64_t offset, uint64_t length)
{
	struct client_input *in = &c->in;
	int r = slot_cover(in->slot, offset, length);
	if (r == -ENOMEM)
		return client_violation(c, "no memory");
	if (r < 0)
		return client_violation(c, "it sends data that was not asked for");
	in->offset = offset;
	in->left = length;
	in->stage = INPUT_DATA;
	return 0;
}

static int simple_reply(struct nbd_client *c, const uint8_t *p)
{
	struct client_input *in = &c->in;
	uint32_t error = nbd_get32(p + 4);
	struct client_slot *s = slot_find(c, nbd_get64(p + 8));
	if (!s)
		return client_violation(c, "it answers what it was not asked");
	if (c->export.structured &&
		(s->type == NBD_CMD_READ || (s->type == NBD_CMD_BLOCK_STATUS && !error)))
		return client_violation(c, "it answers in the wrong way");
	in->slot = s;
	in->last = true;
	s->error = -nbd_error_to_errno(error);
	if (s->type == NBD_CMD_READ && !error)
		return data_begin(c, s->offset, s->length);
	return chunk_end(c);
}

/* How many bytes of the payload have to be there before anything can be done; -EPROTO: there may be
 * no such chunk. */
static int chunk_fixed(const struct nbd_client *c, const struct client_input *in)
{
	uint64_t n = in->left;
	bool read = in->slot->type == NBD_CMD_READ, status = in->slot->type == NBD_CMD_BLOCK_STATUS;
	bool extended = c->export.extended;
	uint32_t fixed = extended ? 8 : 4, each = extended ? 16 : 8;
	switch (in->type) {
	case NBD_REPLY_TYPE_NONE:
		return n == 0 && in->last ? 0 : -EPROTO;
	case NBD_REPLY_TYPE_OFFSET_DATA:
		return read && n > 8 ? 8 : -EPROTO;
	case NBD_REPLY_TYPE_OFFSET_HOLE:
		return read && n == 12 ? 12 : -EPROTO;
	case NBD_REPLY_TYPE_BLOCK_STATUS:
	case NBD_REPLY_TYPE_BLOCK_STATUS_EXT:
		if (extended != (in->type == NBD_REPLY_TYPE_BLOCK_STATUS_EXT) || !status ||
			in->slot->told || n <= fixed || (n - fixed) % each != 0 ||
			(n - fixed) / each > STATUS_EXTENTS_MAX)
			return -EPROTO;
		return (int)fixed;
	default:
		if (!(in->type & NBD_REPLY_TYPE_ERROR_BIT) || n > ERROR_MAX)
			return -EPROTO;
		int least =
			in->type == NBD_REPLY_TYPE_ERROR_OFFSET ? ERROR_OFFSET_FIXED : ERROR_FIXED;
		return n >= (uint64_t)least ? ERROR_FIXED : -EPROTO;
	}
}

static int chunk_header(struct nbd_client *c, const uint8_t *p)
{
	struct client_input *in = &c->in;
	struct client_slot *s = slot_find(c, nbd_get64(p + 8));
	if (!s)
		return client_violation(c, "it answers what it was not asked");
	if (c->export.extended && nbd_get64(p + 16) != s->offset)
		return client_violation(c, "it answers for another place");
	in->slot = s;
	in->last = nbd_get16(p + 4) & NBD_REPLY_FLAG_DONE;
	in->type = nbd_get16(p + 6);
	in->left = c->export.extended ? nbd_get64(p + 24) : nbd_get32(p + 16);
	int fixed = chunk_fixed(c, in);
	if (fixed < 0)
		return client_violation(c, "it sends a chunk that may not be (type %u, %llu bytes)",
			in->type, (unsigned long long)in->left);
	in->fixed = (uint32_t)fixed;
	in->stage = INPUT_FIXED;
	return 0;
}

/* 1: done, 0: more bytes are needed. */
static int take_header(struct nbd_client *c, const uint8_t *p, size_t n)
{
	if (n < 4)
		return 0;
	uint32_t magic = nbd_get32(p), size;
	if (c->export.extended && magic == NBD_EXTENDED_REPLY_MAGIC)
		size = NBD_EXTENDED_CHUNK_SIZE;
	else if (c->export.structured && magic == NBD_STRUCTURED_REPLY_MAGIC)
		size = NBD_CHUNK_SIZE;
	else if (!c->export.extended && magic == NBD_SIMPLE_REPLY_MAGIC)
		size = SIMPLE_SIZE;
	else
		return client_violation(c, "what it sends is no reply");
	if (n < size)
		return 0;
	c->in.at += size;
	int r = size == SIMPLE_SIZE ? simple_reply(c, p) : chunk_header(c, p);
	return r < 0 ? r : 1;
}

/* ---- payload --------------------------------------------------------------------------------- */

static int hole(struct nbd_client *c, uint64_t offset, uint32_t length)
{
	struct client_slot *s = c->in.slot;
	struct nbd_op *op = s->op;
	int r = slot_cover(s, offset, length);
	if (r < 0)
		return client_violation(c, "it sends data that was not asked for");
	if (op->into)
		memset((char *)op->into + (offset - op->offset), 0, length);
	else
		op->got(op, offset, NULL, length);
	return c->state == CLIENT_READY ? chunk_end(c) : -EPROTO;
}

static int error_chunk(struct nbd_client *c, const uint8_t *p)
{
	struct client_input *in = &c->in;
	uint32_t error = nbd_get32(p), text = nbd_get16(p + 4);
	uint32_t behind =
		in->type == NBD_REPLY_TYPE_ERROR_OFFSET ? ERROR_OFFSET_FIXED - ERROR_FIXED : 0;
	if (error == 0 || text > NBD_STRING_MAX || text + behind > in->left)
		return client_violation(c, "its error makes no sense");
	if (!in->slot->error)
		in->slot->error = -nbd_error_to_errno(error);
	return chunk_skip(c);
}

static int take_fixed(struct nbd_client *c, const uint8_t *p, size_t n)
{
	struct client_input *in = &c->in;
	if (n < in->fixed)
		return 0;
	in->at += in->fixed;
	in->left -= in->fixed;
	int r;
	switch (in->type) {
	case NBD_REPLY_TYPE_NONE:
		r = chunk_end(c);
		break;
	case NBD_REPLY_TYPE_OFFSET_DATA:
		r = data_begin(c, nbd_get64(p), in->left);
		break;
	case NBD_REPLY_TYPE_OFFSET_HOLE:
		r = hole(c, nbd_get64(p), nbd_get32(p + 8));
		break;
	case NBD_REPLY_TYPE_BLOCK_STATUS:
	case NBD_REPLY_TYPE_BLOCK_STATUS_EXT:
		if (nbd_get32(p) != c->context ||
			(in->fixed == 8 && nbd_get32(p + 4) != in->left / 16))
			return client_violation(c, "it tells of other blocks");
		in->slot->told = true;
		in->offset = in->slot->offset;
		in->extents = 0;
		in->stage = INPUT_EXTENTS;
		r = 0;
		break;
	default:
		r = error_chunk(c, p);
	}
	return r < 0 ? r : 1;
}

/* n bytes of data have come: into the caller's memory already if p is NULL. */
static int take_data(struct nbd_client *c, const uint8_t *p, size_t n)
{
	struct client_input *in = &c->in;
	struct nbd_op *op = in->slot->op;
	uint64_t offset = in->offset;
	in->offset += n;
	in->left -= n;
	if (p && op->into)
		memcpy((char *)op->into + (offset - op->offset), p, n);
	else if (p)
		op->got(op, offset, p, n);
	if (c->state != CLIENT_READY)
		return -EPROTO;
	int r = in->left == 0 ? chunk_end(c) : 0;
	return r < 0 ? r : 1;
}

static int extent(struct nbd_client *c, uint64_t length, uint64_t state)
{
	struct client_input *in = &c->in;
	struct client_slot *s = in->slot;
	uint64_t end = s->offset + s->length;
	if (length == 0 || length > INT64_MAX || state > UINT32_MAX || in->offset >= end)
		return client_violation(c, "its blocks make no sense");
	bool too_long = s->flags & NBD_CMD_FLAG_REQ_ONE && (in->left > 0 || length > s->length);
	if (too_long)
		return client_violation(c, "it tells of more blocks than it was asked for");
	struct nbd_extent_r e = {.offset = in->offset,
		.length = MIN(length, end - in->offset),
		.state = (uint32_t)state};
	in->offset += e.length;
	if (in->extents++ < NBD_CLIENT_EXTENTS_MAX)
		s->op->extent(s->op, &e);
	return c->state == CLIENT_READY ? 0 : -EPROTO;
}

static int take_extents(struct nbd_client *c, const uint8_t *p, size_t n)
{
	struct client_input *in = &c->in;
	uint32_t each = c->export.extended ? 16 : 8;
	if (n < each)
		return 0;
	in->at += each;
	in->left -= each;
	int r = each == 16 ? extent(c, nbd_get64(p), nbd_get64(p + 8))
			   : extent(c, nbd_get32(p), nbd_get32(p + 4));
	if (r == 0 && in->left == 0)
		r = chunk_end(c);
	return r < 0 ? r : 1;
}

/* One step; 1: there may be another, 0: more bytes are needed, or -EPROTO. */
static int input_step(struct nbd_client *c)
{
	struct client_input *in = &c->in;
	const uint8_t *p = in->buf + in->at;
	size_t n = in->end - in->at;
	size_t part = (size_t)MIN(in->left, n);
	switch (in->stage) {
	case INPUT_HEADER:
		return take_header(c, p, n);
	case INPUT_FIXED:
		return take_fixed(c, p, n);
	case INPUT_DATA:
		in->at += (uint32_t)part;
		return part ? take_data(c, p, part) : 0;
	case INPUT_EXTENTS:
		return take_extents(c, p, n);
	case INPUT_SKIP:
		in->at += (uint32_t)part;
		in->left -= part;
		if (in->left > 0)
			return 0;
		int r = chunk_end(c);
		return r < 0 ? r : 1;
	}
	return -EPROTO;
}

/* ---- where bytes go -------------------------------------------------------------------------- */

/* Much of a payload is missing, nothing of it is in the buffer, and it has its place. */
static bool input_is_direct(const struct nbd_client *c)
{
	const struct client_input *in = &c->in;
	return in->stage == INPUT_DATA && in->at == in->end && in->left >= CLIENT_DIRECT_MIN &&
	       in->slot->op->into;
}

size_t nbd_client_input_vec(struct nbd_client *c, struct iovec *iov, size_t max)
{
	assert(max > 0);
	struct client_input *in = &c->in;
	if (c->state == CLIENT_HELLO) {
		struct client_hello *h = &c->hello;
		iov[0] = (struct iovec){h->buf + h->have, h->need - h->have};
		return 1;
	}
	if (c->state != CLIENT_READY)
		return 0;
	if (!input_is_direct(c)) {
		iov[0] = (struct iovec){in->buf + in->end, sizeof(in->buf) - in->end};
		return 1;
	}
	const struct nbd_op *op = in->slot->op;
	iov[0] = (struct iovec){(char *)op->into + (in->offset - op->offset), (size_t)in->left};
	if (max == 1)
		return 1;
	iov[1] = (struct iovec){in->buf, CLIENT_AHEAD_MAX};
	return 2;
}

void nbd_client_input_buffer(struct nbd_client *c, void **ret_p, size_t *ret_n)
{
	struct iovec iov = {0};
	nbd_client_input_vec(c, &iov, 1);
	*ret_p = iov.iov_base;
	*ret_n = iov.iov_len;
}

int nbd_client_input(struct nbd_client *c, size_t n)
{
	struct client_input *in = &c->in;
	if (c->state == CLIENT_HELLO)
		return client_hello_input(c, n);
	if (c->state != CLIENT_READY)
		return -EPROTO;
	int r = 1;
	if (input_is_direct(c)) {
		size_t direct = (size_t)MIN(n, in->left);
		in->at = in->end = 0;
		n -= direct;
		if (direct)
			r = take_data(c, NULL, direct);
		if (r < 0)
			return r;
	}
	in->end += (uint32_t)n;
	assert(in->end <= sizeof(in->buf));
	/* A callback may have given the connection up. */
	while ((r = input_step(c)) > 0) {
		if (c->state != CLIENT_READY)
			return -EPROTO;
	}
	if (r < 0)
		return r;
	/* What is left is the beginning of something short. */
	memmove(in->buf, in->buf + in->at, in->end - in->at);
	in->end -= in->at;
	in->at = 0;
	return 0;
}
