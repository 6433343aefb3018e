/* SPDX-License-Identifier: MIT */
/*
 * A client that says anything: flags[1] (of the export and the pieces), then what comes over the
 * connection.  Said in pieces it must come to the same as at once; what is answered must be
 * well-formed; a request that is let through must lie within the export and be allowed there; every
 * reply that there is must fit where the header says that it fits.
 */
#include "wire/nbd/nbd-bytes.h"
#include "wire/nbd/nbd-server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	READ_ONLY = 1 << 0,
	COARSE = 1 << 1, /* unusual block sizes */
	FINE = 1 << 2,
	BARE = 1 << 3, /* no flags at all */
	STEP = 4, /* the upper four bits: how long the pieces are */
	SIZE = 1 << 20,
	OUT_MAX = 256 << 10,
};

struct run {
	struct nbd_server *s;
	size_t used;
	uint8_t *out;
	size_t n;
};

static void take_output(struct run *r)
{
	const void *p;
	size_t n;
	nbd_server_output(r->s, &p, &n);
	assert(r->n + n <= OUT_MAX);
	nbd_put(r->out + r->n, p, n);
	r->n += n;
	nbd_server_output_done(r->s, n);
}

static void negotiate(struct run *r, uint8_t choice, const uint8_t *p, size_t n, size_t step)
{
	uint16_t all = NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA | NBD_FLAG_SEND_TRIM |
		       NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_DF | NBD_FLAG_SEND_CACHE |
		       NBD_FLAG_SEND_FAST_ZERO | NBD_FLAG_BLOCK_STATUS_PAYLOAD;
	struct nbd_server_config c = {
		.size = SIZE,
		.flags = (choice & BARE ? 0 : all) | (choice & READ_ONLY ? NBD_FLAG_READ_ONLY : 0),
		.block_min = choice & COARSE ? 4096
			     : choice & FINE ? 1
					     : 0,
		.payload_max = choice & COARSE ? 64 << 10 : 0,
		.name = "disk",
		.description = "of the fuzzer",
	};
	int err = nbd_server_new(&c, &r->s);
	assert(!err);
	r->out = malloc(OUT_MAX);
	take_output(r);
	while (r->used < n && nbd_server_state(r->s) == NBD_SERVER_NEGOTIATING) {
		size_t part = MIN(n - r->used, step);
		size_t used = nbd_server_negotiate(r->s, p + r->used, part);
		assert(used && used <= part);
		r->used += used;
		take_output(r);
	}
}

static void check_answers(const struct run *r)
{
	struct nbd_reader in = {.p = r->out, .left = r->n};
	nbd_take(&in, 18);
	while (in.left >= 8 && nbd_get64(in.p) == NBD_OPT_REPLY_MAGIC) {
		nbd_take(&in, 12);
		uint32_t type = nbd_take32(&in);
		assert((type & ~(UINT32_C(1) << 31)) <= 10);
		nbd_take(&in, nbd_take32(&in));
	}
	assert(!in.bad);
	bool started = nbd_server_state(r->s) == NBD_SERVER_TRANSMISSION;
	assert(!in.left || (started && (in.left == 10 || in.left == 134)));
}

/* A reply that needs that many bytes at most is in a block of that size. */
static void reply(const struct nbd_server *s, const struct nbd_request *q)
{
	static const char text[] =
		"a text that is longer than what is sent along with an error, so "
		"that it has to be cut somewhere, and there is some more of it "
		"here as well as there";
	if (q->type == NBD_CMD_DISC)
		return;
	uint8_t *out = malloc(NBD_SERVER_HEADER_MAX + NBD_SERVER_ERROR_TEXT_MAX);
	size_t n = nbd_server_reply(s, q, q->error ? q->error : NBD_EIO, text, out);
	assert(n <= NBD_SERVER_HEADER_MAX + NBD_SERVER_ERROR_TEXT_MAX);
	free(out);
	out = malloc(NBD_SERVER_HEADER_MAX);
	if (!q->error && q->type == NBD_CMD_READ)
		assert(nbd_server_data(s, q, q->offset, q->length, true, out) <=
			NBD_SERVER_HEADER_MAX);
	if (!q->error && q->type == NBD_CMD_READ && nbd_server_is_structured(s)) {
		nbd_server_error_at(s, q, NBD_EIO, q->offset, out);
		if (!(q->flags & NBD_CMD_FLAG_DF))
			nbd_server_hole(s, q, q->offset, q->length, false, out);
	}
	free(out);
}

