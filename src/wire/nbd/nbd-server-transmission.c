/* SPDX-License-Identifier: MIT */
/*
 * Requests in, replies out; nothing here has a memory.  A request is judged by a row in a table
 * (which flag of the export allows it, which flags of its own it may have, whether it writes and
 * whether it has a range) and then by its range.  Every reply is a header of one of three formats,
 * which begin() knows about, and a payload, which nobody else has to tell apart.
 */
#include "wire/nbd/nbd-server-impl.h"

/* --- requests --- */

enum {
	WRITES = 1 << 0, /* not on a read-only export */
	RANGE = 1 << 1, /* offset and length say where; else both are 0 */
	DATA_OUT = 1 << 2, /* the range's content is sent back */
	DATA_IN = 1 << 3, /* ... has come along */
};

static const struct rule {
	uint16_t needs; /* a flag of the export, or 0 */
	uint16_t flags; /* of requests, which are fine here besides FUA */
	unsigned is;
} rules[] = {
	[NBD_CMD_READ] = {0, NBD_CMD_FLAG_DF, RANGE | DATA_OUT},
	[NBD_CMD_WRITE] = {0, NBD_CMD_FLAG_PAYLOAD_LEN, WRITES | RANGE | DATA_IN},
	[NBD_CMD_DISC] = {0, 0, 0},
	[NBD_CMD_FLUSH] = {NBD_FLAG_SEND_FLUSH, 0, 0},
	[NBD_CMD_TRIM] = {NBD_FLAG_SEND_TRIM, 0, WRITES | RANGE},
	[NBD_CMD_CACHE] = {NBD_FLAG_SEND_CACHE, 0, RANGE},
	[NBD_CMD_WRITE_ZEROES] = {NBD_FLAG_SEND_WRITE_ZEROES,
		NBD_CMD_FLAG_NO_HOLE | NBD_CMD_FLAG_FAST_ZERO, WRITES | RANGE},
	[NBD_CMD_BLOCK_STATUS] = {0, NBD_CMD_FLAG_REQ_ONE | NBD_CMD_FLAG_PAYLOAD_LEN, RANGE},
};

/* The flags that q may have, given what was agreed on. */
static uint16_t flags_allowed(const struct nbd_server *s, const struct rule *rule)
{
	uint16_t flags = rule->flags;
	if (s->flags & NBD_FLAG_SEND_FUA)
		flags |= NBD_CMD_FLAG_FUA; /* with every command, says the protocol */
	if (!(s->flags & NBD_FLAG_SEND_DF))
		flags &= (uint16_t)~NBD_CMD_FLAG_DF;
	if (!(s->flags & NBD_FLAG_SEND_FAST_ZERO))
		flags &= (uint16_t)~NBD_CMD_FLAG_FAST_ZERO;
	if (!s->extended)
		flags &= (uint16_t)~NBD_CMD_FLAG_PAYLOAD_LEN;
	return flags;
}

static uint32_t check_range(
	const struct nbd_server *s, const struct rule *rule, const struct nbd_request *q)
{
	if (!(rule->is & RANGE))
		return q->offset || q->length ? NBD_EINVAL : 0;
	if (!q->length || (q->offset | q->length) & (s->block_min - 1))
		return NBD_EINVAL;
	if (q->offset > s->size || q->length > s->size - q->offset)
		return q->type == NBD_CMD_WRITE || q->type == NBD_CMD_WRITE_ZEROES ? NBD_ENOSPC
										   : NBD_EINVAL;
	if (rule->is & DATA_OUT && q->length > s->payload_max)
		return NBD_EOVERFLOW;
	if (rule->is & DATA_IN && q->length > s->payload_max)
		return NBD_EINVAL;
	return 0;
}

/* The range of a BLOCK_STATUS with payload is in that payload. */
static uint32_t check_status(const struct nbd_server *s, const struct nbd_request *q)
{
	if (!s->status)
		return NBD_EINVAL;
	if (!q->payload)
		return check_range(s, &rules[NBD_CMD_BLOCK_STATUS], q);
	if (!(s->flags & NBD_FLAG_BLOCK_STATUS_PAYLOAD) ||
		q->payload > NBD_SERVER_STATUS_PAYLOAD_MAX || q->payload < 8 || q->payload % 4)
		return NBD_EINVAL;
	return 0;
}

/* What is wrong with q; q->flags are those of the wire. */
static uint32_t check(const struct nbd_server *s, const struct nbd_request *q)
{
	if (q->type >= ARRAY_SIZE(rules))
		return NBD_EINVAL;
	const struct rule *rule = &rules[q->type];
	if (q->type == NBD_CMD_DISC)
		return 0; /* it has no answer, so nothing can be wrong with it */
	if (rule->is & WRITES && s->flags & NBD_FLAG_READ_ONLY)
		return NBD_EPERM;
	if (rule->needs && !(s->flags & rule->needs))
		return NBD_EINVAL;
	if (q->flags & ~flags_allowed(s, rule))
		return NBD_EINVAL;
	return q->type == NBD_CMD_BLOCK_STATUS ? check_status(s, q) : check_range(s, rule, q);
}

