/* SPDX-License-Identifier: MIT */
/*
 * A server that says what it should not: each rule by itself, and the honest model's words with
 * every byte changed.  Whatever it was, the connection ends, nothing else does, and with an honest
 * server everything is done.
 */
#include "wire/nbd/nbd-client-fixture.h"

enum { LENGTH = 8 * MODEL_BLOCK };

static struct model m;
static struct nbd_client *c;
static struct nbd_op op;
static uint8_t data[MODEL_SIZE];
static int n_done, last_error;
static uint64_t cookie;

static void on_done(struct nbd_op *o, int error)
{
	n_done++;
	last_error = error;
}

static void on_extent(struct nbd_op *o, const struct nbd_extent_r *e)
{
	CHECK(e->length > 0 && e->offset >= o->offset &&
		e->offset + e->length <= o->offset + o->length);
}

static void on_got(struct nbd_op *o, uint64_t offset, const void *p, uint64_t n)
{
	CHECK(offset >= o->offset && offset + n <= o->offset + o->length);
}

static int pump(void)
{
	size_t budget = SIZE_MAX;
	return model_pump(&m, c, &budget);
}

/* A client that has sent one request, which the test answers itself. */
static void asked(enum dialect dialect, enum nbd_command type, uint16_t flags)
{
	struct nbd_client_config config = {.payload_max = 1 << 20};
	model_init(&m, dialect);
	CHECK_INT(nbd_client_new(&config, &c), 0);
	CHECK_INT(nbd_client_start(c, NULL, 0), 0);
	CHECK_INT(pump(), 0);
	op = (struct nbd_op){.type = type,
		.flags = flags,
		.offset = LENGTH,
		.length = LENGTH,
		.data = data,
		.into = data,
		.extent = on_extent,
		.got = on_got,
		.done = on_done};
	n_done = 0;
	CHECK_INT(nbd_client_submit(c, &op), 0);
	struct iovec iov[4];
	size_t n = nbd_client_output(c, iov, 4), all = 0;
	cookie = nbd_get64((const uint8_t *)iov[0].iov_base + 8);
	for (size_t i = 0; i < n; i++)
		all += iov[i].iov_len;
	nbd_client_output_done(c, all);
	m.n_out = 0;
}

static int hear(void)
{
	for (size_t at = 0; at < m.n_out;) {
		struct iovec iov[2];
		size_t n = nbd_client_input_vec(c, iov, 2), got = 0;
		for (size_t i = 0; i < n && at < m.n_out; i++) {
			size_t part = MIN(iov[i].iov_len, m.n_out - at);
			memcpy(iov[i].iov_base, m.out + at, part);
			at += part;
			got += part;
		}
		int r = nbd_client_input(c, got);
		if (r < 0)
			return r;
	}
	m.n_out = 0;
	return 0;
}

/* What was said ends the connection, and with an honest server the operation is done. */
static void violation(int line, const char *why)
{
	if (hear() != -EPROTO)
		test_fail(__FILE__, line, "not seen");
	CHECK(!nbd_client_is_ready(c));
	if (!strstr(nbd_client_why(c), why))
		test_fail(__FILE__, line, "it says %s", nbd_client_why(c));
	CHECK_INT(n_done, 0);
	model_connect(&m, false);
	CHECK_INT(nbd_client_start(c, NULL, 0), 0);
	CHECK_INT(pump(), 0);
	CHECK_INT(n_done, 1);
	CHECK_INT(last_error, 0);
	nbd_client_free(c);
}
#define VIOLATION(why) violation(__LINE__, why)

static void fine(int error)
{
	CHECK_INT(hear(), 0);
	CHECK_INT(n_done, 1);
	CHECK_INT(last_error, error);
	nbd_client_free(c);
}

static void chunk(bool last, uint16_t type, const void *p, size_t n)
{
	struct model_request q = {.cookie = cookie, .offset = op.offset};
	model_chunk(&m, &q, last, type, p, n);
}

static void data_chunk(bool last, uint64_t offset, size_t n)
{
	uint8_t b[8 + 2 * LENGTH] = {0};
	nbd_put64(b, offset);
	chunk(last, NBD_REPLY_TYPE_OFFSET_DATA, b, 8 + n);
}

static void hole_chunk(bool last, uint64_t offset, uint32_t n)
{
	uint8_t b[12];
	nbd_put32(nbd_put64(b, offset), n);
	chunk(last, NBD_REPLY_TYPE_OFFSET_HOLE, b, sizeof(b));
}

