/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A small NBD server in memory, for tests of the client: a disk of some blocks, and a second one
 * with what would still be there after a crash.  It speaks every dialect (struct model.dialect),
 * answers a READ in structured replies with the second half first and its zero blocks as holes,
 * does what has come at once in the opposite order, and can be cut off after any byte.
 */
#include "base/test.h"
#include "wire/nbd/nbd-bytes.h"
#include "wire/nbd/nbd-client.h"

#include <stdio.h>

enum dialect {
	DIALECT_OLD, /* newstyle, not fixed: EXPORT_NAME alone */
	DIALECT_EXPORT_NAME, /* fixed, but knows no GO */
	DIALECT_SIMPLE,
	DIALECT_STRUCTURED, /* without block status */
	DIALECT_STATUS,
	DIALECT_EXTENDED,
	N_DIALECTS,
};

enum { MODEL_BLOCK = 64, MODEL_SIZE = 32 * MODEL_BLOCK, MODEL_BUF = 1 << 16, MODEL_CONTEXT = 7 };
enum {
	MODEL_FLAGS = NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA |
		      NBD_FLAG_SEND_TRIM | NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_CACHE |
		      NBD_FLAG_SEND_DF | NBD_FLAG_SEND_FAST_ZERO
};

struct model_request {
	uint16_t flags, type;
	uint64_t cookie, offset, length;
	uint8_t data[MODEL_SIZE];
};

struct model {
	enum dialect dialect;
	uint64_t size;
	uint16_t flags;
	uint32_t fail_type, fail_error; /* requests of that type, +1, are answered so */
	uint8_t disk[MODEL_SIZE], safe[MODEL_SIZE];
	unsigned n_requests, n_writes, n_flushes, n_disconnects;
	uint64_t longest; /* request with payload */

	struct model_request queue[32]; /* done together, the last one first */
	unsigned n_queue, n_overlaps; /* of two in the queue, one of which writes */
	uint8_t in[MODEL_BUF], out[MODEL_BUF];
	size_t n_in, n_out;
	bool greeted, transmission, structured, extended, status;
	bool misled; /* the client was told something else than this: listen to no nonsense */
};

static inline void model_emit(struct model *m, const void *p, size_t n)
{
	CHECK(m->n_out + n <= sizeof(m->out));
	memcpy(m->out + m->n_out, p, n);
	m->n_out += n;
}

/* A connection begins; crashed: what was not flushed is gone. */
static inline void model_connect(struct model *m, bool crashed)
{
	if (crashed)
		memcpy(m->disk, m->safe, sizeof(m->disk));
	m->n_in = m->n_out = m->n_queue = 0;
	m->greeted = m->transmission = m->structured = m->extended = m->status = false;
	uint8_t b[18], *p = b;
	p = nbd_put64(p, NBD_MAGIC);
	p = nbd_put64(p, NBD_OPT_MAGIC);
	p = nbd_put16(
		p, m->dialect == DIALECT_OLD ? 0 : NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES);
	model_emit(m, b, (size_t)(p - b));
}

static inline void model_init(struct model *m, enum dialect dialect)
{
	memset(m, 0, sizeof(*m));
	m->dialect = dialect;
	m->size = MODEL_SIZE;
	m->flags = MODEL_FLAGS;
	model_connect(m, false);
}

static inline void model_option_reply(
	struct model *m, uint32_t option, uint32_t reply, const void *data, size_t n)
{
	uint8_t b[20], *p = b;
	p = nbd_put64(p, NBD_OPT_REPLY_MAGIC);
	p = nbd_put32(p, option);
	p = nbd_put32(p, reply);
	p = nbd_put32(p, (uint32_t)n);
	model_emit(m, b, sizeof(b));
	model_emit(m, data, n);
}