/* How many bytes follow the header; false: that cannot be told, or is more than anybody reads. */
static bool take_payload(const struct nbd_server *s, struct nbd_request *q)
{
	if (s->extended) {
		bool payload = q->flags & NBD_CMD_FLAG_PAYLOAD_LEN;
		/* Is there data behind it, or not? Guessing wrong, we would do what a disk's
		   content says. */
		if (q->type == NBD_CMD_WRITE && !payload)
			return false;
		q->payload = payload ? q->length : 0;
	} else {
		q->payload = q->type == NBD_CMD_WRITE ? q->length : 0;
	}
	return q->payload <= NBD_PAYLOAD_MAX;
}

int nbd_server_request(
	const struct nbd_server *s, const void *bytes, size_t n, struct nbd_request *ret)
{
	const uint8_t *p = bytes;
	size_t size = s->extended ? NBD_EXTENDED_REQUEST_SIZE : NBD_REQUEST_SIZE;
	uint32_t magic = s->extended ? NBD_EXTENDED_REQUEST_MAGIC : NBD_REQUEST_MAGIC;
	/* A wrong magic is told before the rest has come: it may never. */
	if (n >= 4 && nbd_get32(p) != magic)
		return -EPROTO;
	if (n < size)
		return 0;
	struct nbd_request q = {
		.flags = nbd_get16(p + 4),
		.type = nbd_get16(p + 6),
		.cookie = nbd_get64(p + 8),
		.offset = nbd_get64(p + 16),
		.length = s->extended ? nbd_get64(p + 24) : nbd_get32(p + 24),
		.contexts = 1,
	};
	if (!take_payload(s, &q))
		return -EPROTO;
	q.error = check(s, &q);
	if (q.type >= ARRAY_SIZE(rules))
		q.flags = 0;
	else
		q.flags &= flags_allowed(s, &rules[q.type]) & (uint16_t)~NBD_CMD_FLAG_PAYLOAD_LEN;
	if (q.type < ARRAY_SIZE(rules) && !(rules[q.type].is & WRITES))
		q.flags &= (uint16_t)~NBD_CMD_FLAG_FUA;
	*ret = q;
	return (int)size;
}

bool nbd_server_status_payload(const struct nbd_server *s, struct nbd_request *q, const void *p)
{
	if (q->error || q->type != NBD_CMD_BLOCK_STATUS || q->payload < 8)
		return false;
	struct nbd_reader r = {.p = p, .left = q->payload};
	struct nbd_request inner = *q;
	inner.length = nbd_take64(&r);
	inner.contexts = (uint16_t)(r.left / 4);
	/* There is only one context: there cannot be two without one being unknown or twice. */
	bool fine = inner.contexts <= 1 && r.left % 4 == 0 &&
		    (!inner.contexts || nbd_take32(&r) == NBD_CONTEXT_ALLOCATION) &&
		    !check_range(s, &rules[NBD_CMD_BLOCK_STATUS], &inner);
	if (fine)
		*q = inner;
	return fine;
}

/* --- replies --- */

/* The header of a reply. type, len: of the chunk and its payload; error: of the simple reply. */
static uint8_t *begin(const struct nbd_server *s, const struct nbd_request *q, uint16_t type,
	uint64_t len, bool done, uint32_t error, uint8_t *p)
{
	assert(q->type != NBD_CMD_DISC);
	if (!s->structured) {
		assert(done);
		p = nbd_put32(p, NBD_SIMPLE_REPLY_MAGIC);
		p = nbd_put32(p, error);
		return nbd_put64(p, q->cookie);
	}
	p = nbd_put32(p, s->extended ? NBD_EXTENDED_REPLY_MAGIC : NBD_STRUCTURED_REPLY_MAGIC);
	p = nbd_put16(p, done ? NBD_REPLY_FLAG_DONE : 0);
	p = nbd_put16(p, type);
	p = nbd_put64(p, q->cookie);
	if (!s->extended) {
		assert(len <= UINT32_MAX);
		return nbd_put32(p, (uint32_t)len);
	}
	p = nbd_put64(p, q->offset);
	return nbd_put64(p, len);
}

/* How much of a text is sent: no more than fits, and no piece of a UTF-8 sequence. */
static size_t text_length(const char *text)
{
	size_t len = text ? strlen(text) : 0;
	if (len <= NBD_SERVER_ERROR_TEXT_MAX)
		return len;
	for (len = NBD_SERVER_ERROR_TEXT_MAX; len && (text[len] & 0xc0) == 0x80;)
		len--;
	return len;
}