static void simple(uint32_t magic, uint32_t error, uint64_t to)
{
	uint8_t b[16];
	nbd_put64(nbd_put32(nbd_put32(b, magic), error), to);
	model_emit(&m, b, sizeof(b));
}

static void error_chunk(bool last, uint16_t type, uint32_t error, uint16_t text, size_t n)
{
	uint8_t b[64] = {0};
	nbd_put16(nbd_put32(b, error), text);
	chunk(last, type, b, n);
}

TEST(simple_replies_are_for_what_was_asked)
{
	asked(DIALECT_SIMPLE, NBD_CMD_READ, 0);
	simple(0x12345678, 0, cookie);
	VIOLATION("no reply");
	asked(DIALECT_SIMPLE, NBD_CMD_READ, 0);
	simple(NBD_SIMPLE_REPLY_MAGIC, 0, cookie + 1);
	VIOLATION("not asked");
	asked(DIALECT_SIMPLE, NBD_CMD_READ, 0);
	simple(NBD_SIMPLE_REPLY_MAGIC, 0, cookie + (1 << 16)); /* the slot's next */
	VIOLATION("not asked");
	asked(DIALECT_SIMPLE, NBD_CMD_READ, 0);
	chunk(true, NBD_REPLY_TYPE_NONE, "", 0);
	VIOLATION("no reply");
	asked(DIALECT_SIMPLE, NBD_CMD_READ, 0);
	simple(NBD_SIMPLE_REPLY_MAGIC, NBD_EIO, cookie);
	fine(-EIO);
	asked(DIALECT_STATUS, NBD_CMD_READ, 0);
	simple(NBD_SIMPLE_REPLY_MAGIC, NBD_EIO, cookie);
	VIOLATION("wrong way");
	asked(DIALECT_STATUS, NBD_CMD_BLOCK_STATUS, 0);
	simple(NBD_SIMPLE_REPLY_MAGIC, 0, cookie);
	VIOLATION("wrong way");
	asked(DIALECT_EXTENDED, NBD_CMD_WRITE, 0);
	simple(NBD_SIMPLE_REPLY_MAGIC, 0, cookie);
	VIOLATION("no reply");
}

TEST(data_is_all_that_was_asked_for_and_nothing_else)
{
	for (enum dialect d = DIALECT_STRUCTURED; d <= DIALECT_EXTENDED; d++) {
		asked(d, NBD_CMD_READ, 0);
		data_chunk(false, LENGTH, LENGTH - 1);
		chunk(true, NBD_REPLY_TYPE_NONE, "", 0);
		VIOLATION("all that was asked");
		asked(d, NBD_CMD_READ, 0);
		data_chunk(true, LENGTH - 1, 10);
		VIOLATION("not asked");
		asked(d, NBD_CMD_READ, 0);
		data_chunk(true, LENGTH, LENGTH + 1);
		VIOLATION("not asked");
		asked(d, NBD_CMD_READ, 0);
		data_chunk(false, LENGTH + 10, 20);
		data_chunk(false, LENGTH + 29, 20);
		VIOLATION("not asked");
		asked(d, NBD_CMD_READ, 0);
		data_chunk(false, LENGTH, 20);
		hole_chunk(false, LENGTH + 19, 20);
		VIOLATION("not asked");
		asked(d, NBD_CMD_READ, 0);
		hole_chunk(false, UINT64_MAX, 20);
		VIOLATION("not asked");
		asked(d, NBD_CMD_READ, 0);
		hole_chunk(false, LENGTH, 0);
		VIOLATION("not asked");
		asked(d, NBD_CMD_WRITE, 0);
		data_chunk(true, LENGTH, 20);
		VIOLATION("may not be");
		asked(d, NBD_CMD_READ, 0);
		chunk(false, NBD_REPLY_TYPE_OFFSET_DATA, "12345678", 8);
		VIOLATION("may not be");
		/* in any order, without a gap */
		asked(d, NBD_CMD_READ, 0);
		for (unsigned i = 1; i <= 20; i++)
			data_chunk(false, LENGTH + 25 * ((i * 7) % 20), 25);
		hole_chunk(true, LENGTH + 500, LENGTH - 500);
		fine(0);
	}
}