static inline void model_go(struct model *m)
{
	uint8_t b[16], *p = nbd_put16(b, NBD_INFO_EXPORT);
	p = nbd_put64(p, m->size);
	p = nbd_put16(p, m->flags);
	model_option_reply(m, NBD_OPT_GO, NBD_REP_INFO, b, (size_t)(p - b));
	p = nbd_put16(b, NBD_INFO_BLOCK_SIZE);
	p = nbd_put32(p, MODEL_BLOCK);
	p = nbd_put32(p, 512);
	p = nbd_put32(p, 1024);
	model_option_reply(m, NBD_OPT_GO, NBD_REP_INFO, b, (size_t)(p - b));
	model_option_reply(m, NBD_OPT_GO, NBD_REP_ACK, "", 0);
	m->transmission = true;
}

static inline void model_export_name(struct model *m)
{
	uint8_t b[134] = {0}, *p = nbd_put64(b, m->size);
	nbd_put16(p, m->flags);
	model_emit(m, b, m->dialect == DIALECT_OLD ? sizeof(b) : 10);
	m->transmission = true;
}

static inline void model_option(struct model *m, uint32_t option)
{
	bool agreed = false;
	uint8_t b[32], *p;
	switch (option) {
	case NBD_OPT_EXPORT_NAME:
		model_export_name(m);
		return;
	case NBD_OPT_EXTENDED_HEADERS:
		agreed = m->extended = m->dialect == DIALECT_EXTENDED;
		break;
	case NBD_OPT_STRUCTURED_REPLY:
		agreed = m->structured =
			m->dialect == DIALECT_STRUCTURED || m->dialect == DIALECT_STATUS;
		break;
	case NBD_OPT_SET_META_CONTEXT:
		agreed = m->status = m->dialect >= DIALECT_STATUS;
		p = nbd_put(nbd_put32(b, MODEL_CONTEXT), NBD_BASE_ALLOCATION, 15);
		if (agreed)
			model_option_reply(m, option, NBD_REP_META_CONTEXT, b, (size_t)(p - b));
		break;
	case NBD_OPT_GO:
		if (m->dialect >= DIALECT_SIMPLE) {
			model_go(m);
			return;
		}
		break;
	default:
		break;
	}
	model_option_reply(m, option, agreed ? NBD_REP_ACK : NBD_REP_ERR_UNSUP, "", 0);
}

/* ---- transmission ---------------------------------------------------------------------------- */

static inline void model_chunk(struct model *m, const struct model_request *q, bool last,
	uint16_t type, const void *data, size_t n)
{
	uint8_t b[32], *p = b;
	p = nbd_put32(p, m->extended ? NBD_EXTENDED_REPLY_MAGIC : NBD_STRUCTURED_REPLY_MAGIC);
	p = nbd_put16(p, last ? NBD_REPLY_FLAG_DONE : 0);
	p = nbd_put16(p, type);
	p = nbd_put64(p, q->cookie);
	if (m->extended)
		p = nbd_put64(nbd_put64(p, q->offset), n);
	else
		p = nbd_put32(p, (uint32_t)n);
	model_emit(m, b, (size_t)(p - b));
	model_emit(m, data, n);
}

static inline void model_end(struct model *m, const struct model_request *q, uint32_t error)
{
	uint8_t b[16], *p = b;
	if (m->extended || (m->structured && q->type == NBD_CMD_READ)) {
		nbd_put16(nbd_put32(b, error), 0);
		model_chunk(m, q, true, error ? NBD_REPLY_TYPE_ERROR : NBD_REPLY_TYPE_NONE, b,
			error ? 6 : 0);
		return;
	}
	p = nbd_put32(p, NBD_SIMPLE_REPLY_MAGIC);
	p = nbd_put32(p, error);
	nbd_put64(p, q->cookie);
	model_emit(m, b, sizeof(b));
}