size_t nbd_server_reply(const struct nbd_server *s, const struct nbd_request *q, uint32_t error,
	const char *text, void *out)
{
	if (!s->structured || !error) {
		assert(s->structured || error || q->type != NBD_CMD_READ);
		uint8_t *end = begin(s, q, NBD_REPLY_TYPE_NONE, 0, true, error, out);
		return (size_t)(end - (uint8_t *)out);
	}
	size_t len = text_length(text);
	uint8_t *p = begin(s, q, NBD_REPLY_TYPE_ERROR, 6 + len, true, error, out);
	p = nbd_put32(p, error);
	p = nbd_put16(p, (uint16_t)len);
	p = nbd_put(p, text, len);
	return (size_t)(p - (uint8_t *)out);
}

size_t nbd_server_error_at(const struct nbd_server *s, const struct nbd_request *q, uint32_t error,
	uint64_t offset, void *out)
{
	assert(s->structured && error);
	uint8_t *p = begin(s, q, NBD_REPLY_TYPE_ERROR_OFFSET, 14, true, error, out);
	p = nbd_put32(p, error);
	p = nbd_put16(p, 0);
	p = nbd_put64(p, offset);
	return (size_t)(p - (uint8_t *)out);
}

size_t nbd_server_data(const struct nbd_server *s, const struct nbd_request *q, uint64_t offset,
	uint64_t length, bool done, void *out)
{
	assert(s->structured || (offset == q->offset && length == q->length && done));
	assert(length && offset >= q->offset && offset - q->offset <= q->length &&
		length <= q->length - (offset - q->offset));
	assert(!(q->flags & NBD_CMD_FLAG_DF) || length == q->length);
	uint8_t *p = begin(s, q, NBD_REPLY_TYPE_OFFSET_DATA, 8 + length, done, 0, out);
	if (s->structured)
		p = nbd_put64(p, offset);
	return (size_t)(p - (uint8_t *)out);
}

size_t nbd_server_hole(const struct nbd_server *s, const struct nbd_request *q, uint64_t offset,
	uint64_t length, bool done, void *out)
{
	assert(s->structured && !(q->flags & NBD_CMD_FLAG_DF));
	assert(length && length <= UINT32_MAX && offset >= q->offset &&
		offset - q->offset <= q->length && length <= q->length - (offset - q->offset));
	uint8_t *p = begin(s, q, NBD_REPLY_TYPE_OFFSET_HOLE, 12, done, 0, out);
	p = nbd_put64(p, offset);
	p = nbd_put32(p, (uint32_t)length);
	return (size_t)(p - (uint8_t *)out);
}

/* --- block status --- */

/* Cuts the first extents of e down to what may be sent, into ret, and returns how many: no two of
 * the same state in a row, none that begins behind the request, the last no longer than the
 * header's field (then nothing can follow it) and, with REQ_ONE, than the request. */
static size_t cut_extents(const struct nbd_server *s, const struct nbd_request *q,
	const struct nbd_extent *e, size_t n, struct nbd_extent *ret)
{
	/* The largest that has 32 bits and is a multiple of any block size. */
	uint64_t max = s->extended ? UINT64_MAX : UINT64_C(1) << 32;
	max -= 1 << 16;
	bool one = q->flags & NBD_CMD_FLAG_REQ_ONE;
	if (one)
		max = MIN(max, q->length);
	size_t out = 0;
	for (uint64_t at = 0; n && at < q->length; e++, n--) {
		if (!e->length)
			continue;
		bool more = out && ret[out - 1].state == e->state;
		if (!more && out && (one || ret[out - 1].length == max))
			break;
		if (!more)
			ret[out++] = (struct nbd_extent){.state = e->state};
		uint64_t part = MIN(e->length, max - ret[out - 1].length);
		ret[out - 1].length += part;
		at += part;
		if (part < e->length)
			break;
	}
	/* Zero is always a safe thing to say. */
	if (!out)
		ret[out++] = (struct nbd_extent){.length = MIN(q->length, max)};
	return out;
}

size_t nbd_server_status(const struct nbd_server *s, const struct nbd_request *q,
	const struct nbd_extent *extents, size_t n, void *out)
{
	assert(s->status && q->type == NBD_CMD_BLOCK_STATUS && n <= NBD_SERVER_EXTENTS_MAX);
	if (!q->contexts)
		return nbd_server_reply(s, q, 0, NULL, out);
	struct nbd_extent cut[NBD_SERVER_EXTENTS_MAX];
	n = cut_extents(s, q, extents, n, cut);
	uint16_t type = s->extended ? NBD_REPLY_TYPE_BLOCK_STATUS_EXT : NBD_REPLY_TYPE_BLOCK_STATUS;
	uint8_t *p = begin(s, q, type, s->extended ? 8 + 16 * n : 4 + 8 * n, true, 0, out);
	p = nbd_put32(p, NBD_CONTEXT_ALLOCATION);
	if (s->extended)
		p = nbd_put32(p, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		if (s->extended)
			p = nbd_put64(nbd_put64(p, cut[i].length), cut[i].state);
		else
			p = nbd_put32(nbd_put32(p, (uint32_t)cut[i].length), cut[i].state);
	}
	return (size_t)(p - (uint8_t *)out);
}