TEST(an_answer_in_too_many_pieces_is_not_listened_to)
{
	asked(DIALECT_STATUS, NBD_CMD_READ, 0);
	for (unsigned i = 1; i < 200; i++)
		data_chunk(false, LENGTH + 2 * i, 1);
	VIOLATION("not asked");
}

TEST(chunks_have_the_form_that_they_must)
{
	for (enum dialect d = DIALECT_STRUCTURED; d <= DIALECT_EXTENDED; d++) {
		asked(d, NBD_CMD_WRITE, 0);
		chunk(false, NBD_REPLY_TYPE_NONE, "", 0);
		VIOLATION("may not be");
		asked(d, NBD_CMD_WRITE, 0);
		chunk(true, NBD_REPLY_TYPE_NONE, "x", 1);
		VIOLATION("may not be");
		asked(d, NBD_CMD_WRITE, 0);
		chunk(true, 77, "", 0);
		VIOLATION("may not be");
		asked(d, NBD_CMD_WRITE, 0);
		chunk(true, NBD_REPLY_TYPE_NONE, "", 0);
		chunk(true, NBD_REPLY_TYPE_NONE, "", 0); /* once more */
		CHECK_INT(hear(), -EPROTO);
		CHECK_INT(n_done, 1);
		nbd_client_free(c);
	}
	asked(DIALECT_EXTENDED, NBD_CMD_WRITE, 0);
	op.offset++; /* for another place */
	chunk(true, NBD_REPLY_TYPE_NONE, "", 0);
	op.offset--;
	VIOLATION("another place");
}

TEST(errors_make_sense)
{
	for (enum dialect d = DIALECT_STRUCTURED; d <= DIALECT_EXTENDED; d++) {
		asked(d, NBD_CMD_READ, 0);
		error_chunk(true, NBD_REPLY_TYPE_ERROR, 0, 0, 6);
		VIOLATION("no sense");
		asked(d, NBD_CMD_READ, 0);
		error_chunk(true, NBD_REPLY_TYPE_ERROR, NBD_EIO, 11, 16);
		VIOLATION("no sense");
		asked(d, NBD_CMD_READ, 0);
		error_chunk(true, NBD_REPLY_TYPE_ERROR_OFFSET, NBD_EIO, 3, 16);
		VIOLATION("no sense");
		asked(d, NBD_CMD_READ, 0);
		error_chunk(true, NBD_REPLY_TYPE_ERROR, NBD_EIO, 0, 5);
		VIOLATION("may not be");
		asked(d, NBD_CMD_READ, 0);
		data_chunk(false, LENGTH, 100);
		error_chunk(false, NBD_REPLY_TYPE_ERROR_OFFSET, NBD_ENOMEM, 2, 16);
		error_chunk(true, NBD_REPLY_TYPE_ERROR, NBD_EIO, 10, 16);
		fine(-ENOMEM);
		asked(d, NBD_CMD_WRITE, 0);
		error_chunk(true, NBD_REPLY_TYPE_ERROR_BIT | 99, NBD_ENOSPC, 0, 20); /* unknown */
		fine(-ENOSPC);
	}
}

static void status_chunk(uint32_t context, uint32_t count, const uint64_t *lengths, size_t n)
{
	uint8_t b[256], *p = nbd_put32(b, context);
	if (m.extended)
		p = nbd_put32(p, count);
	for (size_t i = 0; i < n; i++)
		p = m.extended ? nbd_put64(nbd_put64(p, lengths[i]), 1)
			       : nbd_put32(nbd_put32(p, (uint32_t)lengths[i]), 1);
	chunk(false, m.extended ? NBD_REPLY_TYPE_BLOCK_STATUS_EXT : NBD_REPLY_TYPE_BLOCK_STATUS, b,
		(size_t)(p - b));
}