static inline void model_piece(struct model *m, const struct model_request *q, uint64_t offset)
{
	static const uint8_t zeroes[MODEL_BLOCK];
	uint8_t b[8 + MODEL_BLOCK], *p = nbd_put64(b, offset);
	if (memcmp(m->disk + offset, zeroes, MODEL_BLOCK) == 0) {
		nbd_put32(p, MODEL_BLOCK);
		model_chunk(m, q, false, NBD_REPLY_TYPE_OFFSET_HOLE, b, 12);
		return;
	}
	memcpy(p, m->disk + offset, MODEL_BLOCK);
	model_chunk(m, q, false, NBD_REPLY_TYPE_OFFSET_DATA, b, sizeof(b));
}

static inline void model_read(struct model *m, const struct model_request *q)
{
	if (!m->structured && !m->extended) {
		model_end(m, q, 0);
		model_emit(m, m->disk + q->offset, q->length);
		return;
	}
	uint64_t n = q->length / MODEL_BLOCK, half = n / 2;
	for (uint64_t i = half; i < n; i++)
		model_piece(m, q, q->offset + i * MODEL_BLOCK);
	for (uint64_t i = half; i-- > 0;)
		model_piece(m, q, q->offset + i * MODEL_BLOCK);
	model_end(m, q, 0);
}

/* Three extents: data up to the middle of what was asked for, then a hole beyond its end. */
static inline void model_status(struct model *m, const struct model_request *q)
{
	uint8_t b[64], *p = nbd_put32(b, MODEL_CONTEXT);
	uint64_t lengths[] = {q->length / 2, q->length};
	if (m->extended)
		p = nbd_put32(p, 2);
	for (uint32_t i = 0; i < 2; i++) {
		if (m->extended)
			p = nbd_put64(nbd_put64(p, lengths[i]), i * NBD_STATE_HOLE);
		else
			p = nbd_put32(nbd_put32(p, (uint32_t)lengths[i]), i * NBD_STATE_HOLE);
	}
	model_chunk(m, q, false,
		m->extended ? NBD_REPLY_TYPE_BLOCK_STATUS_EXT : NBD_REPLY_TYPE_BLOCK_STATUS, b,
		(size_t)(p - b));
	model_chunk(m, q, true, NBD_REPLY_TYPE_NONE, "", 0);
}

static inline void model_do(struct model *m, const struct model_request *q)
{
	m->n_requests++;
	if (q->type == NBD_CMD_DISC) {
		m->n_disconnects++;
		return;
	}
	CHECK(q->offset <= m->size && q->length <= m->size - q->offset);
	CHECK(q->offset % MODEL_BLOCK == 0 && q->length % MODEL_BLOCK == 0);
	if (m->fail_type == q->type + 1U) {
		model_end(m, q, m->fail_error);
		return;
	}
	if (q->type == NBD_CMD_READ || q->type == NBD_CMD_WRITE)
		m->longest = MAX(m->longest, q->length);
	m->n_writes += q->type == NBD_CMD_WRITE;
	if (q->type == NBD_CMD_WRITE)
		memcpy(m->disk + q->offset, q->data, q->length);
	if (q->type == NBD_CMD_WRITE_ZEROES || q->type == NBD_CMD_TRIM)
		memset(m->disk + q->offset, 0, q->length);
	if (q->flags & NBD_CMD_FLAG_FUA)
		memcpy(m->safe + q->offset, m->disk + q->offset, q->length);
	if (q->type == NBD_CMD_FLUSH) {
		memcpy(m->safe, m->disk, sizeof(m->safe));
		m->n_flushes++;
	}
	if (q->type == NBD_CMD_READ)
		model_read(m, q);
	else if (q->type == NBD_CMD_BLOCK_STATUS)
		model_status(m, q);
	else
		model_end(m, q, 0);
}

static inline bool model_changes(const struct model_request *q)
{
	return q->type == NBD_CMD_WRITE || q->type == NBD_CMD_WRITE_ZEROES ||
	       q->type == NBD_CMD_TRIM;
}