static void status(const struct nbd_server *s, struct nbd_request *q, const uint8_t *payload)
{
	if (q->payload && !nbd_server_status_payload(s, q, payload))
		return;
	assert(q->length && q->length <= SIZE - q->offset);
	struct nbd_extent e[] = {{q->cookie >> 40, 0}, {q->cookie & UINT32_MAX, 3}, {512, 1}};
	uint8_t *out = malloc(NBD_SERVER_HEADER_MAX + 16 * ARRAY_SIZE(e));
	size_t n = nbd_server_status(s, q, e, ARRAY_SIZE(e), out);
	assert(n <= NBD_SERVER_HEADER_MAX + 16 * ARRAY_SIZE(e));
	free(out);
}

static void check_request(const struct nbd_server *s, const struct nbd_request *q, uint8_t choice)
{
	bool writes = q->type == NBD_CMD_WRITE || q->type == NBD_CMD_TRIM ||
		      q->type == NBD_CMD_WRITE_ZEROES;
	assert(q->payload <= NBD_PAYLOAD_MAX && !(q->flags & NBD_CMD_FLAG_PAYLOAD_LEN));
	if (q->error)
		return;
	assert(q->type <= NBD_CMD_BLOCK_STATUS);
	assert(!writes || !(choice & READ_ONLY));
	if (q->type == NBD_CMD_DISC || q->type == NBD_CMD_FLUSH)
		return;
	if (q->type == NBD_CMD_BLOCK_STATUS) {
		assert(nbd_server_has_status(s) && q->payload <= NBD_SERVER_STATUS_PAYLOAD_MAX);
		if (q->payload)
			return;
	}
	assert(q->length && q->offset < SIZE && q->length <= SIZE - q->offset);
	assert(q->payload == (q->type == NBD_CMD_WRITE ? q->length : 0));
}

static void transmit(const struct nbd_server *s, uint8_t choice, const uint8_t *p, size_t n)
{
	struct nbd_request q;
	for (int used; (used = nbd_server_request(s, p, n, &q)) > 0;) {
		p += used;
		n -= (size_t)used;
		check_request(s, &q, choice);
		reply(s, &q);
		if (q.payload > n || q.type == NBD_CMD_DISC)
			return;
		uint64_t payload = q.payload;
		if (q.type == NBD_CMD_BLOCK_STATUS && !q.error)
			status(s, &q, p);
		p += payload;
		n -= payload;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	uint8_t choice = data[0];
	struct run whole = {0}, pieces = {0};
	negotiate(&whole, choice, data + 1, size - 1, SIZE_MAX);
	negotiate(&pieces, choice, data + 1, size - 1, 1 + (choice >> STEP));
	check_answers(&whole);
	assert(nbd_server_state(whole.s) == nbd_server_state(pieces.s));
	assert(whole.used == pieces.used && whole.n == pieces.n);
	assert(!memcmp(whole.out, pieces.out, whole.n));
	if (nbd_server_state(whole.s) == NBD_SERVER_TRANSMISSION)
		transmit(whole.s, choice, data + 1 + whole.used, size - 1 - whole.used);
	nbd_server_free(whole.s);
	nbd_server_free(pieces.s);
	free(whole.out);
	free(pieces.out);
	return 0;
}