TEST(extents_lead_somewhere)
{
	const uint64_t some[] = {64, LENGTH}, none[] = {0}, beyond[] = {LENGTH, 64};
	for (enum dialect d = DIALECT_STATUS; d <= DIALECT_EXTENDED; d++) {
		asked(d, NBD_CMD_BLOCK_STATUS, 0);
		status_chunk(MODEL_CONTEXT + 1, 2, some, 2);
		VIOLATION("other blocks");
		asked(d, NBD_CMD_BLOCK_STATUS, 0);
		status_chunk(MODEL_CONTEXT, 1, none, 1);
		VIOLATION("no sense");
		asked(d, NBD_CMD_BLOCK_STATUS, 0);
		status_chunk(MODEL_CONTEXT, 2, beyond, 2);
		VIOLATION("no sense");
		asked(d, NBD_CMD_BLOCK_STATUS, 0);
		status_chunk(MODEL_CONTEXT, 0, NULL, 0);
		VIOLATION("may not be");
		asked(d, NBD_CMD_BLOCK_STATUS, 0);
		status_chunk(MODEL_CONTEXT, 2, some, 2);
		status_chunk(MODEL_CONTEXT, 2, some, 2);
		VIOLATION("may not be");
		asked(d, NBD_CMD_BLOCK_STATUS, 0);
		chunk(true, NBD_REPLY_TYPE_NONE, "", 0);
		VIOLATION("nothing of the blocks");
		asked(d, NBD_CMD_BLOCK_STATUS, 0);
		status_chunk(MODEL_CONTEXT, 2, some, 2);
		chunk(true, NBD_REPLY_TYPE_NONE, "", 0);
		fine(0);
	}
	asked(DIALECT_EXTENDED, NBD_CMD_BLOCK_STATUS, 0);
	status_chunk(MODEL_CONTEXT, 3, some, 2);
	VIOLATION("other blocks");
	asked(DIALECT_STRUCTURED, NBD_CMD_READ, 0);
	status_chunk(MODEL_CONTEXT, 2, some, 2);
	VIOLATION("may not be");
}

/* ---- every byte of an honest conversation changed ---------------------------------------------
 */

static struct nbd_op ops[8];
static uint8_t buffers[8][LENGTH];

/* The conversation, in which byte number `at` of the server's is another one; returns how many
 * there were. The server may do something else then, but each operation is done once. */
static size_t converse(enum dialect dialect, size_t at, uint8_t change)
{
	static const enum nbd_command types[] = {NBD_CMD_READ, NBD_CMD_WRITE, NBD_CMD_FLUSH,
		NBD_CMD_WRITE_ZEROES, NBD_CMD_TRIM, NBD_CMD_CACHE, NBD_CMD_BLOCK_STATUS,
		NBD_CMD_READ};
	struct nbd_client_config config = {.payload_max = LENGTH};
	size_t heard = 0;
	n_done = 0;
	model_init(&m, dialect);
	m.misled = true;
	memset(m.disk, 0x33, MODEL_SIZE / 3);
	CHECK_INT(nbd_client_new(&config, &c), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		uint64_t length = types[i] == NBD_CMD_FLUSH ? 0 : LENGTH;
		ops[i] = (struct nbd_op){.type = types[i],
			.length = length,
			.data = buffers[i],
			.into = i ? buffers[i] : NULL,
			.got = on_got,
			.extent = on_extent,
			.done = on_done};
		CHECK_INT(nbd_client_submit(c, &ops[i]), 0);
	}
	CHECK_INT(nbd_client_start(c, NULL, 0), 0);
	for (int quiet = 0; quiet < 2; quiet++) {
		struct iovec iov[8];
		size_t n = nbd_client_output(c, iov, 8), sent = 0;
		for (size_t i = 0; i < n; i++) {
			model_input(&m, iov[i].iov_base, iov[i].iov_len);
			sent += iov[i].iov_len;
		}
		nbd_client_output_done(c, sent);
		model_run(&m);
		if (at >= heard && at < heard + m.n_out)
			m.out[at - heard] ^= change;
		heard += m.n_out;
		if (sent || m.n_out)
			quiet = -1;
		if (hear() < 0)
			break;
	}
	/* It may wait for what was promised. */
	nbd_client_lost(c);
	m.misled = false;
	model_connect(&m, false);
	CHECK_INT(nbd_client_start(c, NULL, 0), 0);
	int r = pump();
	CHECK(r == 0 || r == -EPROTO); /* refused: it was taken for a larger one before */
	nbd_client_free(c);
	CHECK_INT(n_done, ARRAY_SIZE(types));
	return heard;
}

TEST(no_changed_byte_does_harm)
{
	for (enum dialect d = 0; d < N_DIALECTS; d++) {
		size_t all = converse(d, SIZE_MAX, 0);
		CHECK(all > 500 && all < 10000);
		for (size_t at = 0; at < all; at++) {
			converse(d, at, 1);
			converse(d, at, 0x80);
			converse(d, at, 0xff);
		}
	}
}