static inline void model_enqueue(struct model *m, const struct model_request *q)
{
	CHECK(m->n_queue < ARRAY_SIZE(m->queue));
	for (unsigned i = 0; i < m->n_queue; i++) {
		const struct model_request *o = &m->queue[i];
		m->n_overlaps += o->offset < q->offset + q->length &&
				 q->offset < o->offset + o->length &&
				 (model_changes(o) || model_changes(q));
	}
	m->queue[m->n_queue++] = *q;
}

static inline void model_run(struct model *m)
{
	while (m->n_queue > 0)
		model_do(m, &m->queue[--m->n_queue]);
}

/* Bytes of the next message in m->in that were dealt with; 0: there is none. */
static inline size_t model_step(struct model *m)
{
	const uint8_t *p = m->in;
	if (!m->greeted) {
		if (m->n_in < 4)
			return 0;
		m->greeted = true;
		return 4;
	}
	if (!m->transmission) {
		if (m->n_in < 16 || m->n_in < 16 + nbd_get32(p + 12))
			return 0;
		CHECK(nbd_get64(p) == NBD_OPT_MAGIC);
		model_option(m, nbd_get32(p + 8));
		return 16 + nbd_get32(p + 12);
	}
	size_t size = m->extended ? NBD_EXTENDED_REQUEST_SIZE : NBD_REQUEST_SIZE;
	if (m->n_in < size)
		return 0;
	bool right = nbd_get32(p) == (m->extended ? NBD_EXTENDED_REQUEST_MAGIC : NBD_REQUEST_MAGIC);
	CHECK(right || m->misled);
	if (!right)
		return 0;
	struct model_request q = {.flags = nbd_get16(p + 4),
		.type = nbd_get16(p + 6),
		.cookie = nbd_get64(p + 8),
		.offset = nbd_get64(p + 16),
		.length = m->extended ? nbd_get64(p + 24) : nbd_get32(p + 24)};
	CHECK(!m->extended || !(q.flags & NBD_CMD_FLAG_PAYLOAD_LEN) == (q.type != NBD_CMD_WRITE));
	size_t payload = q.type == NBD_CMD_WRITE ? (size_t)q.length : 0;
	if (m->n_in < size + payload) {
		/* Half of a write may be done. */
		memcpy(m->disk + q.offset, p + size, m->n_in - size);
		return 0;
	}
	memcpy(q.data, p + size, payload);
	model_enqueue(m, &q);
	return size + payload;
}

static inline void model_input(struct model *m, const void *p, size_t n)
{
	CHECK(m->n_in + n <= sizeof(m->in));
	memcpy(m->in + m->n_in, p, n);
	m->n_in += n;
	for (size_t used; (used = model_step(m)) > 0;) {
		m->n_in -= used;
		memmove(m->in, m->in + used, m->n_in);
	}
}

/* Moves bytes both ways until nothing moves or `budget` of them were moved; -EPROTO: the client's
 * word. */
static inline int model_pump(struct model *m, struct nbd_client *c, size_t *budget)
{
	for (bool moved = true; moved && *budget > 0;) {
		moved = false;
		struct iovec iov[8];
		size_t pieces = nbd_client_output(c, iov, ARRAY_SIZE(iov)), sent = 0;
		for (size_t i = 0; i<pieces && * budget> 0; i++) {
			size_t n = MIN(iov[i].iov_len, *budget);
			model_input(m, iov[i].iov_base, n);
			*budget -= n;
			sent += n;
		}
		nbd_client_output_done(c, sent);
		model_run(m);
		pieces = nbd_client_input_vec(c, iov, 2);
		size_t got = 0;
		for (size_t i = 0; i<pieces && * budget> 0; i++) {
			size_t n = MIN(MIN(iov[i].iov_len, *budget), m->n_out - got);
			memcpy(iov[i].iov_base, m->out + got, n);
			*budget -= n;
			got += n;
		}
		m->n_out -= got;
		memmove(m->out, m->out + got, m->n_out);
		int r = nbd_client_input(c, got);
		if (r < 0)
			return r;
		moved = sent + got > 0;
	}
	return 0;
}
